"""The words of a text that carry its meaning, and the numbers in it, as two texts are compared by them."""

import re
from functools import cache, lru_cache

from knowledge.search.words import WordEmbedder

# RC-217; 14, 51.8, 09:30, 2026-11-20, 20th; E12: whatever has a digit in it.
_NUMBER = re.compile(r"[^\W\d_]+-\d\w*|\d+(?:[.,:/-]\d+)*[^\W\d_]*|[^\W\d_]+\d\w*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")

_TEXTS_REMEMBERED = 8_192


# The same sentences are read again and again: by each check of each claim, of a draft and at the end.
@lru_cache(_TEXTS_REMEMBERED)
def content_words(text: str) -> frozenset[int]:
    """The stems that search goes by, stop words left out, each as the number the index knows it by."""
    return frozenset(_words().embed_query(text).indices)


def numbers_and_codes(text: str) -> frozenset[str]:
    """Everything with a digit in it, in lower case; 1,500 is 1500."""
    return frozenset(match[0].lower() for match in _NUMBER.finditer(_THOUSANDS.sub("", text)))


@cache
def _words() -> WordEmbedder:
    return WordEmbedder()
