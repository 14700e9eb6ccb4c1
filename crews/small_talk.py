"""What is said to a message that asks for nothing, in our own words: nothing was looked up for it, and
nothing is claimed to have been."""

from collections.abc import Iterator

from crews.router.small_talk import Said
from crews.step_context import StepContext
from crews.step_output import CrewStepOutput
from ledger.documents import list_documents
from ledger.errors import NotFound, WorkspaceInvalid
from ledger.people import readers_of
from ledger.result import AbstainReason, RunResult

_MOST_TRIED = 4
_MOST_TITLES = 2

_REPLIES = {
    Said.THANKS: "You're welcome. Ask whenever you need something.",
    Said.ALL_RIGHT: "All right. Ask whenever you need something.",
    Said.SOLVED: "Glad it is solved. Ticket {ticket} is closed.",
    Said.NOT_SOLVED: "I am sorry to hear that. Ticket {ticket} is open again.",
}


def reply_to_small_talk(context: StepContext, routed: CrewStepOutput) -> RunResult | None:
    """None where something was asked."""
    said = routed.output.get("says")
    if said is None:
        return None
    greeted = Said(said) is Said.HELLO
    answer = _greeting(context) if greeted else _REPLIES[Said(said)].format(ticket=routed.output["ticket"])
    return RunResult(
        outcome="abstained", answer=answer, reason=AbstainReason.NOTHING_ASKED, specialist=routed.title
    )


def _greeting(context: StepContext) -> str:
    """With what can be asked here, of what the asker and the audience may read."""
    offers = [*_documents(context), *_figures(context), *_help(context)]
    if not offers:
        return "Hello. Ask whenever you need something."
    return f"Hello. You can ask me {'; '.join(offers)}."


def _documents(context: StepContext) -> Iterator[str]:
    readable = [
        document
        for document in list_documents(context.db)
        if document.is_served
        and context.access.allows(readers_of(document.allowed_groups, document.classification))
    ]
    latest = sorted(readable, key=lambda one: (one.updated is not None, one.updated, one.title), reverse=True)
    if latest:
        titles = " or ".join(f"“{one.title}”" for one in latest[:_MOST_TITLES])
        yield f"what the documents say, such as {titles}"


def _figures(context: StepContext) -> Iterator[str]:
    """A question that is surely understood."""
    # Ibis comes with it, and most runs are no greeting.
    from crews.report_steps.key_figures import key_figures_of

    try:
        desk = context.numbers
        figures = key_figures_of(desk.warehouse.catalog, *desk.known_to(context.access))
    except (NotFound, WorkspaceInvalid):
        return
    for ref in figures.metrics[:_MOST_TRIED]:
        question = f"What was {ref.label.lower()} last quarter?"
        found = context.suggest(question)
        if found is not None and found.best is not None:
            yield f"for a figure, such as “{question}”"
            return


def _help(context: StepContext) -> Iterator[str]:
    if context.triage_here() is not None:
        yield "for help with what does not work: I see to it that somebody takes it up"
