"""The triager's tools for tickets: those that ask for the same, and the one of this run."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crews.step_context import StepContext
from crews.tools.gate import Effect, Status, ToolOutcome, ToolSpec
from crews.tools.triage import RequestArguments
from crews.triage.look_alikes import find_look_alikes
from crews.triage.priority import judge_priority
from crews.triage.spec import Category
from ledger.evidence import Finding
from ledger.people import Right
from ledger.tickets import get_ticket, number_opened_by, visible_numbers

# Kinds of evidence: a ticket that asks for the same, and the run's own.
TICKET = "ticket"
OPENED_TICKET = "opened_ticket"

_MOST_SIMILAR = 5


class TicketArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[
        str, Field(min_length=1, max_length=8000, description="The request in the asker's words.")
    ]
    category: Annotated[
        str | None, Field(max_length=80, description="A category's name; null: the likeliest.")
    ] = None
    access_to: Annotated[
        str | None,
        Field(max_length=200, description="The system the asker wants access to, if that is what it is for."),
    ] = None


def _similar(context: StepContext, arguments: RequestArguments) -> ToolOutcome:
    near = find_look_alikes(context.db, arguments.text, context.similarity)
    seen = visible_numbers(context.db, context.claim.principal, [each.ticket.number for each in near])
    audience = context.claim.audience_groups
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
        # Others read along where there is an audience: they see what those see who handle it.
        if each.ticket.number in seen and (audience is None or each.ticket.group in audience)
    ][:_MOST_SIMILAR]
    return ToolOutcome(Status.FOUND if findings else Status.NOTHING_FOUND, findings=findings)


def _open(context: StepContext, arguments: TicketArguments) -> ToolOutcome:
    number, _category, complaint = ensure_ticket(
        context, arguments.text, arguments.category, access_to=arguments.access_to
    )
    if number is None:
        return ToolOutcome(Status.DENIED, note=complaint)
    return ToolOutcome(Status.FOUND, findings=[_opened(context, number)])


def ticket_key(run_id: str) -> str:
    return f"{run_id}/ticket"


def ensure_ticket(
    context: StepContext, text: str, category_name: str | None, *, access_to: str | None = None
) -> tuple[int | None, Category | None, str | None]:
    """The number and category of the run's ticket, opened now or before, or why there is none. There is one
    for each run, whoever opens it and in whatever words."""
    desk, claim, key = context.triage, context.claim, ticket_key(context.claim.run_id)
    names = [category.name for category in desk.spec.file.categories]
    number = number_opened_by(context.db, key)
    if number is not None:
        known = get_ticket(context.db, claim.principal, number).category
        return number, desk.spec.category(known) if known in names else None, None
    if category_name is not None and category_name not in names:
        return None, None, f"There is no such category; there are: {', '.join(names)}."
    category = desk.spec.category(category_name) if category_name else desk.triage(text).category
    named = desk.systems.find(access_to) if desk.systems and access_to else ()
    filed = desk.file_ticket(
        claim.principal,
        context.mask.text(text),
        category,
        judge_priority(text, desk.spec.file, category),
        key,
        claim.run_id,
        access_to=named[0] if named else None,
    )
    return filed.ticket.number, category, None


def _opened(context: StepContext, number: int) -> Finding:
    ticket = get_ticket(context.db, context.claim.principal, number)
    told = [f"Ticket {number} is open for the group “{ticket.group}”.", ticket.priority_reason]
    if ticket.similar:
        told.append(f"It is linked with similar tickets: {', '.join(map(str, ticket.similar))}.")
    if ticket.incident:
        who = f"{ticket.incident.people} people report" if ticket.incident.people > 1 else "1 person reports"
        told.append(f"It is part of incident {ticket.incident.number}: {who} {ticket.incident.title}.")
    return Finding(
        kind=OPENED_TICKET,
        source=f"ticket {number}",
        locator="open",
        text=" ".join(told),
        as_of=None,
        details={
            "title": f"Ticket {number}",
            "number": number,
            "category": ticket.category,
            "priority": ticket.priority,
            "expertise": ticket.group,
            "incident": ticket.incident.number if ticket.incident else None,
            "sentences": told,
        },
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
    description="Opens a ticket for the asker's request with the group that handles it, once in a run.",
    arguments=TicketArguments,
    effect=Effect.WRITE,
    right=Right.ASK,
    run=_open,
    knows_repeats=True,
)
