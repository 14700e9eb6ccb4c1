"""The tool that hands a request over to people: to the owner of the system it is about, or to the group that
handles its category."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from crews.step_context import StepContext
from crews.tools.gate import Effect, Status, ToolOutcome, ToolSpec
from crews.tools.tickets import ensure_ticket
from crews.triage.due_time import due_time
from crews.triage.spec import CategoriesFile, Category
from crews.triage.systems import System
from ledger.escalation_views import EscalationView
from ledger.escalations import HandOff, get_escalation, hand_over, handed_over_with, number_handed_over_by
from ledger.evidence import Finding
from ledger.people import Right
from ledger.tickets import get_ticket

ESCALATION = "escalation"
_LONGEST_LINE = 500
_MOST_LINES = 12

Line = Annotated[str, Field(min_length=1, max_length=_LONGEST_LINE)]


class EscalationArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[
        str, Field(min_length=1, max_length=8000, description="The request in the asker's words.")
    ]
    category: Annotated[
        str | None, Field(max_length=80, description="A category's name; null: the likeliest.")
    ] = None
    system: Annotated[
        str | None, Field(max_length=200, description="The system it is about, if its owner should have it.")
    ] = None
    context: Annotated[str | None, Field(max_length=4000, description="What is known of it.")] = None
    error: Annotated[str | None, Field(max_length=4000, description="The error, if there is one.")] = None
    attempted: Annotated[
        list[Line], Field(max_length=_MOST_LINES, description="What was tried, a line each.")
    ] = Field(default_factory=list)
    expected: Annotated[str | None, Field(max_length=1000, description="What would settle it.")] = None


def _escalate(context: StepContext, arguments: EscalationArguments) -> ToolOutcome:
    # One for each run, whoever hands it over: the specialist, the rule after it, or either of them again.
    key = escalation_key(context.claim.run_id)
    number = number_handed_over_by(context.db, key)
    if number is not None:
        return _handed_over(context, number)
    ticket, category, complaint = ensure_ticket(context, arguments.text, arguments.category)
    if ticket is None or category is None:
        return ToolOutcome(Status.DENIED, note=complaint)
    system = _system(context, arguments.system)
    with_incident = handed_over_with(context.db, ticket) if system else None
    if with_incident is not None:
        return ToolOutcome(Status.FOUND, findings=[_joined(*with_incident)])
    card = _card(context, arguments, ticket, category, system)
    return _handed_over(context, hand_over(context.db, context.claim.principal, card, key))


def escalation_key(run_id: str) -> str:
    return f"{run_id}/escalation"


def _system(context: StepContext, named: str | None) -> System | None:
    systems = context.triage.systems
    found = systems.find(named) if systems and named else ()
    return found[0] if found else None


def _card(
    context: StepContext,
    arguments: EscalationArguments,
    number: int,
    category: Category,
    system: System | None,
) -> HandOff:
    file, ticket = context.triage.spec.file, get_ticket(context.db, context.claim.principal, number)
    mask = context.mask
    matter = system.name if system else category.title
    settled = f"{system.name} works for the requester again" if system else "What was asked for is done"
    expected = arguments.expected or f"{settled}, and the requester is told so."
    return HandOff(
        task=mask.text(arguments.text),
        context=mask.text(arguments.context or f"It is about {matter}."),
        error=None if arguments.error is None else mask.text(arguments.error),
        attempted=tuple(mask.text(line) for line in arguments.attempted),
        priority=ticket.priority,
        urgency=ticket.priority_reason,
        expertise=f"{category.title} ({category.group})",
        expected=mask.text(expected),
        team=system.owner.team if system else category.title,
        contact=system.owner.contact if system else f"the group “{category.group}”",
        group=(system.owner.group if system else None) or category.group,
        due_at=due_time(context.db.clock.now(), file.settle_within_h[ticket.priority], file.business_hours),
        run_id=context.claim.run_id,
        ticket=number,
    )


def _handed_over(context: StepContext, number: int) -> ToolOutcome:
    card = get_escalation(context.db, context.claim.principal, number)
    due = in_words(card.due_at, context.triage.spec.file)
    told = f"It was handed over to {card.team} ({card.contact}), due by {due}: escalation {number}."
    return ToolOutcome(Status.FOUND, findings=[_finding(f"escalation {number}", told, card)])


def _joined(team: str, incident: int) -> Finding:
    told = f"It is part of incident {incident}, which was handed over to {team} before."
    return _finding(f"incident {incident}", told, None)


def _finding(source: str, told: str, card: EscalationView | None) -> Finding:
    return Finding(
        kind=ESCALATION,
        source=source,
        locator=card.state if card else "joined",
        text=told,
        as_of=None,
        details={
            "title": source.capitalize(),
            "number": card.number if card else None,
            "due_at": card.due_at.isoformat() if card else None,
            "sentences": [told],
        },
    )


def in_words(moment: datetime, file: CategoriesFile) -> str:
    """In the time zone of the desk."""
    zone = file.business_hours.zone if file.business_hours else "UTC"
    return f"{moment.astimezone(ZoneInfo(zone)):%A %d %B %Y, %H:%M} {zone}"


ESCALATE_TO_HUMAN = ToolSpec(
    name="escalate_to_human",
    description=(
        "Hands the request over to the people who answer for it, with a ticket and all they need to know, "
        "once in a run. For what no document settles and cannot wait, or if a person was asked for."
    ),
    arguments=EscalationArguments,
    effect=Effect.WRITE,
    right=Right.ASK,
    run=_escalate,
    knows_repeats=True,
)
