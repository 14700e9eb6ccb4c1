"""The real `crewdesk` on a real workspace: from an empty folder to an answer with its sources.

One installation for the whole module, since each command loads the crews or the embedding model anew.
"""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from tests.model_cache import lend_models
from tests.stand_ins.warm_process import Ended, WarmProcess

YOU, COLLEAGUE = "you@company.example", "colleague@company.example"
QUESTION = "Who may read the documents of a folder?"
COMMANDS = ("init", "ingest", "doctor", "ask", "run", "trace", "replay", "audit", "search", "decisions")
SECRET_PAGE = """\
# Bonus plan

## Amounts

The bonus of the harbour team is 4,700 euros and is paid in March.
"""


@dataclass(frozen=True, slots=True)
class Terminal:
    """A shell whose CREWDESK_* settings point to one installation.

    The first of each command in `cold` is started as a person does it, all others warm.
    """

    folder: Path
    cold: set[str] = field(default_factory=set)

    @property
    def var(self) -> Path:
        return self.folder / "var"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """As a person does it."""
        return subprocess.Popen(
            [sys.executable, "-c", "import cli.main; cli.main.main()", *arguments],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, *arguments: str, **settings: str) -> Ended:
        """`settings` are CREWDESK_* ones besides the two folders."""
        if arguments[0] not in self.cold:
            return WarmProcess(main, arguments, self._environment(**settings)).end()
        self.cold.remove(arguments[0])
        return end_of(self.start(*arguments))

    def _environment(self, **settings: str) -> dict[str, str]:
        names = {"WORKSPACE": str(self.folder / "company"), "VAR": str(self.var), **settings}
        env = {name: value for name, value in os.environ.items() if not name.startswith("CREWDESK_")}
        return env | {f"CREWDESK_{name}": value for name, value in names.items()}

    def run(self, *arguments: str, status: int = 0) -> str:
        """What it printed; nothing may stand on stderr unless it failed, and then one line."""
        ended = self.end(*arguments)
        assert ended.status == status, ended
        assert len(ended.err.splitlines()) == (1 if status in (2, 4, 5) else 0), ended
        return ended.err if ended.err else ended.out

    def json(self, *arguments: str, status: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", status=status))


def end_of(process: subprocess.Popen[str]) -> Ended:
    """A process that does not end is killed and shown with what it said so far."""
    try:
        out, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        pytest.fail(f"it did not end: {process.communicate()}")
    return Ended(process.returncode, out, err)


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    terminal = Terminal(tmp_path_factory.mktemp("installation"), set(COMMANDS))
    lend_models(terminal.var)
    terminal.run("init", str(terminal.folder / "company"))
    finance = terminal.folder / "company" / "documents" / "finance"
    finance.mkdir()
    (finance / "_meta.yaml").write_text("defaults:\n  groups: [finance]\n  classification: confidential\n")
    (finance / "bonus.md").write_text(SECRET_PAGE)
    (finance / "broken.pdf").write_bytes(b"%PDF-1.7 not really")
    report = terminal.json("ingest")
    assert {file["path"]: file["status"] for file in report["files"]} == {
        "documents/finance/bonus.md": "ok",
        "documents/finance/broken.pdf": "corrupt",
        "documents/welcome.md": "ok",
    }
    return terminal


def test_ingesting_again_makes_nothing_anew_and_lists_what_cannot_be_read(terminal: Terminal) -> None:
    printed = terminal.run("ingest")
    assert "unchanged" in printed
    assert "added" not in printed
    assert "documents/finance/broken.pdf" in printed
    parts = terminal.json("doctor")["parts"]
    assert {part["part"] for part in parts if part["status"] != "ok"} == set()


def test_a_question_is_answered_from_its_sources_and_asked_again_it_is_the_same_run(
    terminal: Terminal,
) -> None:
    run = terminal.json("ask", QUESTION, "--as", YOU, "--id", "one")
    assert (run["outcome"], run["principal"], run["question"]) == ("answered", YOU, QUESTION)
    assert run["claims"]
    labels = {item["id"] for item in run["evidence"]}
    assert all(set(claim["evidence"]) <= labels for claim in run["claims"])
    assert {item["source"] for item in run["evidence"]} == {"documents/welcome.md"}
    assert run["model"]["name"] == "extractive-floor"
    assert run["timings"]["total_s"] > 0

    again = terminal.json("ask", QUESTION, "--as", YOU, "--id", "one")
    assert again == run
    other = terminal.run("ask", "Something else?", "--as", YOU, "--id", "one", status=5)
    assert "was used before" in other
    assert "[1]" in terminal.run("run", "show", run["run_id"])
    assert "tool search_knowledge" in terminal.run("trace", run["run_id"])
    replayed = terminal.json("replay", run["run_id"], "--as", YOU)
    assert (replayed["diff"]["same"], replayed["diff"]["diverged"]) == (True, [])
    assert replayed["replay"]["replay_of"] == run["run_id"]
    assert "whole" in terminal.run("audit", "verify")


def test_only_those_who_may_read_a_document_learn_of_it(terminal: Terminal) -> None:
    query = "bonus of the harbour team"
    found = terminal.json("search", query, "--as", YOU)["passages"]
    assert "4,700 euros" in found[0]["text"]
    hidden = terminal.json("search", query, "--as", COLLEAGUE)["passages"]
    assert {passage["path"] for passage in hidden} <= {"documents/welcome.md"}


def test_what_somebody_else_may_not_read_is_withheld_and_said_so(terminal: Terminal) -> None:
    query = ("search", "bonus of the harbour team", "--as", YOU, "--audience", COLLEAGUE)
    report = terminal.json(*query)
    assert report["withheld"]
    assert report["audience"] == [COLLEAGUE]
    assert "4,700" not in json.dumps(report)
    assert "Something else was found that not everyone in the audience may read." in terminal.run(*query)
    assert not terminal.json("search", "bonus of the harbour team", "--as", YOU)["withheld"]


@pytest.mark.parametrize(
    "wish",
    [
        ("--owner", "nobody@company.example"),
        ("--language", "de"),
        ("--updated-from", "2999-01-01"),
        ("--updated-to", "1999-12-31"),
        ("--collection", "nowhere"),
    ],
)
def test_a_filter_that_nothing_meets_leaves_nothing(terminal: Terminal, wish: tuple[str, str]) -> None:
    assert terminal.json("search", "bonus of the harbour team", "--as", YOU, *wish)["passages"] == []


def test_what_the_documents_do_not_say_is_not_answered(terminal: Terminal) -> None:
    run = terminal.json("ask", "What is the bonus of the harbour team?", "--as", COLLEAGUE, status=3)
    assert run["outcome"] == "abstained"
    assert run["reason"]
    assert "4,700" not in json.dumps(run)


def test_ctrl_c_ends_quietly_and_the_run_is_finished_by_whoever_comes_next(terminal: Terminal) -> None:
    command = ("ask", "Where do I put documents?", "--as", YOU, "--id", "interrupted", "--json")
    process = terminal.start(*command)
    run_id = _run_of(terminal, "interrupted", process)
    process.send_signal(signal.SIGINT)
    ended = end_of(process)
    assert (ended.status, ended.out, ended.err) == (130, "", "")

    run = terminal.json(*command[:-1])
    assert (run["run_id"], run["outcome"]) == (run_id, "answered")


def test_ctrl_c_ends_an_ingestion_that_the_next_one_goes_on_with(terminal: Terminal) -> None:
    page = terminal.folder / "company" / "documents" / "later.md"
    page.write_text("# Later\n\nThis page is read after the interruption.\n")
    process = terminal.start("ingest")
    _wait_for_row(terminal, "SELECT id FROM ingestions WHERE state = 'running'", process)
    process.send_signal(signal.SIGINT)
    ended = end_of(process)
    assert (ended.status, ended.out) == (130, "")
    assert ended.err.startswith("crewdesk: Interrupted; ")
    assert "un again to go on." in ended.err

    assert "added" in terminal.run("ingest")
    page.unlink()
    terminal.run("ingest")


def _wait_for_row(terminal: Terminal, query: str, process: subprocess.Popen[str]) -> None:
    pause, deadline = threading.Event(), time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None
        with closing(sqlite3.connect(terminal.var / "crewdesk.db")) as connection:
            if connection.execute(query).fetchone():
                return
        pause.wait(0.005)
    raise TimeoutError(query)


def _run_of(terminal: Terminal, external_id: str, process: subprocess.Popen[str]) -> str:
    """Waits until the request is durable."""
    query = "SELECT run_id FROM inbox WHERE external_id = ?"
    pause, deadline = threading.Event(), time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None
        with closing(sqlite3.connect(terminal.var / "crewdesk.db")) as connection:
            row = connection.execute(query, (external_id,)).fetchone()
        if row:
            return str(row[0])
        pause.wait(0.02)
    raise TimeoutError(external_id)


APPROVED = """\
name: approved
description: Answers once somebody agreed.
steps:
  - key: approve
    kind: decision
    ask: {question: "May this be asked?", options: [yes, no], by: "role:admin"}
  - {key: answer, kind: crew, uses: help_desk, needs: [approve], when: "approve.choice == 'yes'"}
  - {key: verify, kind: function, uses: verify_answer, needs: [answer]}
"""


def test_a_question_that_needs_a_person_ends_with_the_command_and_is_answered_after(
    terminal: Terminal,
) -> None:
    own = terminal.folder / "company" / "workflows"
    own.mkdir()
    (own / "approved.yaml").write_text(APPROVED)
    ask = ("ask", QUESTION, "--as", COLLEAGUE, "--id", "approved", "--workflow", "approved")
    waiting = terminal.run(*ask, status=6)
    assert "May this be asked?" in waiting
    [command] = re.findall(r"crewdesk (decisions decide [0-9a-f]{8}) CHOICE --as EMAIL", waiting)
    terminal.run(*command.split(), "yes", "--as", YOU)
    assert terminal.json(*ask)["outcome"] == "answered"
