"""What of a draft may leave: every rule of the last step, on its own and through the step itself."""

from datetime import timedelta
from typing import Any

import pytest

from crews.run_mask import RunMask
from crews.specs import Limits
from crews.step_context import Budget, StepContext
from crews.step_output import CrewStepOutput
from crews.verify_answer import check_claims, verify_answer
from knowledge.pii.presidio import open_pattern_detector
from ledger.evidence import FIGURES, Evidence, Finding, record_evidence
from ledger.result import FLOOR_MODEL, AbstainReason, Claim, ModelUse, RunResult
from ledger.spans import SpanRecorder
from ledger.steps import ClaimedStep, complete_step
from tests.unit.crews.world import LEAVE_QUESTION, Desk

PAGE = (
    "Full-time staff have 27 days of leave, requested by 9:30. The deposit is 1,250 EUR, of which 12.5 % is "
    "kept. See https://portal.shop.example/leave for more."
)


def evidence(label: str = "E1", text: str = PAGE, source: str = "", **details: Any) -> Evidence:
    details = {"title": "Leave", **details}
    finding = Finding("passage", source or f"documents/{label}.md", "opening", text, "2026-01-05", details)
    return Evidence(f"id-{label}", label, "step", finding)


def objection(text: str, *labels: str) -> str | None:
    """Why the claim is dropped, or None if it is kept."""
    known = {"E1": evidence(), "E2": evidence("E2", "Part-time staff have 14 days.")}
    kept, dropped = check_claims((Claim(text=text, evidence=labels),), known)
    assert len(kept) + len(dropped) == 1
    return dropped[0] if dropped else None


@pytest.mark.parametrize(
    "text",
    [
        "Full-time staff have 27 days of leave.",
        "Ask by 09:30.",
        "The deposit is 1250 EUR; 12.50 % is kept.",
        "It is on https://portal.shop.example/leave.",
        "This has stood since 2026-01-05.",
        "No number at all.",
    ],
)
def test_a_claim_its_evidence_carries_is_kept(text: str) -> None:
    assert objection(text, "E1") is None


@pytest.mark.parametrize(
    ("text", "labels", "reason"),
    [
        ("  \n", ["E1"], "an empty claim"),
        ("It is so.", [], "a claim without evidence"),
        ("It is so.", ["E9"], "cites E9, which this run never found"),
        ("It is so.", ["E1", "E9"], "cites E9, which this run never found"),
        ("You have 28 days.", ["E1"], "the number 28 days is not in its evidence"),
        ("Part-time staff have 14 days.", ["E1"], "the number 14 days is not in its evidence"),
        ("See https://evil.example/leave.", ["E1"], "a link that is not in its evidence"),
        ("See www.evil.example now.", ["E1"], "a link that is not in its evidence"),
        ("See https://portal.shop.ex for it.", ["E1"], "a link that is not in its evidence"),
        ("See HTTPS://EVIL.EXAMPLE.", ["E1"], "a link that is not in its evidence"),
        ("See https://portal.shop.example/leave/extra.", ["E1"], "a link that is not in its evidence"),
    ],
)
def test_a_claim_is_dropped_with_its_reason(text: str, labels: list[str], reason: str) -> None:
    assert objection(text, *labels) == reason


def test_a_claim_may_lean_on_several_pieces_together() -> None:
    assert objection("27 days full-time, 14 part-time.", "E1", "E2") is None


@pytest.fixture
def verify(desk: Desk) -> "Verification":
    return Verification(desk)


class Verification:
    """A run whose `answer` step said what the test wants, at its last step."""

    def __init__(self, desk: Desk, *router_fallbacks: str) -> None:
        self.desk = desk
        self.run_id = desk.submit(LEAVE_QUESTION)
        route = CrewStepOutput(
            crew="router",
            title="Router",
            output={"specialists": ["help_desk"], "reason": "It is about leave."},
            model=ModelUse(name="main", fallbacks=router_fallbacks),
            evidence=(),
        )
        complete_step(desk.db, desk.claim(self.run_id), route.model_dump(mode="json"))
        self.answer_step = desk.claim(self.run_id)

    def find(self, *texts: str, **details: Any) -> list[str]:
        findings = [evidence(text=text, **details).finding for text in texts]
        return [item.label for item in record_evidence(self.desk.db, self.answer_step, findings)]

    def __call__(self, *claims: tuple[str, list[str]], **output: Any) -> RunResult:
        draft: dict[str, Any] = {"claims": [{"text": text, "evidence": labels} for text, labels in claims]}
        draft |= {"missing": output.pop("missing", None), "reason": output.pop("reason", None)}
        values = {
            "crew": "help_desk",
            "title": "Help desk",
            "output": draft,
            "model": ModelUse(name="main"),
            "evidence": (),
            **output,
        }
        said = CrewStepOutput.model_validate(values)
        complete_step(self.desk.db, self.answer_step, said.model_dump(mode="json"))
        return verify_answer(self._context(self.desk.claim(self.run_id)))

    def _context(self, claim: ClaimedStep) -> StepContext:
        budget = Budget(limits=Limits(), deadline=float("inf"))
        mask = RunMask(self.desk.db, claim.run_id, open_pattern_detector)
        recorder = SpanRecorder(self.desk.db, claim, mask.data)
        return StepContext(self.desk.db, claim, recorder, lambda: self.desk.library, budget, mask)


