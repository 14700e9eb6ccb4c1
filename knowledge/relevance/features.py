"""What the relevance of a passage to a question is told by: a few numbers, cheap and of any workspace.

Which ones they are was tried by fitting on two kinds of text and testing on a third. How far a passage is
ahead of the next one, how rare its words are, and pairs of sentences made the third no better.
"""

import math
import re
from dataclasses import dataclass

from knowledge.relevance.content_words import content_words, numbers_and_codes

# "The line is down. Can we still take cards, and up to what amount?" asks in its last part.
_PART = re.compile(
    r"(?<=[.!?;])\s+|,\s+(?=(?:(?:and|but|so|then|or)\s+)?"
    r"(?:what|who|whom|which|when|where|why|how|can|may|must|should|will|would|do|does|did|is|are|was|until|for|by|at|up)\b)",
    re.IGNORECASE,
)
_LEAST_WORDS = 2
_MOST_PARTS = 4


@dataclass(frozen=True, slots=True)
class Question:
    """`parts` are worded as the question is: the whole of it first, then its clauses if it has several."""

    parts: tuple[str, ...]
    words: frozenset[int]
    numbers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Features:
    """`passage` is the cosine of the question to the passage, `sentence` that to its best sentence; both
    -1 to 1. `words` and `missing_numbers` are shares of those asked for, 0 to 1; `asked` is ln(1 + their
    number)."""

    passage: float
    sentence: float
    words: float
    missing_numbers: float
    asked: float


def parse_question(text: str) -> Question:
    parts = [part.strip() for part in _PART.split(text)]
    clauses = [part for part in parts if len(content_words(part)) >= _LEAST_WORDS]
    # Of a letter of many sentences nobody can say which of them asks.
    several = clauses if 1 < len(clauses) <= _MOST_PARTS else []
    return Question((text, *several), content_words(text), numbers_and_codes(text))


def measure(question: Question, text: str, passage: float, sentence: float) -> Features:
    """`text` is the passage under its title and headings."""
    asked = len(question.words)
    missing = question.numbers - numbers_and_codes(text)
    return Features(
        passage=passage,
        sentence=sentence,
        words=len(question.words & content_words(text)) / asked if asked else 0.0,
        missing_numbers=len(missing) / len(question.numbers) if question.numbers else 0.0,
        asked=math.log1p(asked),
    )
