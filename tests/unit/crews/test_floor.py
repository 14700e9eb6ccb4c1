"""What the extractive floor quotes, on the library's own embeddings."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from crews.floor.extract import MAX_STEPS_WORDS, OTHER_SHARE, WINDOW_WORDS, extract_claims
from crews.floor.turn import FloorTurn, ToolRequest
from crews.help_desk.floor import plan_answer
from crews.help_desk.output import DraftAnswer
from crews.router.floor import plan_route
from crews.router.output import Route
from knowledge.relevance.judge import Candidate, judge, steps_in
from knowledge.relevance.score import shipped_coefficients
from knowledge.relevance.similarity import Matrix, Similarity, similarity_from
from knowledge.sentences import split_sentences
from knowledge.warehouse.query import MetricQuery
from knowledge.warehouse.resolve.suggest import Reason, Suggestion, Suggestions
from ledger.evidence import Evidence, Finding
from ledger.result import FLOOR_MODEL
from tests.unit.crews.world import BONUS_QUESTION, FINANCE, LEAVE_QUESTION, UNRELATED_QUESTION, Desk

QUESTION = "Is there a deposit for a tent?"


def passage(label: str, text: str, *, source: str = "", score: float = 0.7, **details: Any) -> Evidence:
    details = {"query": QUESTION, "score": score, **details}
    finding = Finding("passage", source or f"documents/{label}.md", "opening", text, None, details)
    return Evidence(label, label, "step", finding)


def scored(table: dict[str, float]) -> Similarity:
    """Gives each text the cosine of the first key it contains, and 0.1 where it has none."""

    def similarity(questions: Sequence[str], texts: Sequence[str]) -> Matrix:
        row = [next((cosine for key, cosine in table.items() if key in text), 0.1) for text in texts]
        return np.array([row] * len(questions), np.float32)

    return similarity


def quoted(
    evidence: list[Evidence], table: dict[str, float], question: str = QUESTION
) -> list[tuple[str, str]]:
    claims = extract_claims(question, evidence, scored(table))
    return [(claim.evidence[0], claim.text) for claim in claims]


def test_claims_are_sentences_of_their_evidence_in_reading_order(desk: Desk) -> None:
    texts = {
        "E1": "We lend tents. A tent's deposit is 40 EUR. You get it back. Bring a card.",
        "E2": "- Bikes cost 9 EUR a day.\n- The deposit for a bike is 60 EUR.",
    }
    evidence = [passage(label, text) for label, text in texts.items()]
    claims = extract_claims(QUESTION, evidence, similarity_from(lambda: desk.library))
    assert "A tent's deposit is 40 EUR." in [claim.text for claim in claims]
    for label, text in texts.items():
        mine = [claim.text for claim in claims if claim.evidence == (label,)]
        places = [text.index(sentence) for sentence in mine]
        assert places == sorted(places)
        assert set(mine) <= {part.removeprefix("- ") for part in split_sentences(text)}


def test_the_window_grows_to_the_better_neighbour_until_it_is_full() -> None:
    rest = " ".join(["word"] * (WINDOW_WORDS // 3 - 2))
    text = " ".join(f"{name} {rest} end." for name in ("Aa", "Bb", "Cc", "Dd", "Ee"))
    said = quoted([passage("E1", text)], {"Aa": 0.86, "Bb": 0.87, "Cc": 0.9, "Dd": 0.89, "Ee": 0.88})
    assert [sentence[:2] for _, sentence in said] == ["Cc", "Dd", "Ee"]


def test_a_sentence_longer_than_the_window_is_quoted_whole() -> None:
    long = f"Deposit {'word ' * 300}end."
    assert quoted([passage("E1", " ".join(long.split()))], {"Deposit": 0.9})[0][1].endswith("end.")


def test_below_the_threshold_nothing_is_quoted() -> None:
    seen = set()
    for cosine in (number / 100 for number in range(0, 101, 5)):
        table = {"A tent": cosine}
        [verdict] = judge(QUESTION, [Candidate("", "", "A tent.", cosine)], scored(table))
        answers = verdict.relevance >= shipped_coefficients().answers
        seen.add(answers)
        assert quoted([passage("E1", "A tent.", score=cosine)], table) == [("E1", "A tent.")] * answers
    assert seen == {True, False}


def test_a_score_of_other_words_than_the_question_is_not_believed() -> None:
    found_by_other_words = passage("E1", "It is 40 EUR.", score=1.0, query="tents")
    assert quoted([found_by_other_words], {"It is": 0.45}) == []
    assert quoted([passage("E1", "It is 40 EUR.", score=1.0)], {"It is": 0.45}) != []


def test_whole_documents_that_were_read_are_not_quoted() -> None:
    item = passage("E1", "It is 40 EUR.")
    document = replace(item, finding=replace(item.finding, kind="document"))
    assert quoted([document], {"40": 0.9}) == []


def test_two_sources_nearly_as_relevant_are_both_quoted() -> None:
    near = [passage("E1", "It is 40 EUR."), passage("E2", "It is 45 EUR.")]
    assert quoted(near, {"40": 0.8, "45": 0.78}) == [("E1", "It is 40 EUR."), ("E2", "It is 45 EUR.")]
    assert quoted(near, {"40": 0.78, "45": 0.8})[0] == ("E2", "It is 45 EUR.")
    assert quoted(near, {"40": 0.8, "45": 0.5}) == [("E1", "It is 40 EUR.")]


def test_what_is_much_less_relevant_than_the_best_is_left_out() -> None:
    near = [passage("E1", "It is 40 EUR."), passage("E2", "It is 45 EUR.")]
    table = {"40": 1.0, "45": 0.65}
    candidates = [Candidate("", "", item.finding.text, 0.7) for item in near]
    best, other = (item.relevance for item in judge(QUESTION, candidates, scored(table)))
    assert shipped_coefficients().answers < other < OTHER_SHARE * best
    assert quoted(near, table) == [("E1", "It is 40 EUR.")]


def test_three_passages_are_quoted_at_most() -> None:
    many = [passage(f"E{number}", f"Number {number}.") for number in range(1, 6)]
    assert [label for label, _ in quoted(many, {"Number": 0.8})] == ["E1", "E2", "E3"]


def test_a_sentence_in_two_sources_is_said_once() -> None:
    twice = [passage("E1", "It is 40 EUR."), passage("E2", "It is 40 EUR.")]
    assert len(quoted(twice, {"40": 0.8})) == 1


@pytest.mark.parametrize("texts", [[], [""], ["  \n "], ["", "It is 40 EUR."]])
def test_empty_passages_say_nothing(texts: list[str]) -> None:
    evidence = [passage(f"E{number}", text) for number, text in enumerate(texts)]
    assert len(quoted(evidence, {"40": 0.9})) == (1 if "It is 40 EUR." in texts else 0)


def test_a_lead_in_and_the_head_of_a_table_are_not_the_last_words() -> None:
    text = "The deposit is 40 EUR.\nThe coming dates:\nDay | Price\nMonday | 9 EUR"
    table = {"40": 0.9, "coming": 0.8, "Day": 0.7}
    assert quoted([passage("E1", text)], table) == [("E1", "The deposit is 40 EUR.")]
    whole = quoted([passage("E1", text)], {**table, "Monday": 0.7})
    assert [sentence for _, sentence in whole] == text.split("\n")


def test_rows_of_a_table_are_put_beside_an_answer_that_needs_them() -> None:
    near = [passage("E1", "It is 40 EUR."), passage("E2", "Day | Price\nMonday | 45 EUR")]
    assert ("E2", "Monday | 45 EUR") in quoted(near, {"40": 0.8, "45": 0.78})


STEPS = "Tents are lent.\n1. Choose a tent. Any will do.\n2. Pay the deposit.\n3) Sign.\n\nBring it back."
ALL_STEPS = ["Choose a tent.", "Any will do.", "Pay the deposit.", "Sign."]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How do I borrow a tent?", ALL_STEPS),
        ("I want a tent, what should I do?", ALL_STEPS),
        ("Why do I pay for a tent?", ["Pay the deposit."]),
        ("What are the steps to a tent?", ALL_STEPS),
        (QUESTION, ["Pay the deposit."]),
    ],
)
def test_who_asks_how_something_is_done_is_told_all_steps(question: str, said: list[str]) -> None:
    item = passage("E1", STEPS, query=question)
    assert [text for _, text in quoted([item], {"Pay the deposit": 0.9}, question)] == said


def test_who_asks_for_an_amount_is_quoted_no_page_without_one() -> None:
    question = "How much does it cost to rent a tent?"
    asks = {"query": question, "score": 0.9}
    near, far = {"rented in stores": 0.9, "40 EUR": 0.6}, {"rented in stores": 0.9}
    pages = [
        passage("E1", "Tents are rented in stores. Ask there.", **asks),
        passage("E2", "It is 40 EUR.", **asks),
    ]
    assert quoted(pages, near, question) == [("E2", "It is 40 EUR.")]
    assert quoted(pages[:1], far, question) == []
    assert quoted(pages[:1], far, "Where are tents rented?") != []


def test_the_sentence_with_the_amount_is_quoted_though_another_is_nearer() -> None:
    question = "How much does it cost to rent a tent?"
    text = " ".join(["Tents are rented in stores.", *["It goes on like this."] * 30, "It is 40 EUR."])
    item = passage("E1", text, query=question, score=0.9)
    said = quoted([item], {"rented in stores": 0.9, "40 EUR": 0.6}, question)
    assert ("E1", "It is 40 EUR.") in said


def test_steps_are_told_only_where_one_of_them_answers_and_they_are_not_very_long() -> None:
    question = "How do I bring a tent back?"
    beside = quoted([passage("E1", STEPS, query=question)], {"Bring it back": 0.9}, question)
    assert beside == [("E1", "Bring it back.")]
    long = STEPS.replace("Sign.", f"Sign {'word ' * MAX_STEPS_WORDS}end.")
    within = quoted([passage("E1", long, query=question)], {"Pay the deposit": 0.9}, question)
    assert within == [("E1", "Pay the deposit.")]


@pytest.mark.parametrize(
    "text",
    [
        "1. Only one step.\nNo list.",
        "First. 1. In a line. 2. With others.",
        "1. It takes approx.\n2. Nobody knows.",
        "- Tents.\n- Bikes.",
        "",
    ],
)
def test_what_is_no_list_of_steps(text: str) -> None:
    assert steps_in(text) == ()


def test_the_heading_helps_to_judge_but_is_not_quoted() -> None:
    evidence = passage("E1", "It is 40 EUR.", section="Renting > Tent deposit")
    assert quoted([evidence], {"Tent deposit: It is": 0.9}) == [("E1", "It is 40 EUR.")]


def turn(called: tuple[str, ...], found: tuple[Evidence, ...], tools: str = "search_knowledge") -> FloorTurn:
    return FloorTurn(QUESTION, frozenset({tools}), called, found, scored({"40": 0.9}), lambda: None)


def test_the_help_desk_searches_once_and_then_quotes() -> None:
    first = plan_answer(turn((), ()))
    assert first == ToolRequest("search_knowledge", {"query": QUESTION})
    said = plan_answer(turn(("search_knowledge",), (passage("E1", "It is 40 EUR."),)))
    assert isinstance(said, str)
    [claim] = DraftAnswer.model_validate_json(said).claims
    assert (claim.text, claim.evidence) == ("It is 40 EUR.", ("E1",))


def test_with_nothing_to_quote_or_no_tool_it_says_what_is_missing() -> None:
    for said in (plan_answer(turn(("search_knowledge",), ())), plan_answer(turn((), (), tools="other"))):
        assert isinstance(said, str)
        draft = DraftAnswer.model_validate_json(said)
        assert draft.claims == ()
        assert draft.missing


def test_the_router_sends_everything_to_the_help_desk_where_there_are_no_figures() -> None:
    assert Route.model_validate_json(plan_route(turn((), ()))).specialists == ("help_desk",)


@pytest.mark.parametrize(
    ("reason", "confidence", "specialist"),
    [
        (None, 0.95, "data_analyst"),
        (None, 0.3, "help_desk"),
        (Reason.AMBIGUOUS, 0.6, "data_analyst"),
        (Reason.OUT_OF_RANGE, 0.0, "data_analyst"),
        (Reason.NO_SUCH_DATA, 0.4, "help_desk"),
        (Reason.NOT_RECORDED, 0.4, "help_desk"),
        (Reason.UNCLEAR, 0.4, "help_desk"),
    ],
)
def test_the_router_sends_what_asks_for_figures_to_the_data_analyst(
    reason: Reason | None, confidence: float, specialist: str
) -> None:
    suggestion = Suggestion(MetricQuery(("sales.revenue",)), confidence, "Revenue")
    asked = replace(turn((), ()), suggest=lambda: Suggestions((suggestion,), reason=reason))
    assert Route.model_validate_json(plan_route(asked)).specialists == (specialist,)


@pytest.mark.parametrize(
    ("question", "confidence", "company", "market", "specialist"),
    [
        ("Revenue by shoe size in Q3 2026", 0.2, 0.01, 0.9, "data_analyst"),
        ("Revenue by shoe size in Q3 2026", 0.2, 0.9, 0.01, "help_desk"),
        ("Revenue by shoe size in Q3 2026", 0.05, 0.01, 0.01, "help_desk"),
        ("Market revenue by shoe size in 2026", 0.2, 0.01, 0.9, "market_researcher"),
        ("How many widgets were there last month?", 0.0, 0.01, 0.01, "data_analyst"),
        ("How many widgets were there last month?", 0.0, 0.01, 0.9, "market_researcher"),
        ("How many days off do I get?", 0.2, 0.01, 0.01, "help_desk"),
    ],
)
def test_the_data_analyst_tells_what_was_not_understood_where_no_document_answers(
    question: str, confidence: float, company: float, market: float, specialist: str
) -> None:
    suggestion = Suggestion(MetricQuery(("sales.revenue",)), confidence, "Revenue")
    asked = replace(
        turn((), ()),
        question=question,
        suggest=lambda *_: Suggestions((suggestion,), reason=Reason.NO_SUCH_DATA),
        look=lambda: {"company": company, "market": market},
    )
    assert Route.model_validate_json(plan_route(asked)).specialists == (specialist,)


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("What was the revenue in May, and what does the returns policy say?", "What was the revenue in May"),
        ("What is the rule for refunds? How many were there in May?", "How many were there in May?"),
        ("What was the revenue in May and why?", "What was the revenue in May"),
        ("Why did the revenue fall in May?", None),
        ("What was the revenue in May and what in June?", None),
        ("What is the policy on trains and what does the handbook say of planes?", None),
        ("What was the revenue, and what the profit, and what does the policy say?", None),
    ],
)
def test_the_router_sends_what_asks_for_figures_and_words_to_both(question: str, part: str | None) -> None:
    suggestion = Suggestion(MetricQuery(("sales.revenue",)), 0.95, "Revenue")

    def suggest(asked: str | None = None) -> Suggestions:
        return Suggestions(
            (suggestion,) if asked == part else (), reason=None if asked == part else Reason.UNCLEAR
        )

    asked = replace(turn((), ()), question=question, suggest=suggest)
    expected = ("data_analyst", "help_desk") if part else ("data_analyst",)
    assert Route.model_validate_json(plan_route(asked)).specialists == expected
    unsure = replace(asked, suggest=lambda _part=None: Suggestions((suggestion,), reason=Reason.UNCLEAR))
    assert Route.model_validate_json(plan_route(unsure)).specialists == ("help_desk",)


@pytest.mark.parametrize(
    ("question", "best", "specialist"),
    [
        ("How long does a rental last?", {"market": 0.5}, "market_researcher"),
        ("How long does a rental last?", {"market": 0.5, "company": 0.2}, "market_researcher"),
        # What is ours would be quoted beside it, and only the help desk may.
        ("How long does a rental last?", {"market": 0.5, "company": 0.3}, "help_desk"),
        ("How long does a rental last?", {"market": 0.01}, "help_desk"),
        ("How long does a rental last?", {}, "help_desk"),
        ("What do competitors charge?", {}, "market_researcher"),
        ("What do competitors charge?", {"market": 0.01, "company": 0.02}, "market_researcher"),
        ("Who watches the market?", {"company": 0.5}, "help_desk"),
        ("Who leads marketing?", {}, "help_desk"),
    ],
)
def test_the_router_sends_what_only_reports_answer_to_the_market_researcher(
    question: str, best: dict[str, float], specialist: str
) -> None:
    asked = replace(turn((), ()), question=question, look=lambda: best)
    assert Route.model_validate_json(plan_route(asked)).specialists == (specialist,)


def test_the_router_sends_what_asks_for_figures_and_the_market_to_both() -> None:
    part, other = "How did our revenue develop in Q3", "what does the industry expect?"
    suggestion = Suggestion(MetricQuery(("sales.revenue",)), 0.95, "Revenue")

    def suggest(asked: str | None = None) -> Suggestions:
        return Suggestions(
            (suggestion,) if asked == part else (), reason=Reason.UNCLEAR if not asked else None
        )

    asked = replace(turn((), ()), question=f"{part} and {other}", suggest=suggest)
    both = ("data_analyst", "market_researcher")
    assert Route.model_validate_json(plan_route(asked)).specialists == both


def test_without_any_model_a_run_is_answered_the_same_way_each_time(desk: Desk) -> None:
    first, second = (desk.ask(LEAVE_QUESTION) for _ in range(2))
    assert (first.state, first.answer, first.claims) == (second.state, second.answer, second.claims)
    assert first.state == "answered"
    assert "Full-time staff have 27 days of annual leave in a calendar year." in (first.answer or "")
    assert first.model is not None
    assert (first.model.name, first.model.fallbacks) == (FLOOR_MODEL, ())
    assert "no language model was used." in first.caveats[-1]
    steps = [sorted((span.kind, span.name) for span in desk.spans(run.run_id)) for run in (first, second)]
    assert steps[0] == steps[1]


def test_without_any_model_what_is_not_in_the_documents_is_not_answered(desk: Desk) -> None:
    unrelated = desk.ask(UNRELATED_QUESTION)
    assert (unrelated.state, unrelated.reason) == ("abstained", "low_match")
    assert len(unrelated.suggestions) == 3


def test_without_any_model_rights_decide_what_is_quoted(desk: Desk) -> None:
    assert "1,250,000" in (desk.ask(BONUS_QUESTION, principal=FINANCE).answer or "")
    for view in (
        desk.ask(BONUS_QUESTION),
        desk.ask(BONUS_QUESTION, principal=FINANCE, audience_groups=("everyone",)),
    ):
        assert view.state == "abstained"
        assert "onus" not in view.model_dump_json(exclude={"question", "how_found"})


def test_disagreeing_pages_are_both_quoted_and_the_old_one_is_named(desk: Desk) -> None:
    view = desk.ask("How do I set up the VPN?")
    assert {item.details["title"] for item in view.evidence} == {"Setting up the VPN", "VPN at home"}
    assert view.caveats[0] == "“Setting up the VPN” was due for review on 2025-02-01 and may be out of date."
