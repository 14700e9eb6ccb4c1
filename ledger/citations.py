"""Numbers the evidence of an answer, alike for every front door: claims are followed by the numbers of the
sources they stand on."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from ledger.reading import EvidenceView, RunView
from ledger.result import Claim


@dataclass(frozen=True, slots=True)
class CitedAnswer:
    """`text` is raw, not yet escaped; `sources[0]` is what it cites as [1]."""

    text: str
    sources: tuple[EvidenceView, ...]


def cite(view: RunView) -> CitedAnswer:
    """The answer's own text with citations where its claims can be found in it, else the claims alone."""
    known = {item.id: item for item in view.evidence}
    order = list(dict.fromkeys(label for claim in view.claims for label in claim.evidence if label in known))
    numbers = {label: number for number, label in enumerate(order, start=1)}
    marked = [(claim.text, _marks(view.claims, at, numbers)) for at, claim in enumerate(view.claims)]
    text = _cited_in_place(view.answer or "", marked)
    if text is None:
        text = " ".join(claim + marks for claim, marks in marked)
    return CitedAnswer(text, tuple(known[label] for label in order))


def show_as_of(as_of: str | None) -> str:
    """The moment a source speaks for, to the minute and with its zone; a day as it is."""
    if as_of is None or len(as_of) <= len("2026-11-30"):
        return as_of or "unknown"
    try:
        return f"{datetime.fromisoformat(as_of).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return as_of


def with_age(updated: str, *, on: date) -> str:
    """An ISO date, and how long ago that was on another day where it is a year or more."""
    try:
        day = date.fromisoformat(updated)
    except ValueError:
        return updated
    years = on.year - day.year - ((on.month, on.day) < (day.month, day.day))
    if years < 1:
        return updated
    return f"{updated}, {years} year{'s' if years > 1 else ''} ago"


def _marks(claims: tuple[Claim, ...], at: int, numbers: dict[str, int]) -> str:
    """Nothing where the next claim stands on the same evidence: the citation follows the last of them."""
    cited = claims[at].evidence
    if at + 1 < len(claims) and claims[at + 1].evidence == cited:
        return ""
    found = sorted({numbers[label] for label in cited if label in numbers})
    return " " + "".join(f"[{number}]" for number in found) if found else ""


def _cited_in_place(answer: str, marked: list[tuple[str, str]]) -> str | None:
    text, end = "", 0
    for claim, marks in marked:
        start = answer.find(claim, end)
        if start < 0:
            return None
        text += answer[end : start + len(claim)] + marks
        end = start + len(claim)
    return text + answer[end:]
