"""What a message means that does not stand alone: the answer to a question of ours, or a follow-up such as
"and in Q2?".

By rule, before any crew is at work, so that all of them answer one question and the asker is told which. What
stands alone is left as it is; in doubt everything does.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.conversations import Conversation, Turn
from ledger.understanding import Understood

if TYPE_CHECKING:
    from knowledge.warehouse.resolve.suggest import Suggestions

WHY = "why"
WHY_PREFIX = "Why: "

_MOST_WORDS = 7
_MOST_BARE_WORDS = 4
_MOST_REPLY_WORDS = 10

_WHY = re.compile(
    r"(?:and |but |so )?(?:why(?: is that| so| not| that)?|how come|how so)[\s?!.]*", re.IGNORECASE
)
_OPENING = re.compile(
    r"(?:(?:ok(?:ay)?|thanks|and|or|but|so|then|now|also)[\s,]+)*"
    r"(?:(?:what|how) about|(?:and|or|but|also)(?=\s)|(?:and )?(?:the )?same (?=for|in|by)|only|just)[\s,]+",
    re.IGNORECASE,
)
# A sentence of its own begins like this.
_STANDS_ALONE = re.compile(
    r"(?:what|who|whom|whose|how|when|where|which|why|is|are|was|were|do|does|did|can|could|may|might|must|should"
    r"|shall|will|would|has|have|had|show|list|give|tell|compare|find|explain|please|i|we|my|our|you|there|it"
    r"|if|open|reset|help|thanks|thank|no|yes)\b",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"(?:for|in|at|by|per|from|since|until|before|after|during|with|without|on|outside|within|to|abroad|overseas)\b",
    re.IGNORECASE,
)
_PLACES = {
    name: place
    for place, names in enumerate(
        ("1 1st first one a", "2 2nd second two b", "3 3rd third three c"),
    )
    for name in names.split()
}
_NUMBERED = re.compile(
    r"(?:(?:i )?(?:mean|meant|want|choose|take|pick)\s+)?(?:the\s+)?(?:option|number|no\.?|nr\.?|#)?\s*"
    r"(?P<place>\w+)(?:[.)])?(?:\s+(?:one|option|meaning))?(?:[\s,]+please)?[\s.!)]*",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_LIGHT = frozenset(
    [
        "the",
        "a",
        "an",
        "of",
        "in",
        "by",
        "for",
        "to",
        "and",
        "or",
        "i",
        "mean",
        "meant",
        "want",
        "please",
        "one",
        "that",
        "it",
        "is",
        "was",
        "yes",
        "option",
        "i'd",
        "like",
    ]
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of figures: which queries a question may mean, and a question completed by the words of a
    fragment. `answers` tells whether the documents have something on a text by itself."""

    suggest: "Callable[[str], Suggestions | None]"
    complete: Callable[[str, str], str | None]
    answers: Callable[[str], bool]


def understand(conversation: Conversation, asked: str, reading: Reading) -> Understood | None:
    """None where the question stands alone."""
    last = conversation.last
    if last is None:
        return None
    chosen = _chosen(conversation.open_question, asked)
    if chosen is not None:
        return chosen
    if _WHY.fullmatch(asked.strip()):
        whole = _settled(last, reading).removeprefix(WHY_PREFIX)
        return Understood(question=f"{WHY_PREFIX}{whole}", about=WHY)
    opened = _OPENING.match(asked.strip())
    fragment = asked.strip()[opened.end() if opened else 0 :].strip().rstrip("?!. ")
    most = _MOST_WORDS if opened else _MOST_BARE_WORDS
    if not fragment or len(fragment.split()) > most or _STANDS_ALONE.match(fragment):
        return None
    return _completed(last, asked, fragment, reading, is_opened=opened is not None)


def choice_in(reply: str, choices: tuple[str, ...]) -> int | None:
    """The place of the choice that a reply names: by its number, or by words that only it has."""
    numbered = _NUMBERED.fullmatch(reply.strip())
    if numbered:
        place = _PLACES.get(numbered["place"].lower())
        if numbered["place"].lower() == "last":
            place = len(choices) - 1
        if place is not None:
            return place if place < len(choices) else None
    said = _words(reply)
    if not said or len(reply.split()) > _MOST_REPLY_WORDS or reply.strip().endswith("?"):
        return None
    named = [place for place, choice in enumerate(choices) if said <= _words(choice)]
    return named[0] if len(named) == 1 else None


def _chosen(turn: Turn | None, reply: str) -> Understood | None:
    place = None if turn is None else choice_in(reply, turn.choices)
    if turn is None or place is None:
        return None
    choice = turn.choices[place]
    if choice in turn.readings:
        return Understood(question=turn.question, reading=choice)
    return Understood(question=f"{turn.question.rstrip(' ?.!')} ({choice})?")


def _completed(
    last: Turn, asked: str, fragment: str, reading: Reading, *, is_opened: bool
) -> Understood | None:
    # Whoever asked why, and then for a part of it, asks for figures again.
    previous = _settled(last, reading).removeprefix(WHY_PREFIX)
    earlier, alone = reading.suggest(previous), reading.suggest(asked)
    is_bound = bool(_PREPOSITION.match(fragment))
    is_of_figures = earlier is not None and (earlier.best is not None or bool(earlier.alternatives))
    if is_of_figures:
        if not is_opened and not is_bound and alone is not None and alone.best is not None:
            return None
        completed = reading.complete(previous, fragment)
        if completed is not None:
            return Understood(question=completed)
    elif alone is not None and alone.best is not None:
        return None
    if not is_opened or (not is_bound and reading.answers(fragment)):
        return None
    return Understood(question=f"{_without_addition(last)}{_addition(fragment)}", about=fragment)


def _settled(last: Turn, reading: Reading) -> str:
    """The earlier question, or the query that was chosen for it where its words say it as surely."""
    chosen = last.understood.reading if last.understood is not None else None
    if chosen is None:
        return last.question
    again = reading.suggest(chosen)
    return chosen if again is not None and again.best is not None else last.question


def _without_addition(last: Turn) -> str:
    """What one follow-up added gives way to what the next one adds."""
    about = last.understood.about if last.understood is not None else None
    question = last.question.removesuffix("" if about is None else _addition(about))
    return question.removeprefix(WHY_PREFIX).rstrip(" ?.!")


def _addition(fragment: str) -> str:
    return f", {fragment}?" if _PREPOSITION.match(fragment) else f", for {fragment}?"


def _words(text: str) -> frozenset[str]:
    return frozenset(word.removesuffix("s") for word in _WORD.findall(text.lower())) - _LIGHT
