"""How the router decides without a language model: a request for help of a kind the workspace's desk surely
knows, or about a system it knows, is triaged; a question that a governed query surely answers, or would if it
were put more closely, is for the data analyst, and so is one that is put like a question of figures and that
no document answers, as the analyst says what was not understood; one that industry reports answer, and
nothing of the company's own, is for the market researcher; the help desk looks every other one up. Two work
on one half of which surely asks for figures and the other, in so many words, for what is written or for the
market."""

from crews.floor.extract import OTHER_SHARE
from crews.floor.parts import (
    asks_how_many,
    figures_part,
    is_put_like_figures,
    market_part,
    speaks_of_market,
)
from crews.floor.turn import FloorTurn
from crews.follow_up import WHY
from crews.router.output import TRIAGER, Route
from crews.triage.help_cues import asks_for_help, asks_for_person
from knowledge.relevance.score import shipped_coefficients

# Understood, but to be asked again otherwise: the data analyst says how.
_FIGURES_ALL_THE_SAME = ("ambiguous", "out of range")
# A metric was understood, and less than half of the rest.
_HALF_UNDERSTOOD = 0.1


def plan_route(turn: FloorTurn) -> str:
    if _asks_for_help(turn):
        reason = "It reports trouble or asks for something to be done."
        route = Route(specialists=(TRIAGER,), reason=reason)
    elif _asks_for_both(turn):
        if market_part(turn.question) is not None:
            other, reason = "market_researcher", "It asks for figures the company keeps, and for the market."
        else:
            other = "help_desk"
            reason = "It asks for figures the company keeps, and for what is written about them."
        route = Route.model_validate({"specialists": ("data_analyst", other), "reason": reason})
    elif _asks_for_figures(turn):
        route = Route(specialists=("data_analyst",), reason="It asks for figures the company keeps.")
    elif _asks_for_unknown_figures(turn):
        reason = "It asks for figures, though not for any that was understood."
        route = Route(specialists=("data_analyst",), reason=reason)
    elif _asks_for_market(turn):
        route = Route(specialists=("market_researcher",), reason="It asks for what others publish.")
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
    if turn.about == WHY and turn.look().get("company", 0.0) >= shipped_coefficients().answers:
        # A document may say why; a figure never does.
        return False
    suggestions = turn.suggest()
    if suggestions is None:
        return False
    return suggestions.best is not None or suggestions.reason in _FIGURES_ALL_THE_SAME


def _asks_for_unknown_figures(turn: FloorTurn) -> bool:
    """A question of one of our metrics, of which a document of ours says nothing; or one of how many there
    were, of which none says anything."""
    suggestions = turn.suggest()
    if suggestions is None or not is_put_like_figures(turn.question) or speaks_of_market(turn.question):
        return False
    nearest = suggestions.suggestions[0].confidence if suggestions.suggestions else 0.0
    best, answers = turn.look(), shipped_coefficients().answers
    if nearest >= _HALF_UNDERSTOOD:
        return best.get("company", 0.0) < answers
    return asks_how_many(turn.question) and max(best.values(), default=0.0) < answers


def _asks_for_market(turn: FloorTurn) -> bool:
    """Whether a report answers it and the help desk would quote nothing of ours beside it; or, in so many
    words, where nothing of ours answers it."""
    best = turn.look()
    market, company = best.get("market", 0.0), best.get("company", 0.0)
    answers = shipped_coefficients().answers
    if market >= answers:
        return company < OTHER_SHARE * market
    return company < answers and speaks_of_market(turn.question)
