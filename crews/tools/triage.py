"""The triager's tools that look: what a request is, whether its asker has access, and how a system fares."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crews.step_context import StepContext
from crews.tools.gate import Effect, Status, ToolOutcome, ToolSpec
from crews.triage.access import check_access, require_access
from crews.triage.desk import Triaged, TriageDesk
from crews.triage.status import Health, PipelineRun, SystemStatus, check_system_status
from crews.triage.systems import SYSTEMS, System
from ledger.evidence import Finding
from ledger.people import Right

# Kinds of evidence.
CLASSIFICATION = "classification"
ACCESS = "access"
STATUS = "system_status"
_NO_SYSTEMS = "The workspace declares no systems."


class RequestArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[
        str, Field(min_length=1, max_length=8000, description="The request in the asker's words.")
    ]


class SystemArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    system: Annotated[
        str, Field(min_length=1, max_length=8000, description="A system's name, or a request naming it.")
    ]


def _classify(context: StepContext, arguments: RequestArguments) -> ToolOutcome:
    found = context.triage.triage(arguments.text)
    guesses = ", ".join(f"{guess.label} {guess.probability:.2f}" for guess in found.guesses)
    finding = Finding(
        kind=CLASSIFICATION,
        source="triage",
        locator=found.category.name,
        text=f"{found.category.title} ({guesses}). {found.priority.reason}",
        as_of=None,
        details={
            "title": found.category.title,
            "category": found.category.name,
            "guesses": [[guess.label, round(guess.probability, 4)] for guess in found.guesses],
            "in_scope": found.in_scope,
            "sure": found.sure,
            "priority": found.priority.level,
            "impact": found.priority.impact,
            "urgency": found.priority.urgency,
            "expertise": found.category.group,
            "systems": list(found.systems),
            "sentences": [found.priority.reason],
        },
    )
    return ToolOutcome(Status.FOUND, findings=[finding], note=_doubt(found))


def _doubt(found: Triaged) -> str | None:
    if not found.in_scope:
        return "This is unlike any request of these categories: a person decides what becomes of it."
    if not found.sure:
        return "This category is not certain enough: a person decides between the three likeliest."
    return None


def _access(context: StepContext, arguments: SystemArguments) -> ToolOutcome:
    system, unknown = _named(context.triage, arguments.system)
    if system is None:
        return unknown
    answer = check_access(context.claim.principal, system)
    finding = Finding(
        kind=ACCESS,
        source=SYSTEMS,
        locator=system.name,
        text=answer.sentence,
        as_of=None,
        details={
            "title": f"Access to {system.name}",
            "allowed": answer.allowed,
            "request": answer.request,
            "owner": system.owner.team,
            "contact": system.owner.contact,
            "sentences": [answer.sentence],
        },
    )
    return ToolOutcome(Status.FOUND, findings=[finding])


def _status(context: StepContext, arguments: SystemArguments) -> ToolOutcome:
    desk = context.triage
    system, unknown = _named(desk, arguments.system)
    if system is None or desk.systems is None:
        return unknown
    require_access(context.claim.principal, context.claim.audience_groups, system)
    warehouse = context.numbers.warehouse if system.pipelines and context.desk else None
    status = check_system_status(
        system, desk.systems.pipeline_runs, warehouse, context.access, context.db.clock.now()
    )
    findings = [_run_finding(run, system) for run in status.runs]
    findings += [_page_finding(status, system)]
    return ToolOutcome(Status.FOUND, findings=findings)


def _run_finding(run: PipelineRun, system: System) -> Finding:
    return Finding(
        kind=STATUS,
        source=run.product,
        locator=f"{run.pipeline}, {run.scheduled:%Y-%m-%d %H:%M}",
        text=run.sentence,
        as_of=f"{run.scheduled:%Y-%m-%d}",
        details={
            "title": f"Runs of {run.pipeline}",
            "health": run.health,
            "owner": system.owner.team,
            "sentences": [run.sentence],
        },
    )


def _page_finding(status: SystemStatus, system: System) -> Finding:
    told = [*status.sentences, *([f"Status page: {status.page}"] if status.page else []), *status.notes]
    return Finding(
        kind=STATUS,
        source=SYSTEMS,
        locator=system.name,
        text=" ".join(told),
        as_of=None,
        details={
            "title": f"Status of {system.name}",
            "health": status.health,
            "affected": status.health in (Health.FAILED, Health.LATE),
            "owner": status.owner,
            "contact": status.contact,
            "owner_group": system.owner.group,
            "sentences": told,
        },
    )


def _named(desk: TriageDesk, asked: str) -> tuple[System | None, ToolOutcome]:
    """The system, or what to answer where none is meant."""
    if desk.systems is None:
        return None, ToolOutcome(Status.NOTHING_FOUND, note=_NO_SYSTEMS)
    found = desk.systems.find(asked)
    known = ", ".join(system.name for system in desk.systems.systems)
    return (found[0] if found else None), ToolOutcome(
        Status.NOTHING_FOUND, note=f"No known system is named there. There are: {known}."
    )


CLASSIFY_REQUEST = ToolSpec(
    name="classify_request",
    description=(
        "Tells a request's likeliest categories with calibrated probabilities, who handles it, its priority "
        "with the reason, and whether a person has to decide."
    ),
    arguments=RequestArguments,
    effect=Effect.READ,
    right=Right.ASK,
    run=_classify,
)

CHECK_ACCESS = ToolSpec(
    name="check_access",
    description="Tells whether the asker has access to a system, and how to get it if not.",
    arguments=SystemArguments,
    effect=Effect.READ,
    right=Right.ASK,
    run=_access,
)

CHECK_SYSTEM_STATUS = ToolSpec(
    name="check_system_status",
    description="Tells how a system fares: its status page, the last runs of its pipelines, and its owner.",
    arguments=SystemArguments,
    effect=Effect.READ,
    right=Right.ASK,
    run=_status,
)
