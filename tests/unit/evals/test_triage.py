"""How triage is measured: on rows it was not trained on, beside a baseline, and against strangers."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from evals.labelled_rows import read_intents, read_labelled
from evals.triage import Answers, Scope, answer, cross_validate, main, measure_scope, pooled
from evals.triage_report import draw_reliability, report, report_scope
from knowledge.classifier.labels import OUT_OF_SCOPE, Example
from ledger.errors import InvalidInput
from tests.unit.knowledge.test_classifier import embed, made_up

ROWS = made_up(12)
STRANGERS = [Example("zzz qqq xxx", OUT_OF_SCOPE), Example("jjj vvv", OUT_OF_SCOPE)]


def vectors(rows: list[Example]) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    return embed([row.text for row in rows])


def answers(ours: str, baseline: str) -> Answers:
    """Of four rows of `a` and `b`, said letter by letter."""
    return Answers(tuple("aabb"), tuple(ours), (0.9, 0.9, 0.6, 0.6), tuple(baseline))


def printed(*what: Answers) -> tuple[bool, str]:
    out = io.StringIO()
    passed = report(what, pooled(what), Console(width=110, file=out))
    return passed, out.getvalue()


def test_each_row_is_answered_once_in_each_repeat() -> None:
    found = cross_validate(ROWS, vectors(ROWS), folds=2, repeats=2)
    assert len(found) == 4
    for both in (found[:2], found[2:]):
        assert sorted(pooled(both).truth) == sorted(row.label for row in ROWS)
    assert np.mean([one.macro_f1()[0] for one in found]) > 0.9


def test_other_rows_are_answered_by_what_the_first_taught() -> None:
    test = [Example("the vpn tunnel", "network"), Example("holiday bonus", "pay")]
    found = answer(ROWS, vectors(ROWS), test, vectors(test))
    assert found.ours == found.baseline == ("network", "pay")
    assert found.macro_f1() == (1.0, 1.0)
    strange = [Example("cat", "pets")]
    with pytest.raises(InvalidInput, match="'pets' is in the test rows, but in no training row"):
        answer(ROWS, vectors(ROWS), strange, vectors(strange))


def test_being_worse_than_the_baseline_is_a_miss() -> None:
    good, bad = answers("aabb", "aaab"), answers("aaab", "aabb")
    assert printed(good)[0]
    passed, text = printed(bad)
    assert not passed
    assert "MISSED: ours is 0.2667 below the SVM" in text
    passed, text = printed(good, bad)
    assert passed
    assert "ours is at least as good in 1 of 2 folds" in text


def test_the_report_tells_how_sure_and_how_right() -> None:
    _, text = printed(answers("abbb", "aabb"))
    assert "Calibration error (ECE) 0.400" in text
    assert "said 0.90, was 0.50 of 2" in text
    assert "0.7: 50% decided, 0.500 of them right" in text


def test_strangers_are_held_against_known_requests() -> None:
    rows = [*ROWS, *STRANGERS]
    found = measure_scope(rows, vectors(rows), folds=2)
    assert (len(found.inside), len(found.outside)) == (len(ROWS), 2 * len(STRANGERS))
    assert found.auroc > 0.9
    out = io.StringIO()
    report_scope(found, Console(width=110, file=out))
    assert "of the strangers turned away" in out.getvalue()


def test_the_share_let_in_wrongly_is_at_the_bar_for_95_in_100() -> None:
    inside, outside = tuple(range(100, 200)), (50.0, 104.0, 105.0, 250.0)
    kept = (True,) * 80 + (False,) * 20
    scope = Scope(inside, outside, kept, (False,) * 4, (True,) * 50 + (False,) * 50)
    assert scope.fpr_at_95 == 0.5
    assert scope.decided_right == 0.5
    assert scope.auroc == pytest.approx((100 + 95.5 + 94.5) / 400, abs=0.01)


def test_the_curve_is_drawn(tmp_path: Path) -> None:
    draw_reliability(answers("abbb", "aabb").shown, tmp_path / "new" / "curve.png")
    assert (tmp_path / "new" / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_rows_are_read_from_either_column(tmp_path: Path) -> None:
    for name in ("label", "category"):
        (tmp_path / f"{name}.csv").write_text(f'id,text,{name}\n1,"a, b",pay\n')
        assert read_labelled(tmp_path / f"{name}.csv") == [Example("a, b", "pay")]
    lines = [{"text": "hi", "intent": "greet", "domain": "x"}, {"text": "zz", "intent": "oos"}]
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    assert read_intents(tmp_path / "rows.jsonl") == [Example("hi", "greet"), Example("zz", OUT_OF_SCOPE)]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("rows.csv", "text,kind\nx,y\n", "the columns 'text' and 'label' are needed"),
        ("rows.jsonl", "{}\n", "each line has to be JSON with 'text' and 'intent'"),
        ("rows.jsonl", '{"text": "a", "intent": "b"}\n', "no line has the intent 'oos'"),
    ],
)
def test_a_file_of_another_shape_is_told(tmp_path: Path, name: str, content: str, complaint: str) -> None:
    (tmp_path / name).write_text(content)
    read = read_intents if name.endswith("jsonl") else read_labelled
    with pytest.raises(InvalidInput, match=complaint):
        read(tmp_path / name)


def test_the_command_tells_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.csv")]) == 2
    assert "none.csv: it cannot be read (No such file or directory)." in capsys.readouterr().err


def test_too_few_rows_to_hold_any_out_are_told() -> None:
    with pytest.raises(InvalidInput, match="each category needs 10 rows; one has 3"):
        cross_validate(made_up(3), vectors(made_up(3)))
