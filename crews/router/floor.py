"""How the router decides without a language model: a question that a governed query surely answers, or
would if it were put more closely, is for the data analyst; the help desk looks every other one up. Both
work on one that surely asks for figures and in so many words for what is written about them."""

import re

from crews.floor.turn import FloorTurn
from crews.router.output import Route

# Understood, but to be asked again otherwise: the data analyst says how.
_FIGURES_ALL_THE_SAME = ("ambiguous", "out of range")
# The help desk is asked as well only where the question itself speaks of what documents hold.
_WRITTEN = re.compile(
    r"\bwhy\b|\b(?:policy|policies|guidelines?|handbook|rules?|procedure)\b|\bwhat (?:does|do) .+ say\b"
    r"|\b(?:according to|because of what|allowed|supposed) ",
    re.IGNORECASE,
)


def plan_route(turn: FloorTurn) -> str:
    suggestions = turn.suggest()
    if suggestions is not None and suggestions.best and _WRITTEN.search(turn.question):
        reason = "It asks for figures the company keeps, and for what is written about them."
        route = Route(specialists=("data_analyst", "help_desk"), reason=reason)
    elif suggestions is not None and (suggestions.best or suggestions.reason in _FIGURES_ALL_THE_SAME):
        route = Route(specialists=("data_analyst",), reason="It asks for figures the company keeps.")
    else:
        # Whether the documents have an answer is seen by looking, not by guessing from the question's words.
        reason = "The help desk looks it up in the company's documents."
        route = Route(specialists=("help_desk",), reason=reason)
    return route.model_dump_json()
