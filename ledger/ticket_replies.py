"""What a reply in a ticket's thread says of it, by rule: that it is solved, that it is not, or neither.

A reply that is not plainly one of the first two is a question like any other, and the ticket stays as it is.
Sentences that end with a question mark say nothing of the ticket.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

# A confirmation is made of these words alone, and of one of the first at least.
_SOLVED = re.compile(
    r"(?:yes|yep|yeah|yup|solved|fixed|resolved|sorted|works|working|worked|done|thanks?|thx|cheers)"
)
_AROUND = re.compile(
    r"(?:again|all|an?|and|everything|fine|for|good|great|has|have|help|is|it|it's|its|just|lot|many|me|much|my|now"
    r"|ok|okay|perfect|perfectly|problem|right|super|that|that's|the|this|up|very|was|wonderful|you|your)"
)
_MOST_WORDS = 14
# Alone; with anything else behind it, "no" may answer something else.
_NO = re.compile(
    r"^(?:no|nope|nah)(?: (?:sorry|unfortunately|not|yet|really|at|all|it|it's|that|this|is|isn't|does"
    r"|doesn't|did|didn't))*$"
)
_NOT = r"(?:not|isn't|wasn't|hasn't been|has not been|never|nothing is)"
_DENIALS = re.compile(
    r"\bstill (?:not|no|does not|doesn't|is not|isn't|cannot|can't|won't|will not|fails|failing|broken|down"
    r"|wrong|stuck|the same|happening|happens|getting the same)\b"
    r"(?: (?:work|working|solved|fixed|resolved|sorted))?"
    rf"|\b{_NOT} (?:(?:yet|been|really|at all|completely|fully|quite) )*"
    r"(?:solved|fixed|resolved|sorted|working|done)\b"
    r"|\b(?:does not|doesn't|did not|didn't|won't|will not) (?:\w+ )?(?:work|help|solve|fix)\b"
    r"|\b(?:broken|broke|fails|failed|failing|happens|happened|happening|down|gone|stopped(?: working)?)"
    r" again\b"
    r"|\bsame (?:problem|error|issue|thing|message)\b|^again$|^not yet\b|\bre-?open\b"
)
_POSITIVE = re.compile(r"\b(?:works|solved|fixed|resolved|sorted|working)\b")
_SENTENCE = re.compile(r"[^.!?\n]+[.!?\n]*")


class Meaning(StrEnum):
    SOLVED = "solved"
    NOT_SOLVED = "not_solved"


@dataclass(frozen=True, slots=True)
class TicketReply:
    """`asks` tells that something is asked beside it."""

    meaning: Meaning
    asks: bool


def read_reply(text: str) -> TicketReply | None:
    """None where it is plainly neither."""
    sentences = [sentence[0].strip() for sentence in _SENTENCE.finditer(text)]
    stated = [_plain(sentence) for sentence in sentences if "?" not in sentence]
    stated = [sentence for sentence in stated if sentence]
    asks = any("?" in sentence for sentence in sentences)
    if not stated:
        return None
    if _is_denied(stated):
        return TicketReply(Meaning.NOT_SOLVED, asks)
    words = " ".join(stated).split()
    solved = [word for word in words if _SOLVED.fullmatch(word)]
    around = [word for word in words if _AROUND.fullmatch(word)]
    if solved and len(solved) + len(around) == len(words) <= _MOST_WORDS:
        return TicketReply(Meaning.SOLVED, asks)
    return None


def _is_denied(stated: list[str]) -> bool:
    whole = " ".join(stated)
    rest = _DENIALS.sub(" ", whole)
    denied = rest != whole or any(_NO.match(sentence) for sentence in stated)
    return denied and _POSITIVE.search(rest) is None


def _plain(sentence: str) -> str:
    """In small letters, without marks but apostrophes within words."""
    straight = sentence.replace("\u2019", "'").casefold()
    return " ".join(re.sub(r":\w+:|[^\w' -]", " ", straight).split())
