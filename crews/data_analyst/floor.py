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
    sure = next((item for item in _of_kind(turn, SUGGESTION) if item.finding.details["certain"]), None)
    if sure is None:
        return _unsure(turn)
    arguments = sure.finding.details["arguments"]
    if "query_metrics" not in turn.called:
        return ToolRequest("query_metrics", arguments)
    figures = list(_of_kind(turn, FIGURES))
    if not figures:
        return _no_figures(turn)
    if figures[-1].finding.details["row_count"] > 1 and "make_chart" not in turn.called:
        return ToolRequest("make_chart", arguments)
    return DraftAnswer(claims=tuple(_claims(figures[-1]))).model_dump_json()


def _of_kind(turn: FloorTurn, kind: str) -> Iterator[Evidence]:
    return (item for item in turn.evidence if item.finding.kind == kind)


def _claims(item: Evidence) -> Iterator[Claim]:
    details = item.finding.details
    columns, rows = rows_of(details)
    sentences = list(row_sentences(columns, rows[:MOST_ROWS]))
    if len(sentences) > 1:
        yield Claim(text=f"{details['title']}:", evidence=(item.label,))
    elif sentences:
        sentences = [f"{details['title']}: {sentences[0]}"]
    for sentence in sentences:
        yield Claim(text=sentence, evidence=(item.label,))


def _unsure(turn: FloorTurn) -> str:
    why = next(_of_kind(turn, UNSURE), None)
    if why is None:
        return DraftAnswer(missing=_NOTHING, reason=AbstainReason.NOTHING_FOUND).model_dump_json()
    reason = AbstainReason(why.finding.details["reason"])
    return DraftAnswer(missing=why.finding.text, reason=reason).model_dump_json()


def _no_figures(turn: FloorTurn) -> str:
    blocked = next(_of_kind(turn, BLOCKED), None)
    if blocked is not None:
        return DraftAnswer(missing=blocked.finding.text, reason=AbstainReason.BLOCKED).model_dump_json()
    return DraftAnswer(missing=_NOTHING, reason=AbstainReason.NOTHING_FOUND).model_dump_json()
