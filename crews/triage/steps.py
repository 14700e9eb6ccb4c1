"""The steps of triage that are functions: what a request is, what is known of what it is about, and what
becomes of it.

Each may be repeated: opening a ticket and handing over happen once for their run, whoever repeats them.
"""

from collections.abc import Iterator
from typing import Any

from crews.step_context import StepContext
from crews.tools.escalate_to_human import ESCALATE_TO_HUMAN, escalation_key
from crews.tools.gate import Status
from crews.tools.tickets import FIND_SIMILAR_TICKETS, OPEN_TICKET, OPENED_TICKET, ticket_key
from crews.tools.triage import CHECK_ACCESS, CHECK_SYSTEM_STATUS, CLASSIFY_REQUEST, STATUS
from crews.triage.help_cues import asks_for_person, reports_loss, reports_outage
from crews.triage.priority import judge_priority
from crews.triage.rule_tools import RuleTools, Told, rule_tools
from crews.triage.rules import Case, Verdict, judge_case
from crews.triage.spec import CategoriesFile
from crews.triage.step_outputs import (
    NONE_FITS,
    Classified,
    Likely,
    LookedUp,
    Move,
    Settlement,
    SystemLook,
)
from crews.verify_answer import verified_draft
from ledger.deliveries import tell_meanwhile
from ledger.escalations import withdraw_escalation
from ledger.evidence import Evidence, list_evidence
from ledger.ticket_changes import withdraw_ticket

_MOST_SYSTEMS = 3


def classify_request(context: StepContext) -> Classified:
    """Where the workspace declares no triage, it says so by having no category."""
    desk = context.triage_here()
    if desk is None:
        return Classified()
    question = context.claim.question
    with rule_tools(context) as tools:
        item = tools.first(CLASSIFY_REQUEST, text=question)
    details = item.finding.details
    titles = _titles(desk.spec.file)
    likeliest = tuple(
        Likely(category=name, title=titles[name], probability=probability)
        for name, probability in details["guesses"]
    )
    wants_person = asks_for_person(question)
    unsure = None if details["sure"] else _doubt(likeliest, in_scope=details["in_scope"])
    decider = desk.spec.file.decider or f"group:{details['expertise']}"
    return Classified(
        category=details["category"],
        request=question,
        title=details["title"],
        group=details["expertise"],
        priority=details["priority"],
        reason=item.finding.text,
        likeliest=likeliest,
        in_scope=details["in_scope"],
        doubt=unsure,
        options=(*(guess.title for guess in likeliest), NONE_FITS),
        decider=decider,
        systems=tuple(details["systems"]),
        wants_person=wants_person,
        evidence=(item.label,),
    )


def _titles(file: CategoriesFile) -> dict[str, str]:
    """By name; two of one title are told apart by their names, as a person chooses by title."""
    titles = [category.title for category in file.categories]
    return {
        each.name: each.title if titles.count(each.title) == 1 else f"{each.title} ({each.name})"
        for each in file.categories
    }


def _doubt(likeliest: tuple[Likely, ...], *, in_scope: bool) -> str:
    if not in_scope:
        return "It is unlike any request this desk has examples of."
    guesses = ", ".join(f"{guess.title} {guess.probability:.0%}" for guess in likeliest)
    return f"No category is certain enough: {guesses}."


def look_up_request(context: StepContext) -> LookedUp:
    """Whether the asker has access to what it names, how that fares, and who asked the same before."""
    classified = Classified.model_validate(context.claim.inputs["classify"])
    with rule_tools(context) as tools:
        systems = tuple(_look_at(tools, name) for name in classified.systems[:_MOST_SYSTEMS])
        similar = tools.call(FIND_SIMILAR_TICKETS, text=context.claim.question)
    clear = classified.wants_person or any(not one.allowed or one.affected for one in systems)
    looked = LookedUp(
        systems=systems,
        similar=tuple(_number(item) for item in similar.evidence),
        by_category=not clear,
        attempted=tuple(_attempted(classified, systems, similar)),
    )
    if classified.doubt is not None and looked.by_category:
        _say_who_is_waited_for(context, classified)
    return looked


def _look_at(tools: RuleTools, name: str) -> SystemLook:
    access = tools.first(CHECK_ACCESS, system=name)
    allowed = bool(access.finding.details["allowed"])
    # What somebody may not use, they are not told of.
    status = tools.call(CHECK_SYSTEM_STATUS, system=name) if allowed else None
    page = status.evidence[-1] if status is not None and status.evidence else None
    shown = [access, *(_told_of(status, page) if status is not None and page is not None else ())]
    return SystemLook(
        name=name,
        allowed=allowed,
        affected=bool(page and page.finding.details["affected"]),
        health=page.finding.details["health"] if page else None,
        owner=access.finding.details["owner"],
        contact=access.finding.details["contact"],
        owner_group=page.finding.details["owner_group"] if page else None,
        evidence=tuple(item.label for item in shown),
        withheld=status is not None and status.status is Status.DENIED,
    )


def _told_of(status: Told, page: Evidence) -> Iterator[Evidence]:
    """The runs that went wrong, else the page alone."""
    if page.finding.details["affected"]:
        runs = status.evidence[:-1]
        yield from [
            item for item in runs if item.finding.details["health"] == page.finding.details["health"]
        ][:1]
    yield page


def _number(item: Evidence) -> int:
    return int(item.finding.source.removeprefix("ticket "))


