"""A question cut into the phrases that mean something in the catalog, each with all it may mean.

The cut that explains the most words wins. Words a phrase skips must be stop words or belong to the
definition of what it names.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from knowledge.warehouse.resolve.lexicon import Lexicon, Meaning, MeaningKind, Phrase
from knowledge.warehouse.resolve.superlatives import number_of
from knowledge.warehouse.resolve.values import ValueIndex, ValueMatch
from knowledge.warehouse.resolve.word_lists import (
    ASKING_VERBS,
    LIGHT_WORDS,
    STOP_WORDS,
    SUMMARY_WORDS,
    TURNING_WORDS,
    words_in,
)
from knowledge.warehouse.resolve.words import Token, alike, is_content, is_light, is_participle, nearest, stem

_ALIKE, _SLIP, _GAP, _FORM = 0.95, 0.92, 0.97, 0.7
_MOST_SKIPPED = 3
EXACT_ENOUGH = 0.95
# A phrase does not reach over these: customers per country are no customer country.
_EMPTY = STOP_WORDS - ASKING_VERBS
_OTHER_SUMMARIES = frozenset(map(stem, SUMMARY_WORDS)) - {stem("average")}
_LINKS = words_in("of is are was were")
_PARTING = words_in("per by each every and or for in with which what who how many across at as")


@dataclass(frozen=True, slots=True)
class Segment:
    """Tokens from `start` to before `end`; the best meaning first."""

    start: int
    end: int
    meanings: tuple[Meaning, ...]

    def of_kind(self, *kinds: MeaningKind) -> tuple[Meaning, ...]:
        return tuple(meaning for meaning in self.meanings if meaning.kind in kinds)


@dataclass(frozen=True, slots=True)
class _Match:
    start: int
    end: int
    covered: int
    meaning: Meaning


def cut(
    tokens: Sequence[Token],
    taken: frozenset[int],
    lexicon: Lexicon,
    values: ValueIndex,
    apart: tuple[int, int] | None = None,
) -> list[Segment]:
    """In order; `taken` are tokens that mean something else already, `apart` are not read as one phrase."""
    reader = _Reader(tokens, taken, lexicon)
    matches = [match for match in reader.phrases() if (match.start, match.end) != apart]
    vocabulary = lexicon.vocabulary
    for match in values.matches(tokens):
        # A word the catalog has is no slip of another one.
        is_word = match.strength < EXACT_ENOUGH and tokens[match.start].stem in vocabulary
        if _is_free(match, taken) and not (is_word and match.end - match.start == 1):
            matches.append(_of_value(match, tokens))
    segments = _best_cut(len(tokens), matches)
    return _with_parts(tokens, taken, segments, values)


def _is_free(match: ValueMatch, taken: frozenset[int]) -> bool:
    return not any(place in taken for place in range(match.start, match.end))


class _Reader:
    def __init__(self, tokens: Sequence[Token], taken: frozenset[int], lexicon: Lexicon) -> None:
        self._tokens = tokens
        self._taken = taken
        self._lexicon = lexicon
        self._by_first: dict[str, list[Phrase]] = defaultdict(list)
        for phrase in lexicon.phrases:
            self._by_first[phrase[0]].append(phrase)
        vocabulary = lexicon.vocabulary
        self._variants = [self._variants_of(token, vocabulary) for token in tokens]

    def phrases(self) -> Iterator[_Match]:
        for start, token in enumerate(self._tokens):
            if start in self._taken or token.is_mark or self._is_auxiliary(start):
                continue
            for first, factor in self._variants[start].items():
                for phrase in self._by_first.get(first, ()):
                    yield from self._from(start, phrase, factor)
            yield from self._coordinated(start)
            if token.key == "long" and start and self._tokens[start - 1].key == "how":
                yield from self._durations(start)

    def _durations(self, start: int) -> Iterator[_Match]:
        """`how long does shipping take` for a figure in days or hours."""
        place = start + 1
        while place < len(self._tokens) and not is_content(self._tokens[place]):
            place += 1
        if place == len(self._tokens):
            return
        word = self._tokens[place].stem
        for name in self._lexicon.words:
            if "." in name and word in self._lexicon.words[name] and self._lexicon.is_duration(name):
                is_plain = not self._lexicon.titles[name] & _OTHER_SUMMARIES
                yield _Match(
                    start, place + 1, 2, Meaning(MeaningKind.METRIC, name, 0.95 if is_plain else 0.85)
                )

    def _is_auxiliary(self, place: int) -> bool:
        """`make` in "how much did each store make", which is no brand."""
        asked = any(token.key in ("did", "do", "does") for token in self._tokens[:place])
        return asked and self._tokens[place].key in LIGHT_WORDS

    def _variants_of(self, token: Token, vocabulary: frozenset[str]) -> dict[str, float]:
        if token.is_mark or token.is_number or token.stem in vocabulary:
            return {token.stem: 1.0}
        others = alike(token.stem) & vocabulary
        if others:
            return dict.fromkeys(others, _ALIKE)
        near = nearest(token.stem, vocabulary) if is_content(token) else None
        return {near: _SLIP} if near else {token.stem: 1.0}

    def _from(self, start: int, phrase: Phrase, factor: float) -> Iterator[_Match]:
        for meaning in self._lexicon.phrases[phrase]:
            if meaning.after_entity and self._tokens[start].key.endswith("s"):
                # "employees hired" are two things, an "employee city" is one.
                continue
            if meaning.is_participle and not is_participle(self._tokens[start].key):
                # "orders" are no date on which something was ordered, "open" is not the day it was opened.
                continue
            first = factor * self._form(start, meaning, 0)
            end, strength = self._follow(start + 1, phrase[1:], meaning, first)
            is_said = not meaning.of_entity or any(token.key in _LINKS for token in self._tokens[start:end])
            if end and is_said:
                covered = sum(word not in _EMPTY for word in phrase) or 1
                yield _Match(start, end, covered, replace(meaning, strength=meaning.strength * strength))

    def _form(self, place: int, meaning: Meaning, at: int) -> float:
        token = self._tokens[place]
        if at >= len(meaning.forms) or is_light([token.stem]):
            return 1.0
        return 1.0 if is_participle(token.key) == meaning.forms[at] else _FORM

    def _follow(self, place: int, rest: Phrase, meaning: Meaning, factor: float) -> tuple[int, float]:
        """Where the phrase ends, or 0."""
        skipped = 0
        for at, wanted in enumerate(rest, start=1):
            while True:
                if place >= len(self._tokens) or place in self._taken:
                    return 0, 0.0
                if wanted in self._variants[place]:
                    factor *= self._variants[place][wanted] * self._form(place, meaning, at)
                    break
                token = self._tokens[place]
                if token.is_mark and token.text not in "-&/":
                    return 0, 0.0
                if (
                    token.key in _PARTING
                    or token.key in TURNING_WORDS
                    or (token.key == "from" and self._is_next(place + 1, wanted))
                ):
                    return 0, 0.0
                if token.key not in STOP_WORDS and not token.is_mark:
                    if token.stem not in self._lexicon.words.get(meaning.name, ()):
                        return 0, 0.0
                    skipped += 1
                    factor *= _GAP
                if skipped > _MOST_SKIPPED:
                    return 0, 0.0
                place += 1
            place += 1
        return place, factor

    def _is_next(self, place: int, wanted: str) -> bool:
        return place < len(self._tokens) and wanted in self._variants[place]

    def _coordinated(self, start: int) -> Iterator[_Match]:
        """`first` in `first and last order date`."""
        place = start + 1
        if place + 1 >= len(self._tokens) or self._tokens[place].key not in ("and", "or", "&", ","):
            return
        following = place + 1
        for phrase in self._by_first.get(self._tokens[following].stem, ()):
            together = (self._tokens[start].stem, *phrase[1:])
            if len(phrase) > 1 and together in self._lexicon.phrases:
                meaning = self._lexicon.phrases[together][0]
                end, strength = self._follow(following + 1, phrase[1:], meaning, 1.0)
                if end:
                    yield _Match(start, start + 1, 1, replace(meaning, strength=meaning.strength * strength))


def _of_value(match: ValueMatch, tokens: Sequence[Token]) -> _Match:
    words = [token for token in tokens[match.start : match.end] if not token.is_mark]
    meaning = Meaning(MeaningKind.VALUE, match.dimension, match.strength, match.value)
    return _Match(match.start, match.end, len(words), meaning)


def _weight(match: _Match) -> float:
    weight = match.covered + 0.5 * (match.covered - 1) + 0.2 * match.meaning.strength
    if match.meaning.kind is MeaningKind.VALUE and match.covered == 1:
        return weight - 0.1
    return weight


def _best_cut(length: int, matches: Iterable[_Match]) -> list[Segment]:
    by_end: dict[int, dict[int, list[_Match]]] = defaultdict(lambda: defaultdict(list))
    for match in matches:
        by_end[match.end][match.start].append(match)
    best: list[tuple[float, int | None]] = [(0.0, None)]
    for end in range(1, length + 1):
        choices: list[tuple[float, int | None]] = [(best[end - 1][0], None)]
        for start, group in by_end[end].items():
            choices.append((best[start][0] + max(_weight(match) for match in group), start))
        best.append(max(choices, key=lambda choice: choice[0]))
    segments: list[Segment] = []
    end = length
    while end:
        begun = best[end][1]
        if begun is None:
            end -= 1
            continue
        segments.append(_segment(begun, end, by_end[end][begun]))
        end = begun
    return segments[::-1]


def _segment(start: int, end: int, group: Iterable[_Match]) -> Segment:
    found: dict[tuple[MeaningKind, str, str | None], Meaning] = {}
    for match in group:
        meaning = match.meaning
        key = (meaning.kind, meaning.name, meaning.value)
        if key not in found or found[key].strength < meaning.strength:
            found[key] = meaning
    ordered = sorted(
        found.values(), key=lambda item: (-item.strength, item.kind, item.name, item.value or "")
    )
    return Segment(start, end, tuple(ordered))


def _with_parts(
    tokens: Sequence[Token], taken: frozenset[int], segments: list[Segment], values: ValueIndex
) -> list[Segment]:
    """What is left over may be a part of a name, such as a surname."""
    covered = taken | {place for segment in segments for place in range(segment.start, segment.end)}
    found = list(segments)
    for place, token in enumerate(tokens):
        if place in covered or not is_content(token) or number_of(token) or len(token.key) < 3:
            continue
        meanings = [
            Meaning(MeaningKind.VALUE, match.dimension, match.strength, match.value)
            for match in values.part_matches(token, place)
            if token.text[0].isupper()
        ]
        if meanings:
            found.append(Segment(place, place + 1, tuple(meanings)))
    return sorted(found, key=lambda segment: segment.start)
