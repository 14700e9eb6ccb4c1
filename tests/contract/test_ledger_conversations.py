"""What one may know of what was said before, on both databases."""

from datetime import date
from typing import Any

import pytest

from ledger.conversations import Conversation, recall
from ledger.db import Database
from ledger.documents import DocumentRecord, DocumentWithPassages, delete_documents, put_documents
from ledger.errors import NotFound
from ledger.evidence import FIGURES, SUGGESTION, Finding, record_evidence
from ledger.ids import derive_id
from ledger.people import find_principal, sync_people
from ledger.pii_tokens import PersonalValue, assign_tokens
from ledger.reading import get_run_for, get_run_for_delivery
from ledger.replays import submit_replay
from ledger.result import AbstainReason, Claim, RunResult
from ledger.steps import complete_step, fail_step
from ledger.thread_views import get_thread_for
from ledger.understanding import Understood, keep_understood
from ledger.watches import ask_again, watch_run
from tests.unit.ledger.world import EMPLOYEE, ENGINEER, ask, claim, end_blocked, furnish, people_file

CHANNEL = {"source": "slack", "thread": "C1:1.2", "audience_groups": ("everyone",)}
PRIVATE = {"source": "api", "thread": "work"}


@pytest.fixture
def company(db: Database) -> Database:
    furnish(db)
    give_groups(db)
    return db


def give_groups(
    db: Database,
    employee: tuple[str, ...] = ("everyone", "finance"),
    engineer: tuple[str, ...] = ("everyone",),
) -> None:
    changes: dict[str, Any] = {
        "employee": {"groups": list(employee)},
        "engineer": {"groups": list(engineer), "roles": ["engineer", "employee"]},
    }
    sync_people(db, people_file(**changes))


def put(db: Database, path: str, *groups: str, classification: str = "internal", status: str = "ok") -> None:
    record = DocumentRecord(
        id=derive_id(path),
        path=path,
        status=status,
        reason=None,
        content_hash="0" * 64,
        title=path.title(),
        owner=None,
        collection="company",
        classification=classification,
        allowed_groups=groups,
        updated=date(2026, 1, 5),
        review_by=None,
        size_bytes=10,
    )
    put_documents(db, [DocumentWithPassages(record, ())])


def passage(path: str) -> Finding:
    details = {"title": path.title(), "document_id": derive_id(path)}
    return Finding("passage", path, "opening", f"What {path} says.", "2026-01-05", details)


def figures() -> Finding:
    return Finding(FIGURES, "sales.lines", "sales.revenue", "Revenue 12", "2026-11-01", {"title": "Revenue"})


def answer(db: Database, external_id: str, *findings: Finding, **request: Any) -> str:
    """A run that was answered with one claim for each finding."""
    run_id = ask(db, external_id, **request).run_id
    step = claim(db, run_id)
    found = record_evidence(db, step, list(findings)) if findings else []
    claims = tuple(Claim(text=item.finding.text, evidence=(item.label,)) for item in found)
    result = RunResult(outcome="answered", answer=" ".join(one.text for one in claims), claims=claims)
    complete_step(db, step, result.model_dump(mode="json"))
    return run_id


def next_run(db: Database, **request: Any) -> Conversation:
    """What a further run knows."""
    run_id = ask(db, "next", **request).run_id
    claim(db, run_id)
    return recall(db, run_id)


def facts(conversation: Conversation) -> list[str]:
    return [fact.text for fact in conversation.facts]


def test_a_thread_has_its_turns_with_speaker_facts_and_sources(company: Database) -> None:
    put(company, "leave", "everyone")
    answer(company, "1", passage("leave"), question="How much leave?", **CHANNEL)
    answer(company, "2", figures(), question="And revenue?", principal=ENGINEER, **CHANNEL)
    first, second = next_run(company, **CHANNEL).turns
    assert (first.speaker, first.is_own, first.asked, first.outcome) == (
        "Employee",
        True,
        "How much leave?",
        "answered",
    )
    [fact] = first.facts
    assert (fact.text, fact.sources, fact.as_of) == ("What leave says.", ("Leave",), "2026-01-05")
    assert (second.speaker, second.is_own, facts(Conversation((second,)))) == (
        "Engineer",
        False,
        ["Revenue 12"],
    )


@pytest.mark.parametrize(
    "other",
    [
        {**CHANNEL, "thread": "C1:9.9"},
        {**CHANNEL, "source": "api"},
        {"source": "slack", "thread": "C1:1.2"},
        {**CHANNEL, "thread": None},
    ],
)
def test_no_thread_knows_of_another(company: Database, other: dict[str, Any]) -> None:
    put(company, "leave", "everyone")
    answer(company, "1", passage("leave"), **CHANNEL)
    assert next_run(company, **other).turns == ()


