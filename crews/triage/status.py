"""How a system fares: what its status page says, and how the last runs of its pipelines ended."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from crews.triage.systems import RUN_COLUMNS, System
from knowledge.search.access import AccessScope
from knowledge.warehouse.latest_rows import latest_rows
from knowledge.warehouse.result import Verdict
from knowledge.warehouse.warehouse import Warehouse
from ledger.errors import WorkspaceInvalid

_RUNS_SHOWN = 3


class Health(StrEnum):
    """From the best to the worst. `unknown` where nothing tells."""

    OK = "ok"
    UNKNOWN = "unknown"
    LATE = "late"
    FAILED = "failed"


_ORDER = tuple(Health)
_OF_RUN = {"failed": Health.FAILED, "late": Health.LATE, "succeeded": Health.OK}


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """`sentence` tells how it ended and why; `product` is where that is on record."""

    pipeline: str
    product: str
    scheduled: datetime
    health: Health
    sentence: str


@dataclass(frozen=True, slots=True)
class SystemStatus:
    """`health` is the worst of its pipelines' last runs. `runs` begin with each pipeline's last; `notes` say
    what else bears on it."""

    system: str
    health: Health
    runs: tuple[PipelineRun, ...]
    page: str | None
    notes: tuple[str, ...]
    owner: str
    contact: str

    @property
    def sentences(self) -> tuple[str, str]:
        """How it fares, and whose it is."""
        if self.health is Health.UNKNOWN:
            told = f"Nothing on record tells how {self.system} fares."
        elif self.health is Health.OK:
            told = f"{self.system} works as it should."
        else:
            told = f"{self.system} is affected: {self.runs[0].sentence}"
        return told, f"Its owner is {self.owner} ({self.contact})."


def check_system_status(
    system: System, product: str | None, warehouse: Warehouse | None, scope: AccessScope, now: datetime
) -> SystemStatus:
    """Raises UnknownData, NotLoaded, QueryRefused where the pipelines' runs cannot be read, and
    WorkspaceInvalid where they are not what they should be."""
    runs: list[PipelineRun] = []
    notes: list[str] = []
    for pipeline in system.pipelines:
        if warehouse is None or product is None:
            notes.append("The workspace has no data catalog to read pipeline runs from.")
            break
        found, told = _runs_of(pipeline, product, warehouse, scope, now)
        runs += found
        notes += told
    last = {run.pipeline: run for run in reversed(runs)}
    worst = max((run.health for run in last.values()), key=_ORDER.index, default=Health.UNKNOWN)
    # The pipeline that fares worst is told of first.
    ordered = sorted(runs, key=lambda run: -_ORDER.index(last[run.pipeline].health))
    return SystemStatus(
        system=system.name,
        health=worst,
        runs=tuple(ordered),
        page=system.status,
        notes=tuple(dict.fromkeys(notes)),
        owner=system.owner.team,
        contact=system.owner.contact,
    )


def _runs_of(
    pipeline: str, product: str, warehouse: Warehouse, scope: AccessScope, now: datetime
) -> tuple[list[PipelineRun], list[str]]:
    _check_columns(warehouse, product)
    found = latest_rows(
        warehouse, scope, product, now, column="pipeline", value=pipeline, by="scheduled", limit=_RUNS_SHOWN
    )
    notes = [finding.sentence for finding in found.quality.findings if finding.verdict is not Verdict.PASS]
    if not found.rows and found.quality.verdict is not Verdict.BLOCK:
        notes.append(f"No run of the pipeline {pipeline} is on record in {product}.")
    return [_run(pipeline, product, row, now.date()) for row in found.rows], notes


def _check_columns(warehouse: Warehouse, product: str) -> None:
    declared = warehouse.catalog.products.get(product)
    missing = [name for name in RUN_COLUMNS if declared and name not in {c.name for c in declared.columns}]
    if missing:
        raise WorkspaceInvalid(
            f"systems.yaml: pipeline_runs: {product} has no column {missing[0]}; it needs "
            f"{', '.join(RUN_COLUMNS)}."
        )


def _run(pipeline: str, product: str, row: dict[str, Any], today: date) -> PipelineRun:
    health = _OF_RUN.get(str(row["status"]), Health.UNKNOWN)
    when = f"{_day(row['scheduled'].date(), today)} at {row['scheduled']:%H:%M}"
    why = f": {row['error']}" if row["error"] else ""
    ended = {Health.OK: "succeeded", Health.LATE: "was late", Health.FAILED: "failed"}.get(
        health, f"is {row['status']}"
    )
    sentence = f"The pipeline {pipeline}, due {when}, {ended}{why}."
    return PipelineRun(pipeline, product, row["scheduled"], health, sentence)


def _day(day: date, today: date) -> str:
    near = {today: "today", today - timedelta(days=1): "yesterday"}
    return near.get(day, f"on {day:%d %B %Y}")
