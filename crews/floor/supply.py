"""How a crew that plans stock answers without a language model: its tool reckons, and it tells the rows."""

from crews.data_analyst.floor import figure_claims, of_kind, without_figures
from crews.floor.turn import FloorPlan, FloorReply, FloorTurn, ToolRequest
from crews.help_desk.output import DraftAnswer
from ledger.evidence import FIGURES

# A group's articles are all of interest, not only the first.
MOST_ROWS = 20


def plan_with(tool: str) -> FloorPlan:
    def plan(turn: FloorTurn) -> FloorReply:
        if tool not in turn.called:
            return ToolRequest(tool, {"about": turn.question})
        figures = list(of_kind(turn, FIGURES))
        if not figures:
            return without_figures(turn)
        return DraftAnswer(claims=tuple(figure_claims(figures[-1], MOST_ROWS))).model_dump_json()

    return plan
