"""How the market researcher answers without a language model: as the help desk does, where it may look, and
only what is asked about the market."""

from dataclasses import replace

from crews.floor.parts import market_part
from crews.floor.turn import FloorReply, FloorTurn
from crews.help_desk.floor import plan_answer


def plan_research(turn: FloorTurn) -> FloorReply:
    return plan_answer(replace(turn, question=market_part(turn.question) or turn.question))
