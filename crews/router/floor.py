"""How the router decides without a language model: a request for help of a kind the workspace's desk surely
knows, or about a system it knows, is triaged; a question that a governed query surely answers, or would if it
were put more closely, is for the data analyst; the help desk looks every other one up. Both work on one half
of which surely asks for figures and the other, in so many words, for what is written."""

from crews.floor.parts import figures_part
from crews.floor.turn import FloorTurn
from crews.router.output import TRIAGER, Route
from crews.triage.help_cues import asks_for_help, asks_for_person

# Understood, but to be asked again otherwise: the data analyst says how.
_FIGURES_ALL_THE_SAME = ("ambiguous", "out of range")


def plan_route(turn: FloorTurn) -> str:
    if _asks_for_help(turn):
        reason = "It reports trouble or asks for something to be done."
        route = Route(specialists=(TRIAGER,), reason=reason)
    elif _asks_for_both(turn):
        reason = "It asks for figures the company keeps, and for what is written about them."
        route = Route(specialists=("data_analyst", "help_desk"), reason=reason)
    elif _asks_for_figures(turn):
        route = Route(specialists=("data_analyst",), reason="It asks for figures the company keeps.")
    else:
        # Whether the documents have an answer is seen by looking, not by guessing from the question's words.
        reason = "The help desk looks it up in the company's documents."
        route = Route(specialists=("help_desk",), reason=reason)
    return route.model_dump_json()


def _asks_for_help(turn: FloorTurn) -> bool:
    if not asks_for_help(turn.question):
        return False
    triaged = turn.triage()
    if triaged is None:
        return False
    return triaged.sure or bool(triaged.systems) or asks_for_person(turn.question)


def _asks_for_both(turn: FloorTurn) -> bool:
    part = figures_part(turn.question)
    suggestions = turn.suggest(part) if part is not None else None
    return suggestions is not None and suggestions.best is not None


def _asks_for_figures(turn: FloorTurn) -> bool:
    suggestions = turn.suggest()
    if suggestions is None:
        return False
    return suggestions.best is not None or suggestions.reason in _FIGURES_ALL_THE_SAME
