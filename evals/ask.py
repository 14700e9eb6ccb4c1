"""`python -m evals.ask [WORKSPACE]`: asks a workspace's `questions.yaml` and scores the answers.

An answered question must quote every snippet that is expected and cite the right document; the others must
abstain.
"""

import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from cli.embedded import Installation, open_installation
from knowledge.ingest import ingest
from ledger.ids import new_id
from ledger.log import configure_logging
from ledger.reading import RunView
from ledger.runs import RunRequest, submit_run
from ledger.settings import EmbeddedSettings
from ledger.yaml_file import load_yaml

DEFAULT_WORKSPACE = Path(__file__).parent.parent / "examples" / "larkspur"


class Question(BaseModel):
    """`document` is the path the answer must cite, `must_include` what it must quote."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    ask_as: str
    expect: Literal["answered", "abstained"]
    kind: str
    document: str | None = None
    must_include: tuple[str, ...] = ()


class QuestionsFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    questions: tuple[Question, ...]


def load_questions(workspace: Path) -> tuple[Question, ...]:
    return load_yaml(workspace / "questions.yaml", QuestionsFile).questions


def fault_in(question: Question, run: RunView) -> str | None:
    """What is wrong with the run's answer, or None."""
    if run.outcome != question.expect:
        return f"{run.outcome}, not {question.expect}"
    if question.expect == "abstained":
        return None
    answer = " ".join((run.answer or "").split()).lower()
    missing = [snippet for snippet in question.must_include if snippet.lower() not in answer]
    if missing:
        return f"does not say “{missing[0]}”"
    if question.document and not any(item.source == question.document for item in run.evidence):
        return f"does not cite {question.document}"
    return None


def ask_all(installation: Installation, questions: tuple[Question, ...]) -> list[tuple[Question, RunView]]:
    """Runs every question through the real worker; they are all submitted at once."""
    submitted = [
        submit_run(
            installation.db,
            RunRequest(principal=item.ask_as, question=item.question, source="cli", external_id=new_id()),
        )
        for item in questions
    ]
    return [
        (question, installation.wait_for_run(submission.run_id, lambda _progress: None))
        for question, submission in zip(questions, submitted, strict=True)
    ]


def main(arguments: list[str]) -> int:
    workspace = Path(arguments[0]) if arguments else DEFAULT_WORKSPACE
    configure_logging("ERROR", "console")
    with tempfile.TemporaryDirectory() as folder:
        settings = EmbeddedSettings(workspace=workspace, var=Path(folder) / "var")
        with open_installation(settings, "evals") as installation:
            ingest(installation.db, installation.workspace, installation.library, lambda _progress: None)
            installation.start_worker()
            answered = ask_all(installation, load_questions(workspace))
    return _report(answered)


def _report(answered: list[tuple[Question, RunView]]) -> int:
    by_kind: dict[str, list[str | None]] = defaultdict(list)
    console = Console(width=140)
    for question, run in answered:
        fault = fault_in(question, run)
        by_kind[question.kind].append(fault)
        if fault is not None:
            console.print(f"[bold]{question.question}[/bold] ({question.ask_as}): {fault}", highlight=False)
            console.print(f"   {(run.answer or run.failure or '')[:300]}", style="dim", highlight=False)
    table = Table("kind", "questions", "right", title="Answers on the workspace's own questions")
    for kind, faults in sorted(by_kind.items()):
        table.add_row(kind, str(len(faults)), str(faults.count(None)))
    faults = [fault for kind in by_kind.values() for fault in kind]
    table.add_row("all", str(len(faults)), str(faults.count(None)), style="bold")
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
