"""How the router decides without a language model: a question that a governed query surely answers, or would
if it were put more closely, is for the data analyst; the help desk looks every other one up."""

from crews.floor.turn import FloorTurn
from crews.router.output import Route

# Understood, but to be asked again otherwise: the data analyst says how.
_FIGURES_ALL_THE_SAME = ("ambiguous", "out of range")


def plan_route(turn: FloorTurn) -> str:
    suggestions = turn.suggest()
    if suggestions is not None and (suggestions.best or suggestions.reason in _FIGURES_ALL_THE_SAME):
        route = Route(specialist="data_analyst", reason="It asks for figures the company keeps.")
    else:
        # Whether the documents have an answer is seen by looking, not by guessing from the question's words.
        route = Route(specialist="help_desk", reason="The help desk looks it up in the company's documents.")
    return route.model_dump_json()
