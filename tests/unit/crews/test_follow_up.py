"""What a message is taken for by what was said before, and what is left alone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from crews.follow_up import WHY, Reading, choice_in, understand
from knowledge.warehouse.query import MetricQuery
from knowledge.warehouse.resolve.suggest import Reason, Suggestion, Suggestions
from ledger.conversations import Conversation, Turn
from ledger.understanding import Understood

REVENUE = "What was revenue in Q1?"
LEAVE = "How many days of leave do I have?"
CHOICES = ("Return rate by channel", "Discount rate by channel", "Margin rate by channel")


def turn(asked: str, **changes: Any) -> Turn:
    values = {
        "run_id": "r",
        "at": datetime(2026, 11, 30, tzinfo=UTC),
        "speaker": "Asker",
        "is_own": True,
        "asked": asked,
        "understood": None,
        "outcome": "answered",
        "answer": None,
    }
    return Turn(**{**values, **changes})


def reading(*figures: str, completes: str | None = None, answers: str = "") -> Reading:
    """Knows these questions as ones of figures, completes each fragment to one text, and has documents about
    one."""
    sure = Suggestions((Suggestion(MetricQuery(("sales.revenue",)), 0.97, "Revenue"),))
    unsure = Suggestions(reason=Reason.NO_SUCH_DATA, why="There is no data.")
    return Reading(
        suggest=lambda text: sure if text in figures else unsure,
        complete=lambda _previous, _fragment: completes,
        answers=lambda text: text == answers,
    )


def taken_for(asked: str, *turns: Turn, known: Reading | None = None) -> str | None:
    understood = understand(Conversation(turns), asked, known or reading())
    return None if understood is None else understood.said


@pytest.mark.parametrize(
    "asked", ["and in Q2?", "Q2?", "what about Q2", "And how about in Q2?", "ok, and Q2?"]
)
def test_figures_are_completed_by_the_catalogs_words(asked: str) -> None:
    known = reading(REVENUE, completes="What was revenue in Q2?")
    assert taken_for(asked, turn(REVENUE), known=known) == "What was revenue in Q2?"


@pytest.mark.parametrize(
    "asked",
    [
        "How do I reset my password?",
        "and how do I reset my password?",
        "What about it should I know before I sign the contract with them?",
        "thanks",
        "yes",
        "Is that so?",
        "Revenue by store in the second quarter",
        "",
    ],
)
def test_what_stands_alone_is_left_alone(asked: str) -> None:
    known = reading(REVENUE, completes="Something else")
    assert taken_for(asked, turn(REVENUE), known=known) is None


def test_a_short_question_of_figures_is_none_of_the_earlier_ones() -> None:
    known = reading(REVENUE, "Return rate by category", completes="Something else")
    assert taken_for("Return rate by category", turn(REVENUE), known=known) is None


def test_nothing_said_before_is_nothing_to_go_on_from() -> None:
    for asked in ("and in Q2?", "why?", "the second"):
        assert taken_for(asked, known=reading(completes="Something else")) is None


def test_a_question_of_documents_is_asked_about_another_subject() -> None:
    assert taken_for("and for contractors?", turn(LEAVE)) == (
        "How many days of leave do I have, for contractors?"
    )
    understood = understand(Conversation((turn(LEAVE),)), "what about contractors?", reading())
    assert understood == Understood(
        question="How many days of leave do I have, for contractors?", about="contractors"
    )


def test_the_next_subject_takes_the_place_of_the_last() -> None:
    first = Understood(question="How many days of leave do I have, for contractors?", about="contractors")
    asked = turn("and contractors?", understood=first)
    assert taken_for("and in Spain?", turn(LEAVE), asked) == "How many days of leave do I have, in Spain?"


def test_a_subject_the_documents_have_something_on_stands_alone() -> None:
    assert taken_for("what about the VPN?", turn(LEAVE), known=reading(answers="the VPN")) is None


def test_a_question_of_figures_is_none_of_documents() -> None:
    known = reading("and what revenue in Q1?", "and revenue?")
    assert taken_for("and revenue?", turn(LEAVE), known=known) is None


@pytest.mark.parametrize("asked", ["why?", "Why is that?", "and why?", "how come?"])
def test_why_asks_for_the_reason_of_what_was_asked(asked: str) -> None:
    understood = understand(Conversation((turn(REVENUE),)), asked, reading())
    assert understood == Understood(question=f"Why: {REVENUE}", about=WHY)


def test_why_of_a_figure_that_was_chosen_is_of_that_one() -> None:
    chosen = turn("1", understood=Understood(question=REVENUE, reading="Return rate by channel"))
    known = reading("Return rate by channel")
    assert taken_for("why?", chosen, known=known) == "Why: Return rate by channel"


def test_a_part_of_a_figure_that_was_asked_why_is_asked_for_by_itself() -> None:
    before = turn("why?", understood=Understood(question=f"Why: {REVENUE}", about=WHY))
    known = reading(REVENUE, completes="What was revenue in Q1 by region?")
    assert taken_for("by region?", before, known=known) == "What was revenue in Q1 by region?"


def test_why_after_why_is_asked_once() -> None:
    before = turn("why?", understood=Understood(question=f"Why: {REVENUE}", about=WHY))
    assert taken_for("why?", before) == f"Why: {REVENUE}"
    assert taken_for("and for contractors?", before) == "What was revenue in Q1, for contractors?"


def test_ones_own_last_question_comes_before_somebody_elses() -> None:
    turns = (turn(LEAVE), turn("How do I sign in?", is_own=False))
    assert taken_for("and for contractors?", *turns) == "How many days of leave do I have, for contractors?"
    assert taken_for("and for contractors?", turns[1]) == "How do I sign in, for contractors?"


@pytest.mark.parametrize(
    ("reply", "place"),
    [
        ("1", 0),
        ("the first", 0),
        ("The second one, please.", 1),
        ("option 3", 2),
        ("#2", 1),
        ("I mean the third", 2),
        ("the last", 2),
        ("4", None),
        ("return rate", 0),
        ("the discount rate, please", 1),
        ("Margin", 2),
        ("Return rate by channel", 0),
        ("rate", None),
        ("something else", None),
        ("return rate?", None),
        ("please", None),
        ("What is the discount rate by channel and by region and in 2025 then", None),
    ],
)
def test_a_choice_is_named_by_its_number_or_by_words_only_it_has(reply: str, place: int | None) -> None:
    assert choice_in(reply, CHOICES) == place


def test_a_chosen_query_keeps_the_question_it_was_suggested_for() -> None:
    asked_back = turn("The rate by channel?", choices=CHOICES, readings=frozenset(CHOICES))
    understood = understand(Conversation((asked_back,)), "2", reading())
    assert understood == Understood(question="The rate by channel?", reading=CHOICES[1])
    assert understood.said == CHOICES[1]


def test_a_choice_that_is_no_query_is_said_with_the_question() -> None:
    asked_back = turn("How do I sign in?", choices=("To the VPN", "To the till"))
    assert taken_for("the till", asked_back) == "How do I sign in (To the till)?"


def test_a_query_that_was_chosen_is_gone_on_from() -> None:
    chosen = turn("2", understood=Understood(question="The rate?", reading=CHOICES[0]))
    seen: list[str] = []

    def complete(previous: str, _fragment: str) -> str:
        seen.append(previous)
        return f"{previous} in 2025"

    known = Reading(reading(CHOICES[0]).suggest, complete, lambda _text: False)
    assert taken_for("and in 2025?", chosen, known=known) == f"{CHOICES[0]} in 2025"
    assert seen == [CHOICES[0]]
