"""How sure a reading of a question is: a share of readings as sure as this one that are right.

Each thing that was assumed multiplies it. A word that nothing explains costs most: a question with one is
never presented as understood.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

from knowledge.warehouse.resolve.candidates import Candidate
from knowledge.warehouse.resolve.lexicon import Lexicon
from knowledge.warehouse.resolve.shape import Shape
from knowledge.warehouse.resolve.words import Token

CERTAIN = 0.7
"""From here on a reading is presented as the answer; below it, as one of several that may be meant."""

_MOST = 0.97
_UNKNOWN, _EXPLAINED, _UNKNOWN_ASIDE = 0.35, 0.96, 0.9
_AMBIGUOUS = 0.6
_TIE = 0.96


@dataclass(frozen=True, slots=True)
class Judged:
    candidate: Candidate
    confidence: float
    not_understood: tuple[str, ...]


def judge(shape: Shape, candidates: Sequence[Candidate], lexicon: Lexicon) -> list[Judged]:
    """In the same order, with a confidence that falls along it."""
    judged = [_judge(shape, candidate, lexicon) for candidate in candidates]
    judged.sort(key=lambda item: -(item.confidence * item.candidate.likely / max(item.candidate.sound, 1e-9)))
    if len(judged) > 1 and is_tied(judged[0], judged[1]):
        judged = [
            Judged(item.candidate, _AMBIGUOUS * item.confidence, item.not_understood) for item in judged
        ]
    return judged


def is_tied(one: Judged, other: Judged) -> bool:
    """Whether nothing in the question speaks for the one rather than for the other."""
    return _standing(other) >= _TIE * _standing(one)


def _standing(item: Judged) -> float:
    return item.confidence * item.candidate.likely / max(item.candidate.sound, 1e-9)


def _judge(shape: Shape, candidate: Candidate, lexicon: Lexicon) -> Judged:
    words = _words_of(candidate, lexicon)
    missing: list[Token] = []
    factors: list[float] = []
    for place in shape.unknown:
        token = shape.tokens[place]
        if token.stem in words and not _is_denial(token):
            factors.append(1.0 if place in shape.formula else _EXPLAINED)
        elif place in shape.formula:
            factors.append(_UNKNOWN_ASIDE)
        else:
            missing.append(token)
            factors.append(_UNKNOWN)
    return Judged(candidate, _MOST * candidate.sound * prod(factors), phrases_of(shape, missing))


def _is_denial(token: Token) -> bool:
    return token.key in ("not", "never", "no", "without") or token.key.endswith("n't")


def _words_of(candidate: Candidate, lexicon: Lexicon) -> frozenset[str]:
    """All stems of the definitions it stands on."""
    models = {name.partition(".")[0] for name in candidate.used}
    names = (*candidate.used, *models)
    return frozenset[str]().union(*(lexicon.words.get(name, frozenset()) for name in names))


def phrases_of(shape: Shape, tokens: Iterable[Token]) -> tuple[str, ...]:
    """Words that stand side by side, as the question has them."""
    wanted = {token.start: token for token in tokens}
    phrases: list[list[Token]] = []
    previous: Token | None = None
    for token in shape.tokens:
        if token.start in wanted:
            if phrases and previous is not None and (previous.start in wanted or previous.text == "-"):
                phrases[-1].append(token)
            else:
                phrases.append([token])
        previous = token
    return tuple(shape.question[item[0].start : item[-1].end] for item in phrases)
