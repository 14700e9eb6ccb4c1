"""Messages that ask for nothing: thanks, a greeting, "ok", or a word on the ticket of the thread.

By rule, before any model or search: nothing is looked up for them, and nothing is claimed to have been. Only
a message that is made of such words alone is one; in doubt it is a question.
"""

import re
from enum import StrEnum

from crews.router.output import Route
from crews.step_context import StepContext
from ledger.ticket_follow_up import SETTLED, reopen_ticket, settle_ticket, ticket_of_thread
from ledger.ticket_replies import Meaning, read_reply

_MOST_WORDS = 14
_HELLO = re.compile(
    r"\b(?:hello|hi+|hey+|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)|moin|servus)\b"
)
_THANKS = re.compile(
    r"\b(?:thanks?|thx|ty|cheers|great|perfect|awesome|wonderful|brilliant|excellent|super|lovely|amazing|helped"
    r"|helpful|works|worked|working|solved|fixed|resolved|sorted)\b"
)
_ALL_RIGHT = re.compile(
    r"\b(?:ok(?:ay)?|k|fine|alright|all right|got it|understood|sure|noted|done|cool|nice|good|bye|goodbye"
    r"|see you|never ?mind)\b"
)
_AROUND = re.compile(
    r"(?:a|again|all|an|and|are|at|back|been|by|crewdesk|day|did|do|dear|doing|everybody|everyone|everything"
    r"|exactly|for|from|had|has|have|here|how|i|i'm|i've|is|it|it's|its|job|just|later|lot|lots|many|me"
    r"|mind|much|my|needed|now|of|once|one|really|right|see|so|such|team|that|that's|the|there|this|today"
    r"|to|totally|up|us|very|was|we|well|what|with|yes|you|you're|your)"
)
# A question without its mark.
_ASKS = re.compile(
    r"^(?:is|are|was|were|has|have|had|does|do|did|can|could|will|would|should|may|what|where|when|which|who|why"
    r"|how (?!are you\b))"
)
# A "how are you" asks for no answer of ours, mark or not.
_HOW_ARE_YOU = re.compile(r"\bhow are you(?: (?:doing|today))*\s*\?*")
# Help that was given, and none that is asked for.
_HELP_GIVEN = re.compile(r"\b(?:for (?:all |your |the )*help(?:ing)?|(?:your|great|a|of|big) help)\b")
# Who says so of a ticket that is still worked on has to say more than thanks.
_IT_WORKS = re.compile(r"\b(?:works|worked|working|solved|fixed|resolved|sorted)\b", re.IGNORECASE)


class Said(StrEnum):
    """What the message says. `solved` and `not_solved` are of the thread's ticket."""

    HELLO = "hello"
    THANKS = "thanks"
    ALL_RIGHT = "all_right"
    SOLVED = "solved"
    NOT_SOLVED = "not_solved"


class SmallTalkRoute(Route):
    """Nobody is to look anything up. Made by rule alone: a model's route that tells such a thing does not
    fit."""

    says: Said
    ticket: int | None = None


def route_small_talk(context: StepContext) -> SmallTalkRoute | None:
    """None for what asks for something. A word on the thread's ticket is taken here, as often as it is said:
    the second time nothing changes."""
    if context.claim.understood is not None:
        return None
    text = context.claim.question
    of_ticket = _on_ticket(context, text)
    if of_ticket is not None:
        return of_ticket
    said = read_small_talk(text)
    return None if said is None else _route(said)


def read_small_talk(text: str) -> Said | None:
    """What a message says that asks for nothing; None for every other."""
    plain = _HOW_ARE_YOU.sub(" ", text.replace("\u2019", "'").casefold())
    if "?" in plain:
        return None
    plain = " ".join(re.sub(r":[\w+-]+:|[^\w' ]", " ", plain).split())
    if not plain:
        return Said.HELLO if _HOW_ARE_YOU.search(text.casefold()) else Said.ALL_RIGHT
    if len(plain.split()) > _MOST_WORDS or _ASKS.match(plain):
        return None
    rest = _HELP_GIVEN.sub(" ", plain)
    for pattern in (_HELLO, _THANKS, _ALL_RIGHT):
        rest = pattern.sub(" ", rest)
    if not all(_AROUND.fullmatch(word) for word in rest.split()):
        return None
    heads = ((Said.THANKS, _THANKS), (Said.HELLO, _HELLO), (Said.ALL_RIGHT, _ALL_RIGHT))
    return next((said for said, pattern in heads if pattern.search(plain)), None)


def _on_ticket(context: StepContext, text: str) -> SmallTalkRoute | None:
    claim, reply = context.claim, read_reply(text)
    if reply is None or reply.asks or claim.thread is None:
        return None
    ticket = ticket_of_thread(context.db, claim.thread, claim.principal)
    if ticket is None:
        return None
    is_settled = ticket.state in SETTLED
    if reply.meaning is Meaning.NOT_SOLVED:
        if not is_settled:
            return None
        if claim.replay is None:
            reopen_ticket(context.db, claim.principal, ticket.number, text)
        return _route(Said.NOT_SOLVED, ticket.number)
    if not is_settled and not _IT_WORKS.search(text):
        return None
    if claim.replay is None:
        settle_ticket(context.db, claim.principal, ticket.number, text)
    return _route(Said.SOLVED, ticket.number)


def _route(said: Said, ticket: int | None = None) -> SmallTalkRoute:
    return SmallTalkRoute(specialists=(), reason="Nothing is asked.", says=said, ticket=ticket)
