"""The numbers of the abstention eval on cases small enough to count by hand, and the whole of it on a tiny
workspace."""

from pathlib import Path

import pytest

from evals.abstention import (
    Shown,
    area_under,
    calibration_error,
    decided_right,
    main,
    reliability,
    risk_at,
    risks,
)

RIGHT_TO_WRONG = [
    Shown(0.9, right=True, has_answer=True),
    Shown(0.8, right=True, has_answer=True),
    Shown(0.4, right=False, has_answer=True),
    Shown(0.1, right=False, has_answer=False),
]


def test_risk_grows_as_less_certain_questions_are_answered() -> None:
    curve = risks(list(reversed(RIGHT_TO_WRONG)))
    assert curve.tolist() == pytest.approx([0, 0, 1 / 3, 1 / 2])
    assert area_under(curve) == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)
    assert [risk_at(curve, coverage) for coverage in (1.0, 0.5, 0.0)] == pytest.approx([0.5, 0, 0])


def test_always_as_certain_is_as_wrong_at_any_coverage() -> None:
    certain = [Shown(1.0, right=item.right, has_answer=item.has_answer) for item in RIGHT_TO_WRONG]
    assert risks(certain).tolist() == pytest.approx([0.5] * 4)


@pytest.mark.parametrize(("threshold", "share"), [(0.0, 0.5), (0.3, 0.75), (0.5, 0.75), (0.85, 0.5)])
def test_a_decision_is_right_if_it_answers_rightly_or_there_was_no_answer(
    threshold: float, share: float
) -> None:
    assert decided_right(RIGHT_TO_WRONG, threshold) == share


def test_calibration_is_how_far_what_was_said_is_from_what_was() -> None:
    shown = [Shown(0.75, right=number < 3, has_answer=True) for number in range(4)]
    assert reliability(shown) == [(4, 0.75, 0.75)]
    assert calibration_error(shown) == 0
    assert calibration_error([Shown(1.0, right=False, has_answer=True)]) == 1.0


QUESTIONS = """\
questions:
  - question: How many days of annual leave do I have?
    ask_as: a@x.example
    expect: answered
    kind: everyday
    document: documents/leave.md
    must_include: ["27 days"]
  - question: What is the capital of Mongolia?
    ask_as: a@x.example
    expect: abstained
    kind: out_of_scope
"""


def test_it_runs_on_a_workspace_and_a_retrieval_set_and_draws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, faq, out = (tmp_path / name for name in ("shop", "faq", "out"))
    (shop / "documents").mkdir(parents=True)
    (shop / "workspace.yaml").write_text("name: Shop\n")
    (shop / "people.yaml").write_text(
        "groups: {everyone: All}\npeople: [{email: a@x.example, name: A, groups: [everyone]}]\n"
    )
    (shop / "questions.yaml").write_text(QUESTIONS)
    (shop / "documents" / "leave.md").write_text(
        "# Annual leave\n\nStaff have 27 days of annual leave a year.\n"
    )
    (faq / "qrels").mkdir(parents=True)
    (faq / "corpus.jsonl").write_text('{"_id": "d1", "title": "Zips", "text": "A new zip costs 24 EUR."}\n')
    (faq / "queries.jsonl").write_text('{"_id": "q1", "text": "What does a new zip cost?"}\n')
    (faq / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n")
    assert main([str(shop), "--retrieval", str(faq), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "Risk: shop (1 answerable, 1 removed, 1 out_of_scope, 1 far)" in said
    assert "Risk: faq (1 answerable, 1 removed, 2 far)" in said
    # The one answer there is comes first of four, so at 20 % coverage nothing is wrong.
    assert said.count("│ 20%      │ 0.000") == 2
    assert (out / "risk-coverage.png").read_bytes().startswith(b"\x89PNG")
    assert str(out / "risk-coverage.png") in said
