"""How the help desk answers without a language model: search once, quote what fits, or say that nothing
does."""

import re

from crews.floor.extract import extract_claims
from crews.floor.turn import FloorReply, FloorTurn, ToolRequest
from crews.follow_up import WHY
from crews.help_desk.output import DraftAnswer
from knowledge.relevance.content_words import content_words
from ledger.evidence import Evidence

_REASON = re.compile(r"\b(?:because|reasons?|so that|in order to|therefore|due to)\b", re.IGNORECASE)


def plan_answer(turn: FloorTurn) -> FloorReply:
    if "search_knowledge" in turn.tools and not turn.called:
        return ToolRequest("search_knowledge", {"query": turn.question})
    evidence = [item for item in turn.evidence if turn.about is None or _speaks_of(item, turn.about)]
    claims = extract_claims(turn.question, evidence, turn.similarity)
    missing = None if claims else "No passage I may show you is close enough to the question to quote."
    return DraftAnswer(claims=claims, missing=missing).model_dump_json()


def _speaks_of(item: Evidence, about: str) -> bool:
    """Whether a passage says anything of what a follow-up added, or it would repeat the earlier answer."""
    if about == WHY:
        return bool(_REASON.search(item.finding.text))
    details = item.finding.details
    text = " ".join([str(details.get("title") or ""), str(details.get("section") or ""), item.finding.text])
    return content_words(about) <= content_words(text)
