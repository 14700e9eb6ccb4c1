"""What becomes of a request, until when, and what is a request at all: rules that need no run."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crews.triage.due_time import BusinessHours, due_time
from crews.triage.help_cues import asks_for_help, asks_for_person, reports_loss, reports_outage
from crews.triage.rules import Case, judge_case
from crews.triage.spec import CategoriesFile
from crews.triage.step_outputs import Move, SystemLook

OFFICE = BusinessHours(opens=time(8), closes=time(18), zone="Europe/Berlin")


def system(name: str = "Reports", *, allowed: bool = True, affected: bool = False) -> SystemLook:
    return SystemLook(
        name=name,
        allowed=allowed,
        affected=affected,
        health="failed" if affected else "ok",
        owner="Platform",
        contact="platform@shop.example",
        owner_group=None,
        evidence=("E1",),
    )


def judged(
    *systems: SystemLook,
    priority: int = 3,
    answered: bool = False,
    fits: bool = True,
    person: bool = False,
    outage: bool = False,
) -> Move:
    return judge_case(Case(priority, answered, fits, person, outage, systems)).move


def test_what_the_documents_answer_is_answered_and_the_rest_becomes_work() -> None:
    assert judged(answered=True) is Move.ANSWER
    assert judged(answered=True, priority=1) is Move.ANSWER
    assert judged() is Move.TICKET
    assert judged(priority=4) is Move.TICKET


def test_a_system_that_is_reported_to_be_down_gets_a_ticket_beside_what_the_documents_say() -> None:
    assert judged(system(), answered=True, outage=True) is Move.TICKET
    assert judged(system(), answered=True) is Move.ANSWER
    assert judged(answered=True, outage=True) is Move.ANSWER
    assert judged(system(), outage=True, priority=1) is Move.ESCALATION


def test_what_is_lost_becomes_work_beside_what_the_documents_say() -> None:
    for answered in (True, False):
        loss = Case(2, answered, fits=True, wants_person=False, loss=True)
        assert judge_case(loss).move is Move.ESCALATION
        assert judge_case(replace(loss, priority=3)).move is Move.TICKET


@pytest.mark.parametrize(
    ("text", "is_loss"),
    [
        ("I lost my work phone", True),
        ("my laptop was stolen", True),
        ("My key card has gone missing since Monday", True),
        ("I left the store tablet on the train.", True),
        ("I cannot find my security key", True),
        ("Stolen company laptop", True),
        ("My phone was not stolen after all", False),
        ("I did not lose my phone", False),
        ("The laptop keys are missing letters", False),
        ("Missing key figures in the report", False),
        ("The app lost my account when I changed phones", False),
        ("I lost a taxi receipt", False),
        ("A parcel was lost", False),
    ],
)
def test_a_lost_or_stolen_device_is_told_from_what_else_is_lost(text: str, is_loss: bool) -> None:
    assert reports_loss(text) is is_loss


@pytest.mark.parametrize(
    ("text", "is_outage"),
    [
        ("VPN is down", True),
        ("The VPN went completely offline this morning.", True),
        ("Nobody in the store can log in to Switchback.", True),
        ("Stock levels do not load for the whole team.", True),
        ("My VPN shows error 412.", False),
        ("I can't connect to the VPN from home.", False),
        ("Download of the form fails.", False),
    ],
)
def test_an_outage_is_told_from_ones_own_trouble(text: str, is_outage: bool) -> None:
    assert reports_outage(text) is is_outage


@pytest.mark.parametrize("priority", [1, 2])
def test_what_presses_and_has_no_answer_is_handed_over(priority: int) -> None:
    assert judged(priority=priority) is Move.ESCALATION


def test_an_affected_system_is_handed_over_whatever_the_documents_say() -> None:
    assert judged(system(affected=True), answered=True, fits=False) is Move.ESCALATION
    verdict = judge_case(Case(3, True, True, False, False, (system("A"), system("B", affected=True))))
    assert (verdict.move, verdict.system and verdict.system.name) == (Move.ESCALATION, "B")


def test_who_has_no_access_asks_for_it_first() -> None:
    assert judged(system(allowed=False), answered=True) is Move.ACCESS_REQUEST
    assert judged(system("A", affected=True), system("B", allowed=False)) is Move.ACCESS_REQUEST


def test_whoever_asks_for_a_person_gets_one() -> None:
    assert judged(system(allowed=False), answered=True, person=True) is Move.ESCALATION
    assert judged(fits=False, person=True) is Move.ESCALATION


def test_what_no_category_fits_is_declined() -> None:
    assert judged(fits=False, priority=1) is Move.DECLINED


@pytest.mark.parametrize(
    ("now", "hours", "due"),
    [
        ("2026-03-02T09:00", 2, "2026-03-02T11:00"),
        ("2026-03-02T16:00", 2, "2026-03-03T08:00"),
        ("2026-03-06T16:30", 1, "2026-03-09T07:30"),
        ("2026-03-07T12:00", 1, "2026-03-09T08:00"),
        ("2026-03-02T05:00", 1, "2026-03-02T08:00"),
        ("2026-03-02T07:00", 20, "2026-03-03T17:00"),
        # Clocks go forward on the 29th: eight in the morning is an hour earlier in UTC.
        ("2026-03-27T16:00", 2, "2026-03-30T07:00"),
    ],
)
def test_hours_run_while_the_desk_is_open(now: str, hours: float, due: str) -> None:
    reached = due_time(datetime.fromisoformat(now).replace(tzinfo=UTC), hours, OFFICE)
    assert reached == datetime.fromisoformat(due).replace(tzinfo=UTC)


@given(
    minutes=st.integers(0, 20 * 366 * 24 * 60),
    hours=st.floats(0.01, 300),
)
def test_a_due_time_is_never_early_and_lies_in_business_hours(minutes: int, hours: float) -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    due = due_time(now, hours, OFFICE)
    assert due >= due_time(now, hours, None) == now + timedelta(hours=hours)
    there = due.astimezone(ZoneInfo(OFFICE.zone))
    assert there.weekday() < 5
    assert OFFICE.opens <= there.time() <= OFFICE.closes


def test_business_hours_that_are_none_are_refused() -> None:
    for wrong in ({"opens": "18:00", "closes": "08:00"}, {"zone": "Moon/Crater"}, {"days": []}):
        with pytest.raises(ValidationError):
            BusinessHours.model_validate(wrong)


def test_each_priority_has_its_hours() -> None:
    categories = [{"name": name, "title": name, "description": name, "group": "it"} for name in ("a", "b")]
    assert CategoriesFile.model_validate({"categories": categories}).settle_within_h[1] == 2
    with pytest.raises(ValidationError, match="settle_within_h needs hours"):
        CategoriesFile.model_validate({"categories": categories, "settle_within_h": {1: 2}})
    with pytest.raises(ValidationError, match="decider"):
        CategoriesFile.model_validate({"categories": categories, "decider": "somebody"})


@pytest.mark.parametrize(
    "text",
    [
        "I'm having trouble accessing the quarterly reports that were supposed to be ready yesterday",
        "Help! VPN is down",
        "My laptop screen is broken. Can you help?",
        "Hi, please reset my password",
        "Could you unlock my account?",
        "I need access to the folder Campaigns",
        "The till does not print",
        "I lost my badge",
        "I want to talk to a human",
    ],
)
def test_trouble_and_wishes_are_requests_for_help(text: str) -> None:
    assert asks_for_help(text)


@pytest.mark.parametrize(
    "text",
    [
        "how do I reset my password?",
        "I typed my password wrong too often and now I'm locked out, what do I do?",
        "The internet in our shop is down. Can we still take cards, and up to what amount?",
        "The quarterly financial reports should have been there yesterday. When are they published?",
        "Can you tell me when payday is?",
        "Please tell me the hotel cap",
        "Write me a snake game in JavaScript.",
        "VPN setup",
        "quarterly financial reports",
        "",
    ],
)
def test_questions_and_words_to_search_for_are_none(text: str) -> None:
    assert not asks_for_help(text)


def test_a_person_is_asked_for_in_so_many_words() -> None:
    for text in ("Let me talk to a real person", "A human, please", "I need a human", "Please escalate this"):
        assert asks_for_person(text)
    for text in ("Which person approves this?", "How many people work here?", "I talked to HR about it"):
        assert not asks_for_person(text)