def test_a_private_thread_is_ones_own_however_it_is_named(company: Database) -> None:
    answer(company, "1", figures(), **PRIVATE)
    assert next_run(company, principal=ENGINEER, **PRIVATE).turns == ()


@pytest.mark.parametrize(
    ("then", "now", "known"),
    [
        (("everyone",), ("everyone",), True),
        (("everyone",), ("everyone", "finance"), True),
        (("everyone", "finance"), ("everyone",), False),
    ],
)
def test_what_was_said_to_a_narrower_audience_is_left_out(
    company: Database, then: tuple[str, ...], now: tuple[str, ...], known: bool
) -> None:
    put(company, "leave", "everyone")
    answer(company, "1", passage("leave"), **{**CHANNEL, "audience_groups": then})
    assert bool(next_run(company, **{**CHANNEL, "audience_groups": now}).turns) == known


def test_what_the_asker_may_not_read_is_left_out_and_the_rest_is_not(company: Database) -> None:
    channel = {**CHANNEL, "audience_groups": ("everyone", "finance")}
    put(company, "leave", "everyone")
    put(company, "bonus", "finance")
    answer(company, "1", passage("leave"), passage("bonus"), figures(), **channel)
    [turn] = next_run(company, principal=ENGINEER, **channel).turns
    assert [fact.text for fact in turn.facts] == ["What leave says."]
    assert (turn.answer, turn.left_out) == (None, True)
    assert {item.finding.source for item in turn.evidence} == {"leave"}


@pytest.mark.parametrize("lost", ["group", "document", "kept back", "opened to others"])
def test_rights_are_those_of_now(company: Database, lost: str) -> None:
    put(company, "bonus", "finance")
    answer(company, "1", passage("bonus"), figures(), **PRIVATE)
    if lost == "group":
        give_groups(company, employee=("everyone",))
    elif lost == "document":
        delete_documents(company, [derive_id("bonus")])
    elif lost == "kept back":
        put(company, "bonus", "finance", status="suspicious")
    else:
        put(company, "bonus", "board")
    [turn] = next_run(company, **PRIVATE).turns
    assert [fact.text for fact in turn.facts] == ([] if lost == "group" else ["Revenue 12"])
    assert turn.left_out


def test_figures_are_as_the_askers_groups_showed_them_at_any_step(company: Database) -> None:
    give_groups(company, employee=("everyone",))
    run_id = ask(company, "1", workflow="pair", **CHANNEL).run_id
    complete_step(company, claim(company, run_id, "left"), {})
    give_groups(company, employee=("everyone", "finance"))
    complete_step(company, claim(company, run_id, "right"), {})
    step = claim(company, run_id, "join")
    [found] = record_evidence(company, step, [figures()])
    one = Claim(text="Revenue 12", evidence=(found.label,))
    result = RunResult(outcome="answered", answer="Revenue 12", claims=(one,))
    complete_step(company, step, result.model_dump(mode="json"))
    assert facts(next_run(company, principal=ENGINEER, **CHANNEL)) == []


def test_a_public_document_is_known_to_whoever_reads(company: Database) -> None:
    put(company, "prices", "everyone", classification="public")
    answer(company, "1", passage("prices"), **CHANNEL)
    assert facts(next_run(company, principal=ENGINEER, **CHANNEL)) == ["What prices says."]


def test_what_did_not_come_to_an_end_before_is_not_said_yet(company: Database) -> None:
    failed = ask(company, "1", question="It fails?", **PRIVATE).run_id
    fail_step(company, claim(company, failed), "It broke.", try_again=False)
    waiting = ask(company, "2", question="It waits?", workflow="whole", **PRIVATE).run_id
    complete_step(company, claim(company, waiting, "start"), {"go": False, "items": []})
    assert [turn.asked for turn in next_run(company, **PRIVATE).turns] == ["It fails?"]


def test_personal_data_is_as_it_was_said_for_those_who_may_know_it(company: Database) -> None:
    run_id = ask(company, "1", question="Is ann@example.com away?", **PRIVATE).run_id
    step = claim(company, run_id)
    [token] = assign_tokens(company, run_id, [PersonalValue("email", "ann@example.com")]).values()
    [found] = record_evidence(company, step, [figures()])
    one = Claim(text=f"{token} is away.", evidence=(found.label,))
    result = RunResult(outcome="answered", answer=one.text, claims=(one,))
    complete_step(company, step, result.model_dump(mode="json"))
    assert facts(next_run(company, **PRIVATE)) == ["ann@example.com is away."]


def _ask_back(db: Database, external_id: str, **request: Any) -> str:
    run_id = ask(db, external_id, question="The rate?", **request).run_id
    step = claim(db, run_id)
    record_evidence(db, step, [Finding(SUGGESTION, "sales.rate", "reading 1", "Return rate", None, {})])
    result = RunResult(
        outcome="abstained",
        answer="It may mean two things.",
        reason=AbstainReason.AMBIGUOUS,
        choices=("Return rate", "Discount rate"),
    )
    complete_step(db, step, result.model_dump(mode="json"))
    return run_id


