"""The `crewdesk` command run inside the test's own process, on folders of its own."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.main import run
from cli.new_workspace import make_workspace
from ledger.db import Database
from ledger.evidence import Finding, record_evidence
from ledger.people import sync_people
from ledger.relay import Relay
from ledger.result import Claim, ModelUse, RunResult
from ledger.runs import RunRequest, keep_masked_question, submit_run
from ledger.spans import SpanRecorder
from ledger.steps import claim_step, complete_step
from ledger.workflow import StepKind, StepSpec, WorkflowSpec
from ledger.workflows import publish_workflow
from ledger.workspace import open_workspace

YOU = "you@company.example"
ASK = WorkflowSpec(
    name="ask", description="Answers.", steps=(StepSpec(key="answer", kind=StepKind.CREW, uses="desk"),)
)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line of a command that could not do its work."""
        assert self.out == ""
        [line] = self.err.splitlines()
        assert line.startswith("crewdesk: ")
        return line.removeprefix("crewdesk: ")


Crewdesk = Callable[..., Ran]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "company"
    make_workspace(folder)
    return folder


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """Not made yet."""
    return tmp_path / "var"


@pytest.fixture
def crewdesk(
    workspace: Path, var: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Crewdesk]:
    monkeypatch.chdir(workspace.parent)
    monkeypatch.setenv("CREWDESK_WORKSPACE", str(workspace))
    monkeypatch.setenv("CREWDESK_VAR", str(var))
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level

    def call(*arguments: str) -> Ran:
        capsys.readouterr()
        status = run(arguments)
        printed = capsys.readouterr()
        return Ran(status, printed.out, printed.err)

    yield call
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def ledger(workspace: Path, var: Path, _sqlite_template: Path) -> Iterator[Database]:
    """The database of `var`, prepared as `crewdesk ingest` does it."""
    var.mkdir()
    (var / "crewdesk.db").write_bytes(_sqlite_template.read_bytes())
    db = Database(f"sqlite:///{var / 'crewdesk.db'}")
    sync_people(db, open_workspace(workspace).people)
    publish_workflow(db, ASK)
    yield db
    db.close()


def submit(db: Database, question: str) -> str:
    request = RunRequest(principal=YOU, question=question, source="cli", external_id=question)
    return submit_run(db, request).run_id


def answer_everything(db: Database) -> None:
    """Plays the worker: two claims, the second of which leans on a stale page."""
    rung: list[str] = []
    Relay(db, rung.append).ring_due()
    for step_id in rung:
        claim = claim_step(db, step_id, "the test")
        assert claim is not None
        keep_masked_question(db, claim.run_id, claim.question, claim.question)
        recorder = SpanRecorder(db, claim)
        with (
            recorder.span("step", "answer", {}, parent_id=recorder.root_id, span_id=recorder.step_span_id),
            recorder.span("generation", "desk", {"messages": ["the prompt"]}) as span,
        ):
            span.output = "the reply"
            usage = {"input": 1200, "output": 34, "total": 1234}
            span.attributes.update(model="scripted-1", usage=usage)
        found = record_evidence(
            db, claim, [_finding("Tills", stale=False), _finding("Old \x1b[31mpage", stale=True)]
        )
        first, second = (item.label for item in found)
        complete_step(db, claim, _result(first, second).model_dump(mode="json"))


def _finding(title: str, *, stale: bool) -> Finding:
    details = {
        "title": title,
        "section": "Warranty",
        "owner": "it@company.example",
        "updated": "2025-01-31",
        "review_by": "2025-06-30",
        "stale": stale,
    }
    return Finding("passage", f"documents/{title[:3]}.md", "Warranty", f"{title} text", "2025-01-31", details)


def _result(first: str, second: str) -> RunResult:
    claims = (
        Claim(text="Later pages say 3 years.", evidence=(second,)),
        Claim(text="All agree.", evidence=(first, second)),
    )
    return RunResult(
        outcome="answered",
        answer="Later pages say 3 years. All agree.",
        claims=claims,
        caveats=("One page may be out of date.",),
        specialist="Help desk",
        model=ModelUse(name="scripted-1"),
    )
