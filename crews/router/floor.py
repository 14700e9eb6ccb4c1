"""How the router decides without a language model: a question that a governed query surely answers, or
would if it were put more closely, is for the data analyst; the help desk looks every other one up. Both work
on one half of which surely asks for figures and the other, in so many words, for what is written."""

from crews.floor.parts import figures_part
from crews.floor.turn import FloorTurn
from crews.router.output import Route

# Understood, but to be asked again otherwise: the data analyst says how.
_FIGURES_ALL_THE_SAME = ("ambiguous", "out of range")


def plan_route(turn: FloorTurn) -> str:
    if _asks_for_both(turn):
        reason = "It asks for figures the company keeps, and for what is written about them."
        route = Route(specialists=("data_analyst", "help_desk"), reason=reason)
    elif _asks_for_figures(turn):
        route = Route(specialists=("data_analyst",), reason="It asks for figures the company keeps.")
    else:
        # Whether the documents have an answer is seen by looking, not by guessing from the question's words.
        reason = "The help desk looks it up in the company's documents."
        route = Route(specialists=("help_desk",), reason=reason)
    return route.model_dump_json()


def _asks_for_both(turn: FloorTurn) -> bool:
    part = figures_part(turn.question)
    suggestions = turn.suggest(part) if part is not None else None
    return suggestions is not None and suggestions.best is not None


def _asks_for_figures(turn: FloorTurn) -> bool:
    suggestions = turn.suggest()
    if suggestions is None:
        return False
    return suggestions.best is not None or suggestions.reason in _FIGURES_ALL_THE_SAME