def test_what_holds_is_answered_and_the_check_is_on_record(verify: Verification) -> None:
    [label] = verify.find(PAGE)
    result = verify(
        ("Staff have 27 days.", [label]), ("Leave is requested by 9:30.", [label]), evidence=(label,)
    )
    assert (result.outcome, result.answer) == ("answered", "Staff have 27 days. Leave is requested by 9:30.")
    assert (result.specialist, result.model, result.caveats) == ("Help desk", ModelUse(name="main"), ())
    [span] = verify.desk.spans(verify.run_id, "guardrail")
    assert span.output == {"kept": 2, "dropped": [], "doubts": {}}


@pytest.mark.parametrize(("bad", "words"), [(1, "One sentence was"), (2, "2 sentences were")])
def test_what_was_left_out_is_said(verify: Verification, bad: int, words: str) -> None:
    [label] = verify.find(PAGE)
    claims = [("You have 99 days.", [label])] * bad
    result = verify(("Staff have 27 days.", [label]), *claims, evidence=(label,))
    assert result.answer == "Staff have 27 days."
    assert result.caveats == (
        f"{words} left out because the evidence does not support it: "
        f"the number 99 days is not in its evidence{' (2 times)' if bad == 2 else ''}.",
    )


def test_a_candidate_that_failed_the_router_is_named_once_too(desk: Desk) -> None:
    verify = Verification(desk, "first: timeout", "second: key refused")
    [label] = verify.find(PAGE)
    use = ModelUse(name="third", fallbacks=("first: timeout",))
    result = verify(("Staff have 27 days.", [label]), evidence=(label,), model=use)
    assert result.model == ModelUse(name="third", fallbacks=("first: timeout", "second: key refused"))


def test_a_stale_source_is_named_once_and_only_if_cited(verify: Verification) -> None:
    due = (verify.desk.db.clock.now().date() - timedelta(days=30)).isoformat()
    old = verify.find(PAGE, "More of it.", title="Old page", stale=True, review_by=due)
    [other] = verify.find("Uncited.", title="Other old page", stale=True, review_by="2024-01-01")
    result = verify(("27 days.", [old[0]]), ("More.", [old[1]]), evidence=(*old, other))
    assert result.caveats == (f"“Old page” was due for review on {due} and may be out of date.",)


LONG_AGO, NOT_SO_LONG_AGO = "2001-02-01", "2099-01-01"


def test_figures_stand_below_each_other_with_what_a_reader_has_to_know(verify: Verification) -> None:
    warning = "Orders are 3 days old (sales.orders, ask Sales)"
    note = "Only the rows of sales.orders you may see are counted."
    facts = {
        "quality_findings": [warning],
        "notes": [note],
        "too_small": 2,
        "truncated": True,
        "row_count": 60,
    }
    finding = Finding(FIGURES, "sales.orders", "sales.revenue", "North | 12.50\nSouth | 9.00", None, facts)
    [item] = record_evidence(verify.desk.db, verify.answer_step, [finding])
    result = verify(
        ("North: 12.50 EUR.", [item.label]),
        ("South: 9.00 EUR.", [item.label]),
        ("West: 7.00 EUR.", [item.label]),
        evidence=(item.label,),
        model=ModelUse(name=FLOOR_MODEL),
    )
    assert result.answer == "North: 12.50 EUR.\nSouth: 9.00 EUR."
    *caveats, floor = result.caveats
    assert caveats == [
        warning,
        note,
        "2 groups have too few rows to be told of.",
        "These are the first of 60 rows.",
        "One sentence was left out because the evidence does not support it: "
        "the number 7.00 EUR is not in its evidence.",
    ]
    assert floor.startswith("Reckoned from governed metrics by rule by the built-in extractive model;")


