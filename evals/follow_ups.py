"""`python -m evals.follow_ups [WORKSPACE]`: holds a workspace's conversations, `follow_ups.yaml`, and scores
what their last message is taken for and how it is answered.

Each message is asked once the one before it in its thread has ended, by rule and without a model.
"""

import sys
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from rich.console import Console
from rich.table import Table

from cli.embedded import Installation, open_installation
from evals.ask import DEFAULT_WORKSPACE
from examples.larkspur_data.write import ensure_data
from knowledge.ingest import ingest
from knowledge.warehouse.loading.load import load_products
from knowledge.warehouse.warehouse import open_warehouse
from ledger.ids import new_id
from ledger.log import configure_logging
from ledger.reading import RunView
from ledger.runs import RunRequest, submit_run
from ledger.settings import EmbeddedSettings
from ledger.yaml_file import load_yaml

RIGHT_BAR = 0.9

ASKER = "employee@larkspur.example"


class FollowUp(BaseModel):
    """`understood` is what the last message has to be taken for; None where it stands alone. `ask_as` has who
    asks each turn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    turns: Annotated[tuple[str, ...], Field(min_length=1)]
    kind: str
    expect: Literal["answered", "abstained"]
    understood: str | None = None
    must_include: tuple[str, ...] = ()
    ask_as: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.ask_as and len(self.ask_as) != len(self.turns):
            raise ValueError("ask_as has to name somebody for each turn")
        return self

    @property
    def askers(self) -> tuple[str, ...]:
        return self.ask_as or (ASKER,) * len(self.turns)


class FollowUpsFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    follow_ups: tuple[FollowUp, ...]


def load_follow_ups(workspace: Path) -> tuple[FollowUp, ...]:
    return load_yaml(workspace / "follow_ups.yaml", FollowUpsFile).follow_ups


def fault_in(case: FollowUp, run: RunView) -> str | None:
    """What is wrong with the last run, or None."""
    if run.understood_as != case.understood:
        return f"taken for {run.understood_as!r}, not {case.understood!r}"
    if run.outcome != case.expect:
        return f"{run.outcome}, not {case.expect}"
    answer = " ".join((run.answer or "").split()).lower()
    missing = [snippet for snippet in case.must_include if snippet.lower() not in answer]
    return f"does not say “{missing[0]}”" if missing else None


def hold(installation: Installation, case: FollowUp) -> RunView:
    """The run of the last message."""
    thread, run = new_id(), None
    for asker, text in zip(case.askers, case.turns, strict=True):
        # A thread that several read, as one of a channel that is cleared for finance is.
        readers = ("everyone", "finance") if case.ask_as else None
        request = RunRequest(
            principal=asker,
            question=text,
            source="cli",
            external_id=new_id(),
            thread=thread,
            audience_groups=readers,
        )
        run = installation.wait_for_run(submit_run(installation.db, request).run_id, lambda _view: None)
    assert run is not None
    return run


def hold_all(workspace: Path, var: Path) -> list[tuple[FollowUp, RunView]]:
    settings = EmbeddedSettings(workspace=workspace, var=var)
    with open_installation(settings, "evals") as installation:
        ingest(installation.db, installation.workspace, installation.library, lambda _progress: None)
        warehouse = open_warehouse(installation.db, installation.workspace, var)
        load_products(warehouse, None, datetime.now(UTC), lambda _load: None)
        installation.start_worker()
        return [(case, hold(installation, case)) for case in load_follow_ups(workspace)]


def report(held: list[tuple[FollowUp, RunView]], console: Console) -> bool:
    """Whether the bar is met, and nothing that stands alone was taken for something else."""
    by_kind: dict[str, list[str | None]] = defaultdict(list)
    misread = 0
    for case, run in held:
        fault = fault_in(case, run)
        by_kind[case.kind].append(fault)
        misread += case.understood is None and run.understood_as is not None
        if fault is not None:
            console.print(f"[bold]{' | '.join(case.turns)}[/bold]: {fault}", highlight=False)
            console.print(f"   {(run.answer or run.failure or '')[:300]}", style="dim", highlight=False)
    table = Table("kind", "conversations", "right", title="Follow-ups in the workspace's own conversations")
    for kind, faults in sorted(by_kind.items()):
        table.add_row(kind, str(len(faults)), str(faults.count(None)))
    faults = [fault for kind in by_kind.values() for fault in kind]
    table.add_row("all", str(len(faults)), str(faults.count(None)), style="bold")
    console.print(table)
    console.print(f"Stood alone and were taken for something else: {misread}.", highlight=False)
    return misread == 0 and faults.count(None) >= RIGHT_BAR * len(faults)


def main(arguments: list[str]) -> int:
    workspace = Path(arguments[0]) if arguments else DEFAULT_WORKSPACE
    configure_logging("ERROR", "console")
    if workspace == DEFAULT_WORKSPACE:
        ensure_data(workspace / "data", datetime.now(UTC).date())
    with tempfile.TemporaryDirectory() as folder:
        held = hold_all(workspace, Path(folder) / "var")
    return 0 if report(held, Console(width=140)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
