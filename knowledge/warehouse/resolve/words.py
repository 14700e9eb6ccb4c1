"""The words of a question, brought to a form in which the wording of a catalog and of a person meet."""

import re
import unicodedata
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from knowledge.warehouse.resolve.word_lists import (
    ALIKE,
    EMPTY_WORDS,
    IRREGULAR,
    LIGHT_WORDS,
    MEASURING,
    PARTICIPLES,
    STOP_WORDS,
)

# A figure keeps its separators, a word its apostrophe; signs of comparison are words of their own.
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W_]+(?:['’][^\W_]+)*|<=|>=|[<>=+*/%()≤≥,;?&-]")
_MARKS = frozenset(",;?&-/+*=()")

# What is said of how the answer is written down.
_FORMAT_WORDS = (
    r"\b(?:(?:rounded )?(?:to )?(?:\d+|one|two|three|no|zero) decimals?(?: places?)?|in (?:per"
    r" ?cent|%|percentages?)|"
    r"as (?:a )?(?:per ?cent(?:age)?|%)|in alphabetical order|alphabetically|rounded|as a (?:table"
    r"|list|chart|graph))(?!\w)"
)
_FORMAT = re.compile(_FORMAT_WORDS, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Token:
    """`key` is lower case without accents, `stem` what catalogs are searched by; `start` and `end` are places
    in the question; `aside` is what stands in brackets."""

    text: str
    key: str
    stem: str
    start: int
    end: int
    aside: bool = False

    @property
    def is_mark(self) -> bool:
        return self.text in _MARKS

    @property
    def is_number(self) -> bool:
        return self.text[0].isdigit()


def tokens_of(question: str) -> list[Token]:
    """In order; what only says how the answer is to be written down is left out."""
    hidden = [match.span() for match in _FORMAT.finditer(question)]
    found: list[Token] = []
    depth = 0
    for match in _TOKEN.finditer(question):
        depth += (match[0] == "(") - (match[0] == ")")
        if any(start <= match.start() < end for start, end in hidden):
            continue
        key = fold(match[0])
        found.append(Token(match[0], key, stem(key), match.start(), match.end(), depth > 0))
    return found


def spell_out(tokens: Iterable[Token], vocabulary: Container[str]) -> tuple[Token, ...]:
    """With what an adjective measures in its place: the cheapest is the lowest price. Only where the catalog
    has such a thing."""
    found: list[Token] = []
    for token in tokens:
        words = MEASURING.get(token.key, ())
        bare = token.key.removeprefix("un")
        if bare != token.key and token.stem not in vocabulary and stem(bare) in vocabulary:
            found += [replace(token, key="not", stem="not"), replace(token, key=bare, stem=stem(bare))]
        elif words and token.stem not in vocabulary and _is_known(stem(words[-1]), vocabulary):
            found += [replace(token, key=word, stem=stem(word)) for word in words]
        else:
            found.append(token)
    return tuple(found)


def _is_known(word: str, vocabulary: Container[str]) -> bool:
    return word in vocabulary or any(other in vocabulary for other in alike(word))


def fold(text: str) -> str:
    """Lower case, without accents, and without the owner's s."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return re.sub(r"['’]s$", "", plain).replace("’", "'")


def stems_of(phrase: str) -> tuple[str, ...]:
    """Of a name or synonym in the catalog: `order_date` and `Order dates` are the same."""
    return tuple(token.stem for token in words_of(phrase))


def words_of(phrase: str) -> list[Token]:
    """Stop words go, but for those beside a single word, such as `in stock`, and `per`, which makes a
    ratio."""
    tokens = [token for token in tokens_of(phrase.replace("_", " ")) if not token.is_mark]
    said = [token for token in tokens if token.key not in EMPTY_WORDS] or tokens
    kept = [token for token in said if token.key not in STOP_WORDS or token.key == "per"]
    return kept if len(kept) > 1 else said


def all_stems(text: str) -> tuple[str, ...]:
    """Of each word of a text, stop words among them."""
    return tuple(token.stem for token in tokens_of(text.replace("_", " ")) if not token.is_mark)


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """English endings cut: country and countries, ship and shipped, price and pricing are the same."""
    known = IRREGULAR.get(word)
    if known is not None:
        return known if known == word else stem(known)
    if len(word) <= 3 or not word.isalpha():
        return word
    bare = _bare(word)
    return stem(bare) if bare != word and bare in IRREGULAR else bare


def _bare(word: str) -> str:
    word = _singular(word)
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= 3 and re.search(r"[aeiouy]", root):
            word = root[:-1] if re.search(r"([bdgmnprt])\1$", root) else root
            break
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    return re.sub(r"(?<=[^aeiou])y$", "i", word)


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if re.search(r"(?:ss|sh|ch|x|z)es$", word):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def is_participle(word: str) -> bool:
    """Whether it says what was done with something: shipped, paid, buying."""
    return word.endswith(("ed", "ing")) or word in PARTICIPLES


def alike(word: str) -> frozenset[str]:
    """Stems of other words that companies use for this stem."""
    return frozenset(other for group in _groups() if word in group for other in group if other != word)


@lru_cache(maxsize=1)
def _groups() -> tuple[frozenset[str], ...]:
    return tuple(frozenset(stem(word) for word in group.split()) for group in ALIKE)


def is_content(token: Token) -> bool:
    """Whether a reader would miss the word if it were taken out."""
    return not (token.is_mark or token.key in STOP_WORDS or token.stem in _light_stems())


@lru_cache(maxsize=1)
def _light_stems() -> frozenset[str]:
    return frozenset(stem(word) for word in LIGHT_WORDS)


def is_light(phrase: Iterable[str]) -> bool:
    """Whether none of these stems names anything by itself, as in the value of an order."""
    return all(word in _light_stems() or word in STOP_WORDS for word in phrase)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one known word that a slip of the keys turns into this one. Short words have none: too many are a
    letter apart."""
    if len(word) < 5 or not word.isalpha():
        return None
    most = 2 if len(word) >= 8 else 1
    near = [
        (slips, other)
        for other in known
        if other[:1] == word[:1] and len(other) >= 4 and (slips := slips_between(word, other, most)) <= most
    ]
    near.sort()
    if not near or (len(near) > 1 and near[0][0] == near[1][0]):
        return None
    return near[0][1]


def slips_between(one: str, other: str, most: int) -> int:
    """Letters added, left out, changed or swapped with their neighbour; `most` + 1 where there are more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, start=1):
        current = [i]
        for j, right in enumerate(other, start=1):
            cost = min(row[j] + 1, current[-1] + 1, row[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > most:
            return most + 1
        before, row = row, current
    return row[-1]
