"""A labelled example, and what a text was found to be: the classifier as its users know it.

Importing this costs nothing; what learns is imported where something is to be learned.
"""

from dataclasses import dataclass

# The label of examples that belong to no category.
OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Guess:
    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Classified:
    """`guesses` are the three most likely, best first. `scope` tells how much the text is like what the
    examples are about; what is below the classifier's bar is not `in_scope`."""

    guesses: tuple[Guess, ...]
    scope: float
    in_scope: bool

    @property
    def best(self) -> Guess:
        return self.guesses[0]
