"""`crewdesk replay` and `crewdesk spending`: what they refuse, and what they print."""

import json
from pathlib import Path

import pytest

from cli.replay import print_replay
from cli.screen import open_screen
from cli.shapes import ReplayReport
from ledger.budgets import Budgets
from ledger.db import Database
from ledger.people import find_principal
from ledger.reading import get_run_for_delivery
from ledger.run_diff import Difference, ReplayDiff
from ledger.spending import Purse, Usage
from tests.unit.cli.conftest import YOU, Crewdesk, answer_everything, submit

QUESTION = "How long is the till's warranty?"


def test_a_model_there_is_not_is_named_before_anything_is_touched(crewdesk: Crewdesk, var: Path) -> None:
    ran = crewdesk("replay", "9f3c01ab", "--as", YOU, "--model", "gpt")
    assert ran.status == 2
    assert ran.complaint == "CREWDESK_MODELS has no candidate 'gpt'; there are: extractive-floor."
    assert not var.exists()


@pytest.mark.parametrize(
    ("run_id", "email", "status", "complaint"),
    [
        ("ffffffff", YOU, 2, "There is no run ffffffff."),
        (None, "colleague@company.example", 2, "There is no run "),
        (None, "stranger@company.example", 4, "Nobody called stranger@company.example"),
    ],
)
def test_who_may_not_see_a_run_does_not_learn_of_it(
    crewdesk: Crewdesk, ledger: Database, run_id: str | None, email: str, status: int, complaint: str
) -> None:
    mine = submit(ledger, QUESTION)
    answer_everything(ledger)
    ran = crewdesk("replay", run_id or mine, "--as", email)
    assert (ran.status, ran.complaint[: len(complaint)]) == (status, complaint)


def test_a_diff_shows_what_was_and_what_is(ledger: Database, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = submit(ledger, QUESTION)
    answer_everything(ledger)
    run = get_run_for_delivery(ledger, run_id)
    diff = ReplayDiff(
        same=False,
        differences=(Difference(what="model", before="main", after="new\x1b[31m"),),
        lost_claims=("3 years. [a.md]",),
        new_claims=("2 years. [a.md]",),
        diverged=("route: request 1 is not the one that was recorded",),
    )
    print_replay(open_screen(), ReplayReport(original=run, replay=run, diff=diff))
    printed = capsys.readouterr().out
    assert printed.startswith("Another answer  (run ")
    for line in (
        "  - main",
        "  + new[31m",
        "  - 3 years. [a.md]",
        "  + 2 years. [a.md]",
        "Note: route: request 1",
    ):
        assert line in printed


def test_spending_tells_what_is_used_and_what_a_question_costs(
    crewdesk: Crewdesk, ledger: Database, workspace: Path
) -> None:
    declared = workspace / "workspace.yaml"
    budgets = "budgets: {run: 0.5, user_per_day: 2, groups_per_day: {everyone: 40}}\n"
    declared.write_text(declared.read_text() + budgets)
    limits = Budgets.model_validate({"run": 0.5, "user_per_day": 2, "groups_per_day": {"everyone": 40}})
    run_id = submit(ledger, QUESTION)
    purse = Purse(ledger, limits, run_id, find_principal(ledger, YOU))
    purse.settle(purse.reserve(9_000), Usage(1_200, 34, 12_500))
    answer_everything(ledger)
    told = json.loads(crewdesk("spending", "--as", YOU, "--json").out)
    assert [(line["cost_usd"], line["limit_usd"]) for line in told["accounts"]] == [
        (0.0125, 2.0),
        (0.0125, None),
        (0.0125, 40.0),
    ]
    assert (told["run_limit_usd"], told["estimate_usd"]) == (0.5, 0.0125)
    printed = crewdesk("spending", "--as", YOU).out
    assert "0.0125 USD" in printed
    assert "A question costs about 0.0125 USD (at most 0.5000 USD)." in printed


@pytest.mark.parametrize(
    ("budgets", "complaint"),
    [
        ("{groups_per_day: {nobody: 3}}", "budgets.groups_per_day: people.yaml has no group 'nobody'."),
        ("{run: -1}", "budgets.run: input should be greater than 0"),
        ("{per_run: 1}", "budgets.per_run: "),
    ],
)
def test_budgets_that_make_no_sense_are_named(
    crewdesk: Crewdesk, workspace: Path, budgets: str, complaint: str
) -> None:
    declared = workspace / "workspace.yaml"
    declared.write_text(f"{declared.read_text()}budgets: {budgets}\n")
    ran = crewdesk("spending", "--as", YOU)
    assert ran.status == 2
    assert complaint in ran.complaint
