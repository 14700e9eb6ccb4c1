"""The message that brings a decision before somebody who may take it: what is asked, and a button for each
option; once it is settled, what was decided, and no button.
"""

import re
from typing import Any

from bots.answer_card import MAX_LINE, MAX_SECTION, Block, Card
from bots.mrkdwn import escape, fit, split_text, to_mrkdwn
from ledger.decision_views import Decision
from ledger.ids import short_id
from ledger.schema import DecisionState

ACTION = re.compile(r"decide\.[0-4]")
_DETAIL_CHARS = 6_000


def render_decision(decision: Decision) -> Card:
    question = fit(to_mrkdwn(decision.question), MAX_SECTION)
    lines = [question, *_about(decision)]
    if decision.state != DecisionState.OPEN:
        outcome = _outcome(decision)
        return Card("\n\n".join([*lines, outcome]), (*map(_section, [question, outcome]), _footer(decision)))
    detail = _detail(decision)
    command = f"crewdesk decisions decide {short_id(decision.id)} CHOICE --as EMAIL"
    how = f"Choose one of: {', '.join(map(escape, decision.options))}. In a terminal: {command}"
    blocks = (
        _section(question),
        *([_context(lines[1:])] if lines[1:] else []),
        *map(_section, split_text(detail, MAX_SECTION)),
        {"type": "actions", "elements": _buttons(decision)},
        _footer(decision),
    )
    return Card("\n\n".join(filter(None, [*lines, detail, how])), blocks)


def choice_in(action: dict[str, Any]) -> tuple[str, str]:
    """The decision's id and the choice that a pressed button stands for."""
    decision_id, _, choice = str(action.get("value", "")).partition(":")
    return decision_id, choice


def _buttons(decision: Decision) -> list[Block]:
    return [
        {
            "type": "button",
            "action_id": f"decide.{number}",
            "text": {"type": "plain_text", "text": option, "emoji": False},
            "value": f"{decision.id}:{option}",
        }
        for number, option in enumerate(decision.options)
    ]


def _about(decision: Decision) -> list[str]:
    told = [fit(to_mrkdwn(decision.why), MAX_LINE)] if decision.why else []
    told.append(f"Asked for by {escape(decision.requester)}.")
    if decision.digest:
        told.append(f"SHA-256 of what is decided upon: {decision.digest}")
    if decision.expires_at and decision.state == DecisionState.OPEN:
        told.append(f"Until {decision.expires_at:%Y-%m-%d %H:%M} UTC.")
    return told


def _detail(decision: Decision) -> str:
    shown = to_mrkdwn(decision.detail or "")
    if len(shown) <= _DETAIL_CHARS:
        return shown
    whole = f"(Shortened. All of it: crewdesk decisions show {short_id(decision.id)} --as EMAIL)"
    return f"{fit(shown, _DETAIL_CHARS)}\n\n{whole}"


def _outcome(decision: Decision) -> str:
    choice = escape(decision.choice or "")
    match decision.state:
        case DecisionState.DECIDED:
            return f":white_check_mark: *{choice}*, decided by {escape(decision.decided_by or '')}."
        case DecisionState.EXPIRED:
            return f":hourglass: Nobody decided in time, so it went on with *{choice}*."
        case _:
            return "Nothing is left to decide: the run has ended."


def _footer(decision: Decision) -> Block:
    return _context([f"decision {short_id(decision.id)} · run {short_id(decision.run_id)}"])


def _section(escaped: str) -> Block:
    return {"type": "section", "text": _text(escaped)}


def _context(lines: list[str]) -> Block:
    return {"type": "context", "elements": [_text(fit("\n".join(lines), MAX_SECTION))]}


def _text(escaped: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": escaped, "verbatim": True}
