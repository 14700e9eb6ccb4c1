"""How the triager works without a language model: what the steps before have not looked up, a search, and
what fits of it, quoted; of access and status, our own sentences."""

from collections.abc import Iterator

from crews.floor.extract import extract_claims
from crews.floor.turn import FloorReply, FloorTurn, ToolRequest
from crews.grounding.check import own_sentences
from crews.help_desk.output import DraftAnswer
from ledger.result import Claim

_SEARCH = "search_knowledge"
# With the argument that takes the request; each finds the systems it names by itself.
_LOOKS = (("check_access", "system"), ("check_system_status", "system"), (_SEARCH, "query"))
# Of these the floor tells; a classification is nobody's answer.
_TOLD = frozenset({"access", "system_status"})


def plan_triage(turn: FloorTurn) -> FloorReply:
    for tool, argument in _LOOKS:
        wanted = tool == _SEARCH or not turn.was_looked_up
        if wanted and tool in turn.tools and tool not in turn.called:
            return ToolRequest(tool, {argument: turn.question})
    claims = (*_own(turn), *extract_claims(turn.question, turn.evidence, turn.similarity))
    missing = None if claims else "No passage I may show you is close enough to the request to quote."
    return DraftAnswer(claims=claims, missing=missing).model_dump_json()


def _own(turn: FloorTurn) -> Iterator[Claim]:
    for item in turn.evidence:
        if item.finding.kind in _TOLD:
            for sentence in own_sentences(item)[:1]:
                yield Claim(text=sentence, evidence=(item.label,))
