"""The words every desk knows a request's impact and urgency by.

A cue that is denied (`not urgent`, `no outage`) does not count, and a time is a deadline only where the same
sentence needs something by then.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crews.triage.cue_patterns import (
    ALL,
    CALM,
    COUNTS,
    LATER,
    NEEDS,
    ONE,
    OUTAGE,
    OVERDUE,
    PAST,
    PEOPLE,
    PRESSING,
    SOME_PEOPLE,
    SOON,
    STUCK,
    TODAY,
    TROUBLE,
    WISH,
)
from crews.triage.spec import Level

# From so many people on, impact is medium or high.
_A_FEW, _A_LOT = 2, 10
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_CLAUSE = re.compile(r"[,;:()–—]|\s-\s|\b(?:but|and|although|though|because)\b", re.IGNORECASE)
_DENIES = re.compile(
    r"\b(?:not|no|never|without|nor|neither|hardly|isn['’]?t|aren['’]?t|wasn['’]?t|weren['’]?t|don['’]?t|"
    r"doesn['’]?t|didn['’]?t|won['’]?t|nothing)\b",
    re.IGNORECASE,
)
_UNRELATED = re.compile(r"\b(?:nothing to do with|unrelated to|not about)\b", re.IGNORECASE)
_DENIAL_REACHES_WORDS = 4


@dataclass(frozen=True, slots=True)
class Cue:
    """Words found in a request, and the level they speak for."""

    words: str
    level: Level
    why: str


def impact_cues(text: str, own: dict[Level, tuple[str, ...]]) -> list[Cue]:
    found = [*_found(_own(own), text)]
    if TROUBLE.search(text):
        found += _people(text)
        found += _found([(ALL, Level.HIGH, "everybody is affected")], text, deniable=False)
        found += _found([(SOME_PEOPLE, Level.MEDIUM, "several people are affected")], text, deniable=False)
    found += _found([(STUCK, Level.MEDIUM, "somebody cannot work")], text, deniable=False)
    found += _found([(ONE, Level.LOW, "nobody else is affected")], text)
    return found


def urgency_cues(text: str, own: dict[Level, tuple[str, ...]]) -> list[Cue]:
    calm = list(_found([(CALM, Level.LOW, "said not to be urgent")], text, deniable=False))
    # What is denied there is no cue of its own.
    rest = CALM.sub(" ", text)
    pressing = [
        *_found(_own(own), rest),
        *_deadlines(rest),
        *_found([(STUCK, Level.HIGH, "somebody cannot work")], rest, deniable=False),
        *_found(
            [
                (OUTAGE, Level.HIGH, "something is out of order"),
                (PRESSING, Level.HIGH, "said to be urgent"),
                (OVERDUE, Level.MEDIUM, "overdue"),
            ],
            rest,
        ),
    ]
    wishes = [] if pressing or TROUBLE.search(rest) else _found([(WISH, Level.LOW, "a question")], rest)
    return [*calm, *pressing, *wishes]


def says_not_urgent(text: str) -> bool:
    return bool(CALM.search(text))


def _own(phrases: dict[Level, tuple[str, ...]]) -> list[tuple[re.Pattern[str], Level, str]]:
    return [
        (re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)", re.IGNORECASE), level, "as declared")
        for level, of_level in phrases.items()
        for phrase in of_level
    ]


def _found(
    patterns: Iterable[tuple[re.Pattern[str], Level, str]], text: str, *, deniable: bool = True
) -> Iterator[Cue]:
    for pattern, level, why in patterns:
        for match in pattern.finditer(text):
            if not (deniable and _is_denied(text, match.start())):
                yield Cue(match[0], level, why)
                break


def _people(text: str) -> Iterator[Cue]:
    for match in PEOPLE.finditer(text):
        given = match["count"].lower()
        count = int(given) if given.isdigit() else COUNTS[given]
        if count >= _A_FEW and not _is_denied(text, match.start()):
            level = Level.HIGH if count >= _A_LOT else Level.MEDIUM
            yield Cue(match[0], level, "several people are affected")


def _deadlines(text: str) -> Iterator[Cue]:
    for sentence in _SENTENCE.split(text):
        if not NEEDS.search(sentence):
            continue
        for pattern, level, why in (
            (TODAY, Level.HIGH, "needed today"),
            (SOON, Level.MEDIUM, "needed within days"),
            (LATER, Level.LOW, "needed later"),
        ):
            for match in pattern.finditer(sentence):
                before = sentence[: match.start()]
                if not PAST.search(before) and not _is_denied(sentence, match.start()):
                    yield Cue(match[0], level, why)
                    break


def _is_denied(text: str, place: int) -> bool:
    """Whether one of the few words before, in the same clause, denies what stands there."""
    clause = _CLAUSE.split(_SENTENCE.split(text[:place])[-1])[-1]
    near = " ".join(clause.split()[-_DENIAL_REACHES_WORDS:])
    return bool(_DENIES.search(near) or _UNRELATED.search(clause))
