"""The commands that read: what a person sees, and what a program gets."""

import json
import sqlite3
from pathlib import Path

import pytest

from ledger.db import Database
from ledger.reading import RunView
from ledger.watches import open_watches
from tests.unit.cli.conftest import YOU, Crewdesk, answer_everything, submit
from tests.unit.ledger.world import claim, end_blocked

QUESTION = "How long is the till's warranty?"


@pytest.fixture
def answered(ledger: Database) -> str:
    run_id = submit(ledger, QUESTION)
    answer_everything(ledger)
    return run_id


class TestRuns:
    def test_none_yet(self, crewdesk: Crewdesk, ledger: Database) -> None:
        ran = crewdesk("runs")
        assert ran.status == 0
        assert "No runs yet" in ran.out
        assert json.loads(crewdesk("runs", "--json").out) == {"runs": []}

    def test_the_newest_comes_first(self, crewdesk: Crewdesk, ledger: Database, answered: str) -> None:
        newest = submit(ledger, "And the scanner's?")
        lines = crewdesk("runs").out.splitlines()
        assert [line.split()[:2] for line in lines[1:]] == [
            [newest[-8:], "queued"],
            [answered[-8:], "answered"],
        ]
        assert QUESTION in lines[2]
        runs = json.loads(crewdesk("runs", "--limit", "1", "--json").out)["runs"]
        assert [run["run_id"] for run in runs] == [newest]


class TestOneRun:
    def test_sources_stand_under_the_numbers_the_answer_gives_them(
        self, crewdesk: Crewdesk, answered: str
    ) -> None:
        ran = crewdesk("run", "show", answered[-8:])
        assert ran.status == 0
        assert "Later pages say 3 years. [1] All agree. [1][2]" in ran.out
        first, second = ran.out.index(" [1] Old [31mpage · Warranty"), ran.out.index(" [2] Tills · Warranty")
        assert first < second
        facts = ran.out[first:second]
        assert "documents/Old.md · owner it@company.example · updated 2025-01-31" in facts
        assert "STALE (review was due 2025-06-30)" in facts
        assert "STALE" not in ran.out[second:]
        assert "Note: One page may be out of date." in ran.out
        assert "answered · Help desk · scripted-1 · " in ran.out
        assert f"run {answered[-8:]}" in ran.out
        assert "step answer: done in " in ran.out

    def test_one_without_a_figure_can_be_watched(self, crewdesk: Crewdesk, ledger: Database) -> None:
        run_id = submit(ledger, "How much did we sell?")
        refused = crewdesk("run", "watch", run_id[-8:])
        assert (refused.status, "nothing to wait for" in refused.err) == (2, True)
        end_blocked(ledger, claim(ledger, run_id), "sales.orders", "sales.lines")
        assert f"crewdesk run watch {run_id[-8:]}" in crewdesk("run", "show", run_id[-8:]).out
        ran = crewdesk("run", "watch", run_id[-8:])
        assert (ran.status, "as soon as sales.lines, sales.orders can give" in ran.out) == (0, True)
        assert [watch.run_id for watch in open_watches(ledger)] == [run_id]

    def test_nothing_a_document_says_reaches_the_terminal_as_a_command(
        self, crewdesk: Crewdesk, answered: str
    ) -> None:
        assert "\x1b" not in crewdesk("run", "show", answered).out

    def test_as_json_it_is_the_run_view_and_nothing_else(self, crewdesk: Crewdesk, answered: str) -> None:
        ran = crewdesk("run", "show", answered, "--json")
        assert ran.err == ""
        run = RunView.model_validate_json(ran.out)
        assert (run.run_id, run.outcome, run.principal) == (answered, "answered", YOU)
        assert {item.id for item in run.evidence} == {"E1", "E2"}

    def test_an_open_run_says_its_state(self, crewdesk: Crewdesk, ledger: Database) -> None:
        run_id = submit(ledger, QUESTION)
        assert "This run is queued" in crewdesk("run", "show", run_id).out

    @pytest.mark.parametrize(
        ("given", "says"), [("00000000", "no run"), ("xyz", "not a run id"), ("", "not a run id")]
    )
    def test_an_id_nobody_has_is_wrong_usage(
        self, crewdesk: Crewdesk, answered: str, given: str, says: str
    ) -> None:
        assert answered
        for command in (("run", "show"), ("trace",)):
            ran = crewdesk(*command, given)
            assert ran.status == 2
            assert says in ran.complaint


class TestTrace:
    def test_spans_hang_below_each_other_with_times_tokens_and_model(
        self, crewdesk: Crewdesk, answered: str
    ) -> None:
        run, step, generation = crewdesk("trace", answered).out.splitlines()
        assert run.startswith("run ask")
        assert step.startswith("└── step answer  at 0.")
        assert generation.startswith("    └── generation desk  at 0.")
        assert " · took 0." in generation
        assert "1,200 tokens in, 34 out · scripted-1" in generation

    def test_prompts_and_replies_are_shown_on_demand(self, crewdesk: Crewdesk, answered: str) -> None:
        assert "the prompt" not in crewdesk("trace", answered).out
        in_full = crewdesk("trace", answered, "--inputs").out
        assert "the prompt" in in_full
        assert "the reply" in in_full

    def test_as_json_every_span_with_input_and_output(self, crewdesk: Crewdesk, answered: str) -> None:
        trace = json.loads(crewdesk("trace", answered, "--json").out)
        assert trace["run_id"] == answered
        by_kind = {span["kind"]: span for span in trace["spans"]}
        assert set(by_kind) == {"run", "step", "generation"}
        assert by_kind["generation"]["input"] == {"messages": ["the prompt"]}
        assert by_kind["generation"]["parent_id"] == by_kind["step"]["id"]


class TestAudit:
    def test_a_whole_chain_prints_its_head(self, crewdesk: Crewdesk, answered: str) -> None:
        assert answered
        report = json.loads(crewdesk("audit", "verify", "--json").out)
        assert report["rows"] > 3
        ran = crewdesk("audit", "verify")
        assert (ran.status, report["head"] in ran.out) == (0, True)

    def test_a_changed_row_is_named(self, crewdesk: Crewdesk, answered: str, var: Path) -> None:
        assert answered
        with sqlite3.connect(var / "crewdesk.db") as connection:
            connection.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 2")
        connection.close()
        for flags in ((), ("--json",)):
            ran = crewdesk("audit", "verify", *flags)
            assert ran.status == 5
            assert "row 2" in ran.complaint


class TestKeys:
    def test_a_key_is_printed_alone_and_can_be_revoked(self, crewdesk: Crewdesk, ledger: Database) -> None:
        from ledger.api_keys import principal_for_key
        from ledger.errors import NotPermitted

        made = crewdesk("keys", "create", f" {YOU.upper()} ")
        key = made.out.strip()
        secret = (Path.cwd() / "var" / "api-key-secret").read_bytes()
        assert principal_for_key(ledger, secret, key).email == YOU
        assert crewdesk("keys", "revoke", key.split("_")[1]).status == 0
        with pytest.raises(NotPermitted):
            principal_for_key(ledger, secret, key)

    def test_nobody_unknown_gets_a_key(self, crewdesk: Crewdesk, ledger: Database) -> None:
        assert crewdesk("keys", "create", "stranger@company.example").status == 4
        assert crewdesk("keys", "revoke", "000000000000").status == 2
