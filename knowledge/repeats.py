"""Tells passages that say the same, so that an answer does not spend its places on copies of one text.

Two texts that differ in a figure, a date or a "not" never count as the same: one of them may be out of date,
and whoever asks has to learn that they disagree.
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Self

_WORD = re.compile(r"[^\W_]+(?:[.,:/'’-][^\W_]+)*")
_LEAST_SHARED = 0.9
_TELLING_WORDS = """
    no not none never nor neither without except unless only cannot
    zero one two three four five six seven eight nine ten eleven twelve hundred thousand million half
    first second third once twice daily weekly monthly yearly annual annually
    january february march april may june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday
    nicht kein keine keinen nie ohne nur
"""
_TELLING = frozenset(_TELLING_WORDS.split())


@dataclass(frozen=True, slots=True)
class Wording:
    """A text as its words in any order; case, punctuation and line breaks do not count."""

    words: Counter[str]
    length: int

    @classmethod
    def of(cls, text: str) -> Self:
        words = _WORD.findall(text.casefold())
        return cls(Counter(words), len(words))

    def says_the_same_as(self, other: Self) -> bool:
        """Whether nine tenths of the words are shared and none of the rest could turn the meaning."""
        if min(self.length, other.length) < _LEAST_SHARED * max(self.length, other.length):
            return False
        shared = (self.words & other.words).total()
        if shared < _LEAST_SHARED * (self.length + other.length - shared):
            return False
        differing = (self.words - other.words) + (other.words - self.words)
        return not any(_is_telling(word) for word in differing)


def _is_telling(word: str) -> bool:
    return word in _TELLING or word.endswith(("n't", "n’t")) or any(c.isdigit() for c in word)