def test_a_question_of_ours_is_open_until_its_asker_asks_something_else(company: Database) -> None:
    _ask_back(company, "1", **CHANNEL)
    answer(company, "2", figures(), principal=ENGINEER, **CHANNEL)
    asked_back = next_run(company, **CHANNEL).open_question
    assert asked_back is not None
    assert (asked_back.choices, asked_back.readings) == (("Return rate", "Discount rate"), {"Return rate"})


def test_a_question_of_ours_is_settled_by_the_next_answer(company: Database) -> None:
    _ask_back(company, "1", **CHANNEL)
    answer(company, "2", figures(), **CHANNEL)
    assert next_run(company, **CHANNEL).open_question is None


def test_choices_are_for_whoever_could_have_been_given_them(company: Database) -> None:
    _ask_back(company, "1", **CHANNEL)
    [turn] = next_run(company, principal=ENGINEER, **CHANNEL).turns
    assert (turn.choices, turn.readings, turn.answer) == ((), frozenset(), None)


def test_what_a_follow_up_was_taken_for_is_kept_once_and_shown_with_its_values(company: Database) -> None:
    run_id = ask(company, "1", question="and hers?", **PRIVATE).run_id
    [token] = assign_tokens(company, run_id, [PersonalValue("email", "ann@example.com")]).values()
    for name in (token, "somebody else"):
        keep_understood(company, run_id, "and hers?", Understood(question=f"When is {name} in?"))
    assert get_run_for_delivery(company, run_id).understood_as == "When is ann@example.com in?"
    engineer = find_principal(company, ENGINEER)
    assert get_run_for(company, run_id, engineer).understood_as == f"When is {token} in?"
    step = claim(company, run_id)
    assert (step.is_understood, step.has_past) == (True, True)
    assert step.understood == Understood(question=f"When is {token} in?")


def test_what_was_taken_for_half_a_question_is_not_kept_for_the_whole(company: Database) -> None:
    run_id = ask(company, "1", question="and hers?", **PRIVATE).run_id
    keep_understood(company, run_id, "and", Understood(question="Too early."))
    assert not claim(company, run_id).is_understood


def test_a_replay_knows_what_the_original_knew(company: Database) -> None:
    put(company, "leave", "everyone")
    answer(company, "1", passage("leave"), **PRIVATE)
    original = answer(company, "2", figures(), **PRIVATE)
    answer(company, "3", figures(), **PRIVATE)
    replay = submit_replay(company, original, find_principal(company, EMPLOYEE), None)
    claim(company, replay)
    assert facts(recall(company, replay)) == facts(recall(company, original)) == ["What leave says."]


def test_a_question_asked_again_by_itself_is_understood_as_before(company: Database) -> None:
    put(company, "leave", "everyone")
    answer(company, "1", passage("leave"), **PRIVATE)
    blocked = ask(company, "2", question="and in Q2?", **PRIVATE).run_id
    keep_understood(company, blocked, "and in Q2?", Understood(question="Revenue in Q2?"))
    end_blocked(company, claim(company, blocked), "sales.lines")
    again = ask_again(company, watch_run(company, blocked))
    assert again is not None
    claim(company, again)
    conversation = recall(company, again)
    assert conversation.asked_again == Understood(question="Revenue in Q2?")
    assert facts(conversation) == ["What leave says."]


def test_who_took_part_sees_the_thread_within_their_rights(company: Database) -> None:
    channel = {**CHANNEL, "audience_groups": ("everyone", "finance")}
    put(company, "bonus", "finance")
    answer(company, "1", passage("bonus"), question="The bonus?", **channel)
    engineer, employee = find_principal(company, ENGINEER), find_principal(company, EMPLOYEE)
    with pytest.raises(NotFound):
        get_thread_for(company, "C1:1.2", engineer)
    answer(company, "2", figures(), question="And revenue?", principal=ENGINEER, **channel)
    first, second = get_thread_for(company, "C1:1.2", engineer).turns
    assert (first.question, first.answer, first.facts, first.left_out) == ("The bonus?", None, (), True)
    assert (second.answer, second.left_out) == ("Revenue 12", False)
    assert [turn.answer for turn in get_thread_for(company, "C1:1.2", employee).turns] == [
        "What bonus says.",
        "Revenue 12",
    ]
    with pytest.raises(NotFound):
        get_thread_for(company, "C1:1.2", employee, "api")


def test_an_open_question_is_shown_with_its_choices(company: Database) -> None:
    run_id = _ask_back(company, "1", **PRIVATE)
    view = get_thread_for(company, "work", find_principal(company, EMPLOYEE))
    assert view.open_question is not None
    assert (view.open_question.run_id, view.open_question.choices) == (
        run_id,
        ("Return rate", "Discount rate"),
    )
