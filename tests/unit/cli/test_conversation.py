"""`crewdesk conversation show`, and what `run show` says of a follow-up."""

import json

import pytest

from ledger.db import Database
from ledger.runs import RunRequest, submit_run
from ledger.understanding import Understood, keep_understood
from tests.unit.cli.conftest import YOU, Crewdesk, answer_everything

FOLLOW_UP = "and the scanner's?"
WHOLE = "How long is the till's warranty, for the scanner's?"


def say(db: Database, question: str) -> str:
    request = RunRequest(principal=YOU, question=question, source="cli", external_id=question, thread="tills")
    run_id = submit_run(db, request).run_id
    if question == FOLLOW_UP:
        keep_understood(db, run_id, question, Understood(question=WHOLE))
    answer_everything(db)
    return run_id


def test_a_conversation_is_shown_with_its_facts(crewdesk: Crewdesk, ledger: Database) -> None:
    say(ledger, "How long is the till's warranty?")
    say(ledger, FOLLOW_UP)
    ran = crewdesk("conversation", "show", "tills", "--as", YOU)
    assert ran.status == 0
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert lines[0].endswith(": How long is the till's warranty?")
    assert f"Understood as: {WHOLE}" in lines
    shown = json.loads(crewdesk("conversation", "show", "tills", "--as", YOU, "--json").out)
    assert [turn["understood_as"] for turn in shown["turns"]] == [None, WHOLE]
    assert all(turn["facts"] for turn in shown["turns"])


@pytest.mark.usefixtures("ledger")
def test_one_that_nobody_had_is_not_there(crewdesk: Crewdesk) -> None:
    ran = crewdesk("conversation", "show", "nothing", "--as", YOU)
    assert ran.status == 2
    assert "There is no thread 'nothing' that you took part in." in ran.err


def test_what_a_follow_up_was_taken_for_is_said_with_its_answer(crewdesk: Crewdesk, ledger: Database) -> None:
    run_id = say(ledger, FOLLOW_UP)
    assert f"Understood as: {WHOLE}" in " ".join(crewdesk("run", "show", run_id).out.split())
