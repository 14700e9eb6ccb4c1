"""Tokens for personal data: one for a value in its run, whoever comes first, on both databases."""

import pytest

from ledger.db import Database
from ledger.people import find_principal
from ledger.pii_tokens import PersonalValue, assign_tokens, list_tokens, reveal, reveal_in
from ledger.reading import UNSEEN_QUESTION, get_run, get_run_for, get_run_for_delivery, list_runs
from ledger.runs import keep_masked_question
from ledger.spans import list_spans
from ledger.steps import complete_step
from tests.unit.ledger.world import EMPLOYEE, ENGINEER, ask, at_once, claim, furnish

ANN = PersonalValue("email", "ann@example.com")
BOB = PersonalValue("email", "bob@example.com")
PHONE = PersonalValue("phone", "+1 202-555-0147")


@pytest.fixture
def run_id(db: Database) -> str:
    return ask(furnish(db)).run_id


def test_tokens_are_numbered_by_kind_and_given_again(db: Database, run_id: str) -> None:
    first = assign_tokens(db, run_id, [ANN, PHONE, BOB])
    assert first == {ANN: "[EMAIL_1]", PHONE: "[PHONE_1]", BOB: "[EMAIL_2]"}
    assert assign_tokens(db, run_id, [BOB, ANN, PHONE]) == first
    assert assign_tokens(db, run_id, []) == {}
    assert list_tokens(db, run_id) == {token: value.value for value, token in first.items()}


def test_spellings_of_one_value_share_its_token(db: Database, run_id: str) -> None:
    assign_tokens(db, run_id, [ANN, PHONE])
    spelled = [PersonalValue("email", "Ann@Example.com"), PersonalValue("phone", "+1 (202) 555.0147")]
    assert list(assign_tokens(db, run_id, spelled).values()) == ["[EMAIL_1]", "[PHONE_1]"]
    assert list_tokens(db, run_id)["[EMAIL_1]"] == "ann@example.com"
    dotted = PersonalValue("email", "a.nn@example.com")
    assert assign_tokens(db, run_id, [dotted]) == {dotted: "[EMAIL_2]"}


def test_another_run_has_tokens_of_its_own(db: Database, run_id: str) -> None:
    assign_tokens(db, run_id, [ANN, BOB])
    other = ask(db, "2").run_id
    assert assign_tokens(db, other, [BOB]) == {BOB: "[EMAIL_1]"}
    assert list_tokens(db, other) == {"[EMAIL_1]": "bob@example.com"}


def test_workers_that_meet_values_at_once_agree(db: Database, run_id: str) -> None:
    people = [PersonalValue("email", f"p{number}@example.com") for number in range(6)]
    given = at_once(
        *(lambda turn=turn: assign_tokens(db, run_id, people[turn:] + people[:turn]) for turn in range(6))
    )
    assert all(isinstance(one, dict) and one == given[0] for one in given), given
    assert sorted(list_tokens(db, run_id)) == [f"[EMAIL_{number}]" for number in range(1, 7)]


def test_only_what_stands_for_something_is_revealed() -> None:
    tokens = {"[EMAIL_1]": "ann@example.com", "[EMAIL_10]": "bob@example.com"}
    assert (
        reveal("[EMAIL_10], [EMAIL_1] and [EMAIL_2]", tokens)
        == "bob@example.com, ann@example.com and [EMAIL_2]"
    )
    assert reveal_in({"a": ["[EMAIL_1]", 1, None]}, tokens) == {"a": ["ann@example.com", 1, None]}


def test_a_run_shows_values_to_its_asker_and_tokens_to_others(db: Database, run_id: str) -> None:
    held = claim(db, run_id)
    assign_tokens(db, run_id, [ANN])
    complete_step(
        db, held, {"outcome": "answered", "answer": "Ask [EMAIL_1].", "caveats": ["[EMAIL_1] is away."]}
    )
    asker, engineer = find_principal(db, EMPLOYEE), find_principal(db, ENGINEER)
    for entitled in (get_run_for(db, run_id, asker), get_run_for_delivery(db, run_id)):
        assert (entitled.answer, entitled.caveats) == ("Ask ann@example.com.", ("ann@example.com is away.",))
    for other in (get_run_for(db, run_id, engineer), get_run(db, run_id)):
        assert (other.answer, other.caveats) == ("Ask [EMAIL_1].", ("[EMAIL_1] is away.",))


def test_others_see_a_question_once_it_is_masked(db: Database) -> None:
    asked = "Is ann@example.com away?"
    run_id = ask(furnish(db), question=asked).run_id
    asker, engineer = find_principal(db, EMPLOYEE), find_principal(db, ENGINEER)

    def shown_to_others() -> set[str]:
        return {
            get_run(db, run_id).question,
            get_run_for(db, run_id, engineer).question,
            list_runs(db)[0].question,
        }

    assert shown_to_others() == {UNSEEN_QUESTION}
    assert list_spans(db, run_id)[0].input is None
    for masked in ("Is [EMAIL_1] away?", "A later one"):
        keep_masked_question(db, run_id, asked, masked)
        assert shown_to_others() == {"Is [EMAIL_1] away?"}
        assert list_spans(db, run_id)[0].input == {"question": "Is [EMAIL_1] away?"}
    assert claim(db, run_id).masked_question == "Is [EMAIL_1] away?"
    assert get_run_for(db, run_id, asker).question == get_run_for_delivery(db, run_id).question == asked
