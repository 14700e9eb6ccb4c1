"""How sure a reading of a question is: a share of readings as sure as this one that are right.

Each thing that was assumed multiplies it. A word that nothing explains costs most: a question with one is
never presented as understood.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from knowledge.warehouse.resolve.candidates import Candidate
from knowledge.warehouse.resolve.lexicon import Lexicon
from knowledge.warehouse.resolve.shape import Shape
from knowledge.warehouse.resolve.word_lists import SUMMARY_WORDS, TURNING_WORDS
from knowledge.warehouse.resolve.words import Token, stem

CERTAIN = 0.7
"""From here on a reading is presented as the answer; below it, as one of several that may be meant."""

_MOST = 0.97
_UNKNOWN, _EXPLAINED, _DESCRIBED, _UNKNOWN_ASIDE = 0.35, 0.96, 0.9, 0.9
_CURRENCIES = {
    name: unit
    for unit, names in (("EUR", "eur euro euros"), ("USD", "usd dollar dollars"), ("GBP", "gbp pound pounds"))
    for name in names.split()
}
_AMBIGUOUS = 0.6
_AVERAGE = stem("average")
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
    missing: list[Token] = []
    factors: list[float] = []
    for place in shape.unknown:
        explained = _explained(shape, place, candidate, lexicon)
        if explained is not None:
            factors.append(1.0 if place in shape.formula else explained)
        elif place in shape.formula:
            factors.append(_UNKNOWN_ASIDE)
        else:
            missing.append(shape.tokens[place])
            factors.append(_UNKNOWN)
    return Judged(candidate, _MOST * candidate.sound * prod(factors), phrases_of(shape, missing))


def _explained(shape: Shape, place: int, candidate: Candidate, lexicon: Lexicon) -> float | None:
    """How well the definitions the candidate stands on account for a word, or None if they do not."""
    token = shape.tokens[place]
    if _is_denial(token):
        return None
    if token.key in _CURRENCIES:
        units = {lexicon.metric(name).unit for name in candidate.query.metrics}
        return 1.0 if units == {_CURRENCIES[token.key]} else None
    if token.key in TURNING_WORDS:
        beside = [shape.tokens[max(0, place - 1) : place + 1], shape.tokens[place : place + 2]]
        said = [tuple(item.stem for item in pair) for pair in beside if len(pair) > 1]
        is_said = any(lexicon.says(name, pair) for pair in said for name in candidate.used)
        return _EXPLAINED if is_said else None
    if token.key in SUMMARY_WORDS:
        is_named = any(token.stem in lexicon.words[name] for name in candidate.query.metrics)
        is_mean = token.stem == _AVERAGE and all(lexicon.is_mean(name) for name in candidate.query.metrics)
        return _EXPLAINED if is_named or is_mean else None
    if token.stem in _words_of(candidate, lexicon.titles):
        return _EXPLAINED
    return _DESCRIBED if token.stem in _words_of(candidate, lexicon.words) else None


def _is_denial(token: Token) -> bool:
    return token.key in ("not", "never", "no", "without") or token.key.endswith("n't")


def _words_of(candidate: Candidate, words: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Of all definitions it stands on."""
    models = {name.partition(".")[0] for name in candidate.used}
    return frozenset[str]().union(*(words.get(name, frozenset()) for name in (*candidate.used, *models)))


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
