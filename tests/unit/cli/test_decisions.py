"""`crewdesk decisions`: what a person may settle, and how it is settled."""

import json

import pytest

from cli.exits import ExitStatus
from ledger.db import Database
from ledger.decision_views import Decision
from ledger.runs import RunRequest, submit_run
from ledger.workflow import WorkflowSpec
from ledger.workflows import publish_workflow
from tests.unit.cli.conftest import YOU, Crewdesk

COLLEAGUE = "colleague@company.example"
ASKS = {
    "name": "asks",
    "description": "d",
    "steps": [
        {
            "key": "approve",
            "label": "Asking an administrator",
            "kind": "decision",
            "ask": {
                "question": "May it go \x1b[31mout?",
                "why": "It names prices.",
                "options": ["yes", "no"],
                "by": "role:admin",
            },
        },
        {"key": "end", "kind": "function", "uses": "end", "needs": ["approve"]},
    ],
}


@pytest.fixture
def run_id(ledger: Database) -> str:
    """Of your colleague's, and it waits for you."""
    publish_workflow(ledger, WorkflowSpec.model_validate(ASKS))
    request = RunRequest(workflow="asks", principal=COLLEAGUE, question="Q?", source="cli", external_id="1")
    return submit_run(ledger, request).run_id


def listed(crewdesk: Crewdesk, who: str, *more: str) -> list[Decision]:
    found = json.loads(crewdesk("decisions", "list", "--as", who, *more, "--json").out)["decisions"]
    return [Decision.model_validate(one) for one in found]


def test_what_is_open_is_listed_shown_and_decided_by_its_short_id(crewdesk: Crewdesk, run_id: str) -> None:
    [decision] = listed(crewdesk, YOU)
    assert listed(crewdesk, COLLEAGUE) == [decision]
    short = decision.id[-8:]
    heading, line = crewdesk("decisions", "list", "--as", YOU).out.splitlines()
    assert heading.split() == ["decision", "run", "state", "asked", "until", "by", "question"]
    assert line.startswith(f"{short}  {run_id[-8:]}  open")
    shown = crewdesk("decisions", "show", short, "--as", YOU).out
    assert f"Decision {short}, open: May it go [31mout?" in shown
    assert "It names prices." in shown
    assert "for the role admin to decide: yes | no" in shown
    decided = crewdesk("decisions", "decide", short, "yes", "--as", YOU)
    assert decided.status == ExitStatus.DONE
    assert f"yes, by {YOU}" in decided.out
    assert listed(crewdesk, YOU) == []
    assert crewdesk("decisions", "list", "--as", YOU).out == "There is nothing to decide here.\n"
    [made] = listed(crewdesk, YOU, "--run", run_id[-8:])
    assert (made.state, made.choice, made.decided_by) == ("decided", "yes", YOU)


def test_a_run_is_shown_with_what_it_waits_for(crewdesk: Crewdesk, run_id: str) -> None:
    shown = crewdesk("run", "show", run_id[-8:]).out
    [decision] = listed(crewdesk, YOU)
    assert "  Asking an administrator" in shown
    assert "May it go [31mout?" in shown
    assert f"crewdesk decisions decide {decision.id[-8:]} CHOICE --as EMAIL" in shown
    [told] = json.loads(crewdesk("run", "show", run_id, "--json").out)["decisions"]
    assert (told["id"], told["options"], told["by"]) == (decision.id, ["yes", "no"], "role:admin")


@pytest.mark.usefixtures("run_id")
def test_what_cannot_be_decided_is_told_in_a_line(crewdesk: Crewdesk) -> None:
    short = listed(crewdesk, YOU)[0].id[-8:]
    for arguments, status, complaint in (
        ((short, "yes", "--as", COLLEAGUE), ExitStatus.DENIED, "This is for the role admin to decide."),
        ((short, "maybe", "--as", YOU), ExitStatus.USAGE, "'maybe' is not on offer; choose one of: yes, no."),
        (("0000ffff", "yes", "--as", YOU), ExitStatus.USAGE, "There is no decision 0000ffff."),
        (
            ("x", "yes", "--as", YOU),
            ExitStatus.USAGE,
            "'x' is not a decision id; give at least the last four",
        ),
    ):
        ran = crewdesk("decisions", "decide", *arguments)
        assert ran.status == status
        assert ran.complaint.startswith(complaint)
    crewdesk("decisions", "decide", short, "no", "--as", YOU)
    again = crewdesk("decisions", "decide", short, "yes", "--as", YOU)
    assert (again.status, again.complaint) == (ExitStatus.FAILED, f"{YOU} decided this before: no.")


def test_a_decision_is_nobody_elses(crewdesk: Crewdesk, ledger: Database) -> None:
    publish_workflow(ledger, WorkflowSpec.model_validate(ASKS))
    request = RunRequest(workflow="asks", principal=YOU, question="Q?", source="cli", external_id="2")
    run_id = submit_run(ledger, request).run_id
    [mine] = listed(crewdesk, YOU)
    assert mine.run_id == run_id
    assert listed(crewdesk, COLLEAGUE) == []
    for arguments in (("show", mine.id), ("decide", mine.id, "yes")):
        ran = crewdesk("decisions", *arguments, "--as", COLLEAGUE)
        assert (ran.status, ran.complaint) == (ExitStatus.USAGE, f"There is no decision {mine.id}.")
    own = crewdesk("decisions", "decide", mine.id, "yes", "--as", YOU)
    assert (own.status, own.complaint) == (
        ExitStatus.DENIED,
        "You asked for this yourself, so somebody else has to decide it.",
    )
