"""Whether two current pages disagree about what an answer says, and which of them is the newer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from knowledge.relevance.conflict import Statement, find_conflict
from knowledge.relevance.content_words import content_words
from knowledge.relevance.judge import quotable_sentences
from ledger.evidence import Evidence
from ledger.result import Claim

# A sentence of the evidence stands behind a claim that has so much of its words.
_BEHIND = 0.6
# Kinds of evidence that are somebody's words.
_PAGES = ("passage", "document")


@dataclass(frozen=True, slots=True)
class Side:
    """One of two pages that disagree, and the sentence in which it does."""

    evidence: Evidence
    sentence: str

    @property
    def title(self) -> str:
        return str(self.evidence.finding.details.get("title") or self.evidence.finding.source)

    @property
    def updated(self) -> str:
        return str(self.evidence.finding.details.get("updated") or "")

    @property
    def described(self) -> str:
        """The title with its date and its owner, as far as they are known."""
        owner = self.evidence.finding.details.get("owner")
        known = [f"updated {self.updated}" if self.updated else "", str(owner or "")]
        facts = ", ".join(fact for fact in known if fact)
        return f"“{self.title}”" + (f" ({facts})" if facts else "")

    @property
    def claim(self) -> Claim:
        return Claim(text=self.sentence, evidence=(self.evidence.label,))


@dataclass(frozen=True, slots=True)
class Disagreement:
    """`shown` stands behind the answer; `other` says otherwise."""

    shown: Side
    other: Side

    @property
    def newer(self) -> Side | None:
        """None where nothing tells which is current: a date is missing, or both are of one day."""
        if not self.shown.updated or not self.other.updated or self.shown.updated == self.other.updated:
            return None
        return max(self.shown, self.other, key=lambda side: side.updated)


def find_disagreement(
    question: str, claims: Sequence[Claim], evidence: Mapping[str, Evidence]
) -> Disagreement | None:
    """Pages past their review date are left out: that they say something else is no news."""
    current = {label: item for label, item in evidence.items() if _is_current_page(item)}
    sides: dict[Statement, Side] = {}
    for item in current.values():
        for sentence in quotable_sentences(item.finding.text):
            sides.setdefault(_statement(item, sentence), Side(item, sentence))
    shown = [statement for statement, side in sides.items() if _stands_behind(side, claims)]
    conflict = find_conflict(question, shown, list(sides))
    return Disagreement(sides[conflict.one], sides[conflict.other]) if conflict else None


def _is_current_page(item: Evidence) -> bool:
    return item.finding.kind in _PAGES and not item.finding.details.get("stale")


def _statement(item: Evidence, sentence: str) -> Statement:
    details = item.finding.details
    heading = str(details.get("section") or "").rpartition(" > ")[2] or str(details.get("title") or "")
    return Statement(item.finding.source, heading, sentence)


def _stands_behind(side: Side, claims: Iterable[Claim]) -> bool:
    words = content_words(side.sentence)
    return any(
        side.evidence.label in claim.evidence
        and len(words & content_words(claim.text)) >= _BEHIND * max(1, len(words))
        for claim in claims
    )
