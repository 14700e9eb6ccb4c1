"""The triager's tools: what a request is, whether its asker has access, how a system fares, and tickets."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crews.step_context import StepContext
from crews.tools.gate import Effect, Status, ToolOutcome, ToolSpec
from crews.triage.access import check_access
from crews.triage.desk import Triaged, TriageDesk
from crews.triage.look_alikes import find_look_alikes
from crews.triage.priority import judge_priority
from crews.triage.status import Health, PipelineRun, SystemStatus, check_system_status
from crews.triage.systems import SYSTEMS, System
from ledger.evidence import Finding
from ledger.people import Right
from ledger.tickets import get_ticket, number_opened_by, visible_numbers

# Kinds of evidence.
CLASSIFICATION = "classification"
ACCESS = "access"
STATUS = "system_status"
TICKET = "ticket"

_MOST_SIMILAR = 5
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


class TicketArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[
        str, Field(min_length=1, max_length=8000, description="The request in the asker's words.")
    ]
    category: Annotated[
        str | None, Field(max_length=80, description="A category's name; null: the likeliest.")
    ] = None


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
        },
    )
    return ToolOutcome(Status.FOUND, findings=[finding])


def _status(context: StepContext, arguments: SystemArguments) -> ToolOutcome:
    desk = context.triage
    system, unknown = _named(desk, arguments.system)
    if system is None or desk.systems is None:
        return unknown
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
        details={"title": f"Runs of {run.pipeline}", "health": run.health, "owner": system.owner.team},
    )


def _page_finding(status: SystemStatus, system: System) -> Finding:
    told = [status.sentence, *([f"Status page: {status.page}"] if status.page else []), *status.notes]
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


def _similar(context: StepContext, arguments: RequestArguments) -> ToolOutcome:
    near = find_look_alikes(context.db, arguments.text, context.similarity)
    seen = visible_numbers(context.db, context.claim.principal, [each.ticket.number for each in near])
    findings = [
        Finding(
            kind=TICKET,
            source=f"ticket {each.ticket.number}",
            locator=each.ticket.state,
            text=each.ticket.text,
            as_of=f"{each.ticket.created_at:%Y-%m-%d}",
            details={
                "title": each.ticket.title,
                "category": each.ticket.category,
                "relevance": round(each.similarity, 4),
            },
        )
        for each in near
        if each.ticket.number in seen
    ][:_MOST_SIMILAR]
    return ToolOutcome(Status.FOUND if findings else Status.NOTHING_FOUND, findings=findings)


def _open(context: StepContext, arguments: TicketArguments) -> ToolOutcome:
    # One ticket for each step of a run: whoever repeats the step, in whatever words, finds it opened.
    key = f"{context.claim.run_id}/{context.claim.key}"
    number = number_opened_by(context.db, key)
    if number is None:
        number, complaint = _file(context, arguments, key)
        if number is None:
            return ToolOutcome(Status.DENIED, note=complaint)
    return ToolOutcome(Status.FOUND, findings=[_opened(context, number)])


def _file(context: StepContext, arguments: TicketArguments, key: str) -> tuple[int | None, str | None]:
    """The new ticket's number, or why there is none."""
    desk = context.triage
    found = desk.triage(arguments.text)
    names = [category.name for category in desk.spec.file.categories]
    if arguments.category is not None and arguments.category not in names:
        return None, f"There is no such category; there are: {', '.join(names)}."
    category = desk.spec.category(arguments.category) if arguments.category else found.category
    priority = judge_priority(arguments.text, desk.spec.file, category)
    claim, masked = context.claim, context.mask.text(arguments.text)
    filed = desk.file_ticket(claim.principal, masked, category, priority, key, claim.run_id)
    return filed.ticket.number, None


def _opened(context: StepContext, number: int) -> Finding:
    ticket = get_ticket(context.db, context.claim.principal, number)
    told = f"Ticket {number} is open for the group {ticket.group}. {ticket.priority_reason}"
    if ticket.incident:
        told += (
            f" It is part of incident {ticket.incident.number}: {ticket.incident.people} people report it."
        )
    return Finding(
        kind=TICKET,
        source=f"ticket {number}",
        locator="open",
        text=told,
        as_of=None,
        details={
            "title": f"Ticket {number}",
            "number": number,
            "category": ticket.category,
            "priority": ticket.priority,
            "expertise": ticket.group,
            "incident": ticket.incident.number if ticket.incident else None,
        },
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

FIND_SIMILAR_TICKETS = ToolSpec(
    name="find_similar_tickets",
    description="Finds tickets of the last 30 days that ask for the same, of those the asker may see.",
    arguments=RequestArguments,
    effect=Effect.READ,
    right=Right.ASK,
    run=_similar,
)

OPEN_TICKET = ToolSpec(
    name="open_ticket",
    description="Opens a ticket for the asker's request with the group that handles it, once in a step.",
    arguments=TicketArguments,
    effect=Effect.WRITE,
    right=Right.ASK,
    run=_open,
    knows_repeats=True,
)
