"""How a report is written without a language model: the key figures in a sentence each, by rule. What was
reckoned and quoted stands in the report anyway."""

from crews.floor.turn import FloorReply, FloorTurn, ToolRequest
from crews.report_writer.output import ReportDraft, WrittenClaim


def plan_report_draft(turn: FloorTurn) -> FloorReply:
    if "read_evidence" not in turn.called:
        return ToolRequest("read_evidence", {"labels": []})
    claims = tuple(
        WrittenClaim(text=sentence, evidence=(item.label,))
        for item in turn.evidence
        for sentence in item.finding.details.get("headline", ())
    )
    return ReportDraft(claims=claims).model_dump_json()
