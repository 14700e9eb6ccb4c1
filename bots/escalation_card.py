"""The card that hands a request over: all its owner needs to go on, without having to ask back.

What it holds comes from requests, systems and logs, so it is escaped and made inert like any answer.
"""

from bots.answer_card import MAX_LINE, MAX_SECTION, MAX_TEXT, Block, Card
from bots.mrkdwn import escape, fit, split_text, to_mrkdwn
from ledger.escalation_views import EscalationView
from ledger.outgoing import inert

_MOST_PARTS = 2


def render_escalation(card: EscalationView) -> Card:
    head = f"*Escalation {card.number}*, priority {card.priority}, for {_plain(card.team)}"
    due = f"Due by {card.due_at:%A %d %B %Y, %H:%M} UTC"
    asked = f"Asked by {escape(card.requester)}" + (f" · ticket {card.ticket}" if card.ticket else "")
    parts = [
        ("What is wanted", card.task),
        ("What is known", card.context),
        ("The error", card.error or ""),
        ("What was tried", "\n".join(f"• {line}" for line in card.attempted)),
        ("Why it presses", card.urgency),
        ("What it takes", card.expertise),
        ("What would settle it", card.expected),
    ]
    told = [f"*{name}*\n{to_mrkdwn(inert(text))}" for name, text in parts if text]
    take = f"Take it: crewdesk escalations acknowledge {card.number}"
    blocks: list[Block] = [_section(f"{head}\n{due}")]
    for text in told:
        blocks += [_section(piece) for piece in split_text(text, MAX_SECTION)[:_MOST_PARTS]]
    blocks.append(_context(f"{asked} · {take}"))
    return Card(fit("\n\n".join([f"{head}\n{due}", *told, asked, take]), MAX_TEXT), tuple(blocks))


def _plain(text: str) -> str:
    return fit(escape(inert(text)), MAX_LINE)


def _section(escaped: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": escaped, "verbatim": True}}


def _context(escaped: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": escaped, "verbatim": True}]}