@pytest.mark.parametrize("reason", [AbstainReason.AMBIGUOUS, AbstainReason.BLOCKED])
def test_a_specialist_that_knows_why_there_is_no_answer_says_it(
    verify: Verification, reason: AbstainReason
) -> None:
    result = verify(missing="Stock is 9 days old.", reason=reason, model=ModelUse(name=FLOOR_MODEL))
    assert (result.outcome, result.reason, result.answer) == ("abstained", reason, "Stock is 9 days old.")


def test_what_is_long_past_its_review_is_not_answered_from_alone(verify: Verification) -> None:
    labels = verify.find(PAGE, title="Old page", owner="old@shop.example", stale=True, review_by=LONG_AGO)
    result = verify(("Staff have 27 days.", labels), evidence=tuple(labels))
    assert (result.outcome, result.reason) == ("abstained", AbstainReason.STALE)
    assert "27" not in result.answer
    assert result.suggestions == ("“Old page” (ask old@shop.example)",)


@pytest.mark.parametrize("review_by", [NOT_SO_LONG_AGO, None])
def test_one_source_within_its_review_is_enough(verify: Verification, review_by: str | None) -> None:
    [old] = verify.find(PAGE, title="Old page", stale=True, review_by=LONG_AGO)
    [new] = verify.find(PAGE + " ", title="New page", review_by=review_by)
    result = verify(("27 days.", [old]), ("27 days, indeed.", [new]), evidence=(old, new))
    assert result.outcome == "answered"
    assert result.caveats == (f"“Old page” was due for review on {LONG_AGO} and may be out of date.",)


@pytest.mark.parametrize(("days", "outcome"), [(360, "answered"), (370, "abstained")])
def test_long_past_means_more_than_a_year(verify: Verification, days: int, outcome: str) -> None:
    review_by = (verify.desk.db.clock.now().date() - timedelta(days=days)).isoformat()
    labels = verify.find(PAGE, title="Old page", stale=True, review_by=review_by)
    assert verify(("Staff have 27 days.", labels), evidence=tuple(labels)).outcome == outcome


class Pages:
    """Two pages on the hotel cap, and an answer out of the first."""

    def __init__(self, verify: Verification, first: dict[str, Any], second: dict[str, Any]) -> None:
        self.verify = verify
        self.sentences = tuple(
            f"Annual leave of full-time staff is {days} days every year." for days in (27, 30)
        )
        [self.one] = verify.find(self.sentences[0] + " Ask early.", title="Leave", section="Leave", **first)
        [self.other] = verify.find(
            "Good to know. " + self.sentences[1], title="Contracts", section="Leave", source="b.md", **second
        )

    def __call__(self, *claims: tuple[str, list[str]]) -> RunResult:
        claims = claims or ((self.sentences[0], [self.one]),)
        return self.verify(*claims, evidence=(self.one, self.other))


def test_two_pages_that_disagree_are_both_shown_with_dates_and_owners(verify: Verification) -> None:
    pages = Pages(verify, {"updated": "2026-02-01", "owner": "one@shop.example"}, {"updated": "2026-05-01"})
    result = pages()
    assert result.outcome == "answered"
    assert result.answer == " ".join(pages.sentences)
    assert [claim.evidence for claim in result.claims] == [(pages.one,), (pages.other,)]
    assert result.caveats == (
        "“Leave” (updated 2026-02-01, one@shop.example) and “Contracts” (updated 2026-05-01) disagree; "
        "“Contracts” was updated last.",
    )


def test_a_side_that_is_shown_already_is_not_repeated(verify: Verification) -> None:
    pages = Pages(verify, {"updated": "2026-02-01"}, {"updated": "2026-05-01"})
    result = pages((pages.sentences[0], [pages.one]), ("Or 30 days of leave.", [pages.other]))
    assert result.answer.endswith("Or 30 days of leave.")
    assert len(result.caveats) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [({}, {}), ({"updated": "2026-02-01"}, {}), ({"updated": "2026-02-01"}, {"updated": "2026-02-01"})],
)
def test_where_nothing_tells_which_page_is_newer_there_is_no_answer(
    verify: Verification, first: dict[str, Any], second: dict[str, Any]
) -> None:
    pages = Pages(verify, first, {"owner": "two@shop.example", **second})
    result = pages()
    assert (result.outcome, result.reason) == ("abstained", AbstainReason.CONFLICTING)
    assert all(sentence in result.answer for sentence in pages.sentences)
    assert result.suggestions == ("“Leave”", "“Contracts” (ask two@shop.example)")


