"""Whether what an answer says was done was done: each claimed action needs a tool call of this run that did
such a thing.

Only tools with an effect do things. A claim that quotes its evidence word for word tells of somebody else's
deeds and is left alone here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crews.grounding.numbers import read_figures
from ledger.spans import Span

# Verbs that belong together, past tense first; the rest are words of the tools that do such a thing.
_FAMILIES: tuple[tuple[str, str], ...] = (
    (
        "opened created raised filed logged submitted registered",
        "open create raise file log submit register ticket",
    ),
    (
        "sent emailed e-mailed mailed messaged notified informed told forwarded posted contacted replied "
        "answered alerted wrote shared published uploaded",
        "send email mail message notify inform forward post contact reply alert write share publish upload "
        "slack",
    ),
    (
        "restarted rebooted reset unlocked locked started stopped",
        "restart reboot reset unlock lock start stop",
    ),
    ("deleted removed cleared erased cancelled canceled", "delete remove clear erase cancel"),
    (
        "updated changed modified edited corrected set configured enabled disabled renamed moved",
        "update change modify edit correct set configure enable disable rename move patch put",
    ),
    ("escalated handed assigned routed", "escalate hand assign route human"),
    (
        "approved rejected granted revoked authorised authorized",
        "approve reject grant revoke authorise authorize access",
    ),
    ("booked scheduled reserved arranged", "book schedule reserve arrange calendar"),
    (
        "ordered bought paid refunded transferred charged reimbursed",
        "order buy pay refund transfer charge reimburse payment",
    ),
    ("closed resolved fixed completed repaired", "close resolve fix complete repair update"),
    ("installed deployed executed ran", "install deploy execute run"),
    ("called phoned", "call phone"),
)
_FAMILY = {
    verb: frozenset(f"{verbs} {tools}".split()) for verbs, tools in _FAMILIES for verb in verbs.split()
}
_VERBS = "|".join(sorted(_FAMILY, key=len, reverse=True))
_OURS = r"(?:I|we|(?:the )?(?:crew|assistant|bot|system|help[- ]?desk specialist|data analyst)|crewdesk)"
_BETWEEN = r"(?:['’]ve|have|had|has|just|already|now|also|then|successfully|immediately|been able to)"
_ACTION = re.compile(
    rf"(?:\b{_OURS}(?:['’]ve)?\s+(?:{_BETWEEN}\s+){{0,4}}(?P<ours>{_VERBS})\b"
    rf"|\b(?:your|the|an?|this|that)\s+(?:[\w#-]+\s+){{1,4}}?(?:has|have)\s+(?:(?:just|already|now|also|successfully)\s+)?been\s+"
    rf"(?:(?:just|already|now|also|successfully)\s+)?(?P<done>{_VERBS})\b"
    rf"|^(?:done[:,.!-]+\s*)?(?P<bare>{_VERBS})\s+(?:the|your|an?|all|ticket|e-?mail)\b)",
    re.IGNORECASE,
)
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class DoneCall:
    """A call of a tool with an effect that came back well; `told` is all its arguments and answer say."""

    tool: str
    told: str


def calls_done(spans: Sequence[Span]) -> list[DoneCall]:
    return [
        DoneCall(span.name.removeprefix("tool "), f"{_words(span.input)} {_words(span.output)}")
        for span in spans
        if span.kind == "tool"
        and span.attributes.get("effect") in ("write", "external")
        and span.attributes.get("status") == "found"
    ]


def undone_action(claim: str, calls: Sequence[DoneCall], texts: Sequence[str]) -> str | None:
    """The verb of an action that no call of this run carries out."""
    if any(_flat(claim) in _flat(text) for text in texts) and not re.match(r"\s*I\b", claim):
        return None
    for match in _ACTION.finditer(claim):
        verb = (match["ours"] or match["done"] or match["bare"]).lower()
        if match["done"] and _is_told(claim, texts):
            continue
        if not any(_does(call, verb) and _names_it(call, claim) for call in calls):
            return verb
    return None


def _does(call: DoneCall, verb: str) -> bool:
    return bool(_FAMILY[verb] & set(re.split(r"[\W_]+", call.tool.lower())))


def _names_it(call: DoneCall, claim: str) -> bool:
    """ "Ticket 12" has to be the ticket the call was about."""
    told = read_figures(call.told)
    said = read_figures(claim)
    return all(number in told.whole_numbers for number in said.whole_numbers) and all(
        code.lower() in call.told.lower() for code, _ in said.codes
    )


def _is_told(claim: str, texts: Sequence[str]) -> bool:
    """ "The ticket has been closed" may be what the evidence says of somebody else."""
    words = set(_flat(claim).split())
    return any(len(words & set(_flat(text).split())) >= 0.7 * len(words) for text in texts)


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(_words(item) for item in value.values())
    if isinstance(value, list):
        return " ".join(map(_words, value))
    return "" if value is None else str(value)


def _flat(text: str) -> str:
    return _SPACES.sub(" ", text).strip().lower()
