"""How the help desk answers without a language model: search once, quote what fits, or say that nothing
does."""

from crews.floor.extract import extract_claims
from crews.floor.turn import FloorReply, FloorTurn, ToolRequest
from crews.help_desk.output import DraftAnswer


def plan_answer(turn: FloorTurn) -> FloorReply:
    if "search_knowledge" in turn.tools and not turn.called:
        return ToolRequest("search_knowledge", {"query": turn.question})
    claims = extract_claims(turn.question, turn.evidence, turn.similarity)
    missing = None if claims else "No passage I may show you is close enough to the question to quote."
    return DraftAnswer(claims=claims, missing=missing).model_dump_json()