def test_a_page_past_its_review_does_not_disagree(verify: Verification) -> None:
    pages = Pages(verify, {"updated": "2026-02-01"}, {"updated": "2021-05-01", "stale": True})
    assert pages().caveats == ()


def test_what_the_audience_may_not_read_is_said_to_be_there_and_no_more(verify: Verification) -> None:
    labels = verify.find(PAGE, title="Leave")
    answered = verify(("Staff have 27 days.", labels), evidence=tuple(labels), withheld=True)
    assert answered.caveats == ("Something else was found that not everyone here may read.",)


@pytest.mark.parametrize("found", [(), ("Something loosely related.",)])
def test_where_only_others_may_read_the_answer_that_is_the_reason(
    verify: Verification, found: tuple[str, ...]
) -> None:
    labels = verify.find(*found, title="Near")
    result = verify(evidence=tuple(labels), withheld=True)
    assert result.reason == AbstainReason.AUDIENCE
    assert result.answer == "What I found may not be shown to everyone here; ask me in a direct message."
    assert result.suggestions == ()


@pytest.mark.parametrize(("best", "outcome"), [(0.0, "abstained"), (0.5, "answered"), (None, "answered")])
def test_out_of_next_to_nothing_no_answer_is_made(
    verify: Verification, best: float | None, outcome: str
) -> None:
    labels = verify.find(PAGE, title="Leave")
    result = verify(("Staff have 27 days.", labels), evidence=tuple(labels), best_relevance=best)
    assert result.outcome == outcome
    assert result.reason == (AbstainReason.LOW_MATCH if outcome == "abstained" else None)


def test_the_floor_says_what_it_is_and_why_it_spoke(verify: Verification) -> None:
    [label] = verify.find(PAGE)
    use = ModelUse(name=FLOOR_MODEL, fallbacks=("main: timeout", "spare: key refused"))
    result = verify(("Staff have 27 days.", [label]), evidence=(label,), model=use)
    assert result.caveats == (
        "Quoted from the sources by the built-in extractive model; no language model was used "
        "(main: timeout; spare: key refused).",
    )


def test_evidence_this_attempt_did_not_gather_carries_nothing(verify: Verification) -> None:
    mine, foreign = verify.find(PAGE, "Other text with 14 days.")
    result = verify(("Staff have 14 days.", [foreign]), evidence=(mine,))
    assert (result.outcome, result.reason) == ("abstained", AbstainReason.UNSUPPORTED)


def test_nothing_found(verify: Verification) -> None:
    result = verify()
    assert (result.outcome, result.reason) == ("abstained", AbstainReason.NOTHING_FOUND)
    assert result.answer == "I found nothing about this in the documents you may read."
    assert (result.claims, result.suggestions) == ((), ())


def test_the_tools_were_away(verify: Verification) -> None:
    result = verify(tools_unavailable=True)
    assert result.reason == AbstainReason.UNAVAILABLE
    assert "could not search" in result.answer


def test_only_loosely_related_pages_are_suggested_with_their_owners(verify: Verification) -> None:
    labels = [
        *verify.find("a", "b", title="One", owner="one@shop.example"),
        *verify.find("c", title="Two"),
        *verify.find("d", title="Three", owner="three@shop.example"),
        *verify.find("e", title="Four"),
    ]
    result = verify(evidence=tuple(labels), missing="I looked for the moon.")
    assert result.reason == AbstainReason.LOW_MATCH
    assert result.answer.endswith("only loosely related. I looked for the moon.")
    assert result.suggestions == ("“One” (ask one@shop.example)", "“Two”", "“Three” (ask three@shop.example)")


def test_a_draft_without_support_is_not_given(verify: Verification) -> None:
    [label] = verify.find(PAGE)
    result = verify(("You have 99 days.", [label]), evidence=(label,), missing="must not be shown")
    assert result.reason == AbstainReason.UNSUPPORTED
    assert "99" not in result.answer
    assert "must not" not in result.answer


def test_a_question_for_nobody(verify: Verification) -> None:
    result = verify(crew="none", missing="It is about the weather.")
    assert result.reason == AbstainReason.OUT_OF_SCOPE
    assert result.answer.endswith("company's own sources. It is about the weather.")
    assert result.suggestions == ()
