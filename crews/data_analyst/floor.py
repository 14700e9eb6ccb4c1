"""How the data analyst answers without a language model: the one governed query the question surely means,
its rows in sentences, and a picture where there are several."""

from collections.abc import Iterator

from crews.floor.parts import figures_part
from crews.floor.turn import FloorReply, FloorTurn, ToolRequest
from crews.help_desk.output import DraftAnswer
from crews.tools.suggest_queries import UNSURE
from knowledge.warehouse.evidence import rows_of
from knowledge.warehouse.wording import row_sentences
from ledger.evidence import BLOCKED, FIGURES, SUGGESTION, Evidence
from ledger.result import AbstainReason, Claim

MOST_ROWS = 12

_NOTHING = "There is no figure for this in the data you may read."


def plan_figures(turn: FloorTurn) -> FloorReply:
    if "suggest_queries" not in turn.called:
        question = figures_part(turn.question) or turn.question
        return ToolRequest("suggest_queries", {"question": question})
    sure = next((item for item in of_kind(turn, SUGGESTION) if item.finding.details["certain"]), None)
    if sure is None:
        return _unsure(turn)
    arguments = sure.finding.details["arguments"]
    if "query_metrics" not in turn.called:
        return ToolRequest("query_metrics", arguments)
    figures = list(of_kind(turn, FIGURES))
    if not figures:
        return without_figures(turn)
    draws = "make_chart" in turn.tools and "make_chart" not in turn.called
    if draws and figures[-1].finding.details["row_count"] > 1:
        return ToolRequest("make_chart", arguments)
    return DraftAnswer(claims=tuple(figure_claims(figures[-1]))).model_dump_json()


def of_kind(turn: FloorTurn, kind: str) -> Iterator[Evidence]:
    return (item for item in turn.evidence if item.finding.kind == kind)


def figure_claims(item: Evidence, most: int = MOST_ROWS) -> Iterator[Claim]:
    details = item.finding.details
    columns, rows = rows_of(details)
    sentences = list(row_sentences(columns, rows[:most]))
    if len(sentences) > 1:
        yield Claim(text=f"{details['title']}:", evidence=(item.label,))
        for told in details.get("sentences", ()):
            yield Claim(text=told, evidence=(item.label,))
    elif sentences:
        sentences = [f"{details['title']}: {sentences[0]}"]
    for sentence in sentences:
        yield Claim(text=sentence, evidence=(item.label,))


def _unsure(turn: FloorTurn) -> str:
    why = next(of_kind(turn, UNSURE), None)
    if why is None:
        return DraftAnswer(missing=_NOTHING, reason=AbstainReason.NOTHING_FOUND).model_dump_json()
    reason = AbstainReason(why.finding.details["reason"])
    return DraftAnswer(missing=why.finding.text, reason=reason).model_dump_json()


def without_figures(turn: FloorTurn) -> str:
    blocked = next(of_kind(turn, BLOCKED), None)
    if blocked is not None:
        return DraftAnswer(missing=blocked.finding.text, reason=AbstainReason.BLOCKED).model_dump_json()
    return _unsure(turn)