def _attempted(classified: Classified, systems: tuple[SystemLook, ...], similar: Told) -> Iterator[str]:
    sure = "" if classified.doubt is None else ", not certain"
    yield f"Classified as {classified.title}{sure}."
    for system in systems:
        yield f"Checked access to {system.name}: {'there is' if system.allowed else 'there is none'}."
        if system.health is not None:
            yield f"Checked how {system.name} fares: {system.health}."
    count = len(similar.evidence)
    yield f"Looked for similar tickets: {count or 'none'}."


def _say_who_is_waited_for(context: StepContext, classified: Classified) -> None:
    kind, _, name = classified.decider.partition(":")
    tell_meanwhile(
        context.db,
        context.claim.run_id,
        "category",
        f"I am not certain what your request is about, so the {kind} {name} is asked. You hear from me here "
        "as soon as that is decided.",
    )


def settle_request(context: StepContext) -> Settlement:
    """Does what the rule says, once; the answer itself is made of it by the last step."""
    inputs = context.claim.inputs
    classified = Classified.model_validate(inputs["classify"])
    looked = LookedUp.model_validate(inputs["look"])
    category, notes = _chosen(classified, inputs.get("category"))
    draft = verified_draft(context)
    case = Case(
        priority=_priority(context, category),
        answered=draft.outcome == "answered",
        fits=category is not None,
        wants_person=classified.wants_person,
        outage=reports_outage(context.claim.question),
        loss=reports_loss(context.claim.question),
        systems=looked.systems,
    )
    verdict = judge_case(case)
    searched = "the requester is shown what was found" if case.answered else "nothing answers it"
    attempted = (*looked.attempted, f"Searched the documents: {searched}.")
    with rule_tools(context) as tools:
        return _carry_out(tools, verdict, category, looked, attempted, (*notes, *_withheld(looked)))


def _withheld(looked: LookedUp) -> Iterator[str]:
    for system in looked.systems:
        if system.withheld:
            yield (
                f"How {system.name} fares is not told here, as not everybody who reads this has access to "
                "it; ask me in a direct message."
            )


def _chosen(classified: Classified, decided: Any) -> tuple[str | None, tuple[str, ...]]:
    """The category, by the classifier or by a person's word; none if a person said that none fits."""
    if not isinstance(decided, dict):
        return classified.category, ()
    if decided.get("expired"):
        return classified.category, (
            f"Nobody decided in time what this is about, so it was taken as: {classified.title}.",
        )
    named = {guess.title: guess.category for guess in classified.likeliest}
    choice = str(decided.get("choice"))
    return named.get(choice), (f"{decided.get('by')} decided what this is about: {choice}.",)


def _priority(context: StepContext, category: str | None) -> int:
    if category is None:
        return 4
    spec = context.triage.spec
    return judge_priority(context.claim.question, spec.file, spec.category(category)).level


def _carry_out(
    tools: RuleTools,
    verdict: Verdict,
    category: str | None,
    looked: LookedUp,
    attempted: tuple[str, ...],
    notes: tuple[str, ...],
) -> Settlement:
    found = tuple(label for system in looked.systems for label in system.evidence)
    system = verdict.system.name if verdict.system else None
    question = tools.context.claim.question
    done: list[Told] = []
    if verdict.move is Move.ACCESS_REQUEST:
        done.append(tools.call(OPEN_TICKET, text=question, category=category, access_to=system))
    elif verdict.move in (Move.TICKET, Move.ESCALATION):
        done.append(tools.call(OPEN_TICKET, text=question, category=category))
    if verdict.move is Move.ESCALATION:
        done.append(_escalate(tools, verdict, category, looked, attempted))
    failed = next((told.note for told in done if not told.evidence), None)
    evidence = [item for told in done for item in told.evidence]
    tickets = [item.finding.details["number"] for item in evidence if item.finding.kind == OPENED_TICKET]
    return Settlement(
        settled=verdict.move,
        reason=verdict.reason,
        ticket=tickets[0] if tickets else None,
        found=found,
        done=tuple(item.label for item in evidence),
        notes=notes,
        failed=failed,
    )


def _escalate(
    tools: RuleTools, verdict: Verdict, category: str | None, looked: LookedUp, attempted: tuple[str, ...]
) -> Told:
    """With all that is known: what was found of the systems it names, and what was tried."""
    context = tools.context
    labels = {label for system in looked.systems for label in system.evidence}
    found = [item for item in list_evidence(context.db, context.claim.run_id) if item.label in labels]
    status = [item.finding for item in found if item.finding.kind == STATUS]
    rights = [
        f"The requester has {'' if one.allowed else 'no '}access to {one.name}." for one in looked.systems
    ]
    # Of a page, what it says besides how the system fares and whose it is.
    pages = [
        sentence for finding in status if not finding.as_of for sentence in finding.details["sentences"][2:]
    ]
    return tools.call(
        ESCALATE_TO_HUMAN,
        text=context.claim.question,
        category=category,
        system=verdict.system.name if verdict.system else None,
        context=" ".join([verdict.reason, *rights, *pages])[:4000],
        error=next((finding.text for finding in status if finding.as_of), None),
        attempted=list(attempted),
    )


def withdraw_request(context: StepContext) -> Settlement:
    """Takes back what settling has done, when the run is cancelled."""
    run_id = context.claim.run_id
    withdraw_escalation(context.db, escalation_key(run_id))
    number = withdraw_ticket(context.db, ticket_key(run_id))
    return Settlement(settled=Move.DECLINED, reason="The request was cancelled.", ticket=number)
