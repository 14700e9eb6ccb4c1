"""Every check of a claim against its evidence, in the order in which they are cheapest to fail.

A claim that fails one is left out. One that passes them all but is borne out only loosely is shown with a
note that says so.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from crews.grounding.actions import DoneCall, undone_action
from crews.grounding.denial import is_reversed, may_be_reversed
from crews.grounding.names import foreign_name
from crews.grounding.numbers import Figures, foreign_figure, read_figures
from crews.grounding.support import Source, is_quoted, shipped_support, support
from knowledge.quality.injection import suspect
from knowledge.relevance.content_words import content_words
from knowledge.relevance.judge import quotable_sentences
from knowledge.relevance.similarity import Similarity
from knowledge.warehouse.evidence import rows_of
from knowledge.warehouse.wording import row_sentences
from ledger.evidence import FIGURES, WEB_PAGE, Evidence
from ledger.outgoing import is_disguised, links_in, without_unseen
from ledger.pii_tokens import tokens_in_text

# Evidence that is somebody's sentences. Of rows and of our own notes the figures and names are checked.
PROSE = frozenset({"passage", "document", WEB_PAGE, "ticket"})
# Evidence that tools of ours have put into words: their details hold the `sentences`.
OWN_WORDS = frozenset({"access", "system_status", "classification", "opened_ticket", "escalation"})
# Two sentences that share so many of their words say the same of the same.
_TWIN = 0.8
_LEAST_WORDS = 3
_DIGITS = re.compile(r"\d[\d.,:]*")


class Cited(Protocol):
    """Whatever says something and names the labels it stands on."""

    @property
    def text(self) -> str: ...

    @property
    def evidence(self) -> tuple[str, ...]: ...


C = TypeVar("C", bound=Cited)


@dataclass(frozen=True, slots=True)
class Grounds:
    """What claims may lean on besides their evidence: the words of the question, and what the run did.
    Without a similarity nothing is said of how well a claim is borne out."""

    question: str = ""
    calls: Sequence[DoneCall] = ()
    similarity: Similarity | None = None


def check_claims(
    claims: Sequence[C], evidence: Mapping[str, Evidence], grounds: Grounds | None = None
) -> tuple[tuple[C, ...], list[str]]:
    """The claims that hold, and one reason for each that does not."""
    kept, dropped = [], []
    for claim in claims:
        reason = objection(claim, evidence, grounds or Grounds())
        if reason is None:
            kept.append(claim)
        else:
            dropped.append(reason)
    return tuple(kept), dropped


def objection(claim: Cited, evidence: Mapping[str, Evidence], grounds: Grounds) -> str | None:
    """Why a claim must not leave; None if it may."""
    if not claim.text.strip():
        return "an empty claim"
    if not claim.evidence:
        return "a claim without evidence"
    unknown = [label for label in claim.evidence if label not in evidence]
    if unknown:
        return f"cites {unknown[0][:20]}, which this run never found"
    items = [evidence[label] for label in claim.evidence]
    texts = [citable_text(item) for item in items]
    return (
        _foreign_address(claim.text, texts)
        or _order(claim.text)
        or _action(claim.text, grounds, texts)
        or _against_rows(claim, items, grounds, texts)
    )


def _against_rows(
    claim: Cited, items: Sequence[Evidence], grounds: Grounds, texts: Sequence[str]
) -> str | None:
    """What our own code says of governed rows, or of what it checked and did, word for word, needs no
    reading."""
    if any(claim.text in _told_rows(item) or claim.text in own_sentences(item) for item in items):
        return None
    return (
        _figure(claim.text, texts)
        or _name(claim.text, grounds.question, items, texts)
        or _against_prose(claim, items, grounds)
    )


def doubts(claims: Sequence[Cited], evidence: Mapping[str, Evidence], grounds: Grounds) -> dict[str, str]:
    """What a reader should know of kept claims, by their text: that one may be wrong, and in which way."""
    found = {claim.text: _doubt(claim, evidence, grounds) for claim in claims}
    return {text: doubt for text, doubt in found.items() if doubt is not None}


def citable_text(item: Evidence) -> str:
    """All of it that a claim may repeat."""
    details = item.finding.details
    parts = [details.get("title"), details.get("section"), item.finding.as_of, item.finding.text]
    if item.finding.kind == FIGURES:
        parts += [*details.get("filters", ()), *details.get("notes", ())]
        parts += [
            f"{metric.get('label')} {metric.get('definition')}" for metric in details.get("metrics", ())
        ]
    return "\n".join(str(part) for part in parts if part)


def own_sentences(item: Evidence) -> tuple[str, ...]:
    """What our own code says of something it checked or did; empty of any other evidence."""
    told = item.finding.details.get("sentences") if item.finding.kind in OWN_WORDS else None
    return tuple(told or ())


def _told_rows(item: Evidence) -> frozenset[str]:
    """The sentences that tell of its rows; empty where it has none."""
    details = item.finding.details
    if item.finding.kind != FIGURES or "columns" not in details:
        return frozenset()
    title, sentences = details["title"], list(row_sentences(*rows_of(details)))
    return frozenset([f"{title}:", *sentences, *(f"{title}: {sentence}" for sentence in sentences)])


def _foreign_address(text: str, texts: Sequence[str]) -> str | None:
    if tokens_in_text(text) - {token for known in texts for token in tokens_in_text(known)}:
        return "personal data that is not in its evidence"
    if without_unseen(text) != text:
        return "characters that cannot be seen"
    links = links_in(text)
    if set(links) - {link for known in texts for link in links_in(known)}:
        return "a link that is not in its evidence"
    if any(map(is_disguised, links)):
        return "a link that does not plainly say where it leads"
    return None


def _order(text: str) -> str | None:
    return "reads like an order to a model" if suspect(text).is_certain else None


def _action(text: str, grounds: Grounds, texts: Sequence[str]) -> str | None:
    verb = undone_action(text, grounds.calls, texts)
    return None if verb is None else f"says that something was {verb}, which this run did not do"


def _figure(text: str, texts: Sequence[str]) -> str | None:
    """A claim that repeats a sentence but for a figure has to have the figure of that very sentence."""
    said = read_figures(text)
    if not said.quantities and not said.dates and not said.codes:
        return None
    twins = [twin for twin in map(read_figures, _twins(text, texts)) if _has_kinds_of(said, twin)]
    whole = foreign_figure(said, [read_figures(known) for known in texts])
    if whole is None and twins and foreign_figure(said, twins) is not None:
        return "its evidence gives another figure for this"
    return whole


def _has_kinds_of(said: Figures, twin: Figures) -> bool:
    """A heading says the same words, and no figure or a date alone."""
    kinds = ((said.quantities, twin.quantities), (said.dates, twin.dates), (said.codes, twin.codes))
    return all(there for wanted, there in kinds if wanted)


def _twins(text: str, texts: Sequence[str]) -> Iterator[str]:
    words = content_words(_DIGITS.sub(" ", text))
    for known in texts:
        for sentence in quotable_sentences(known):
            told = content_words(_DIGITS.sub(" ", sentence))
            if len(words & told) >= _TWIN * max(1, len(words | told)):
                yield sentence


def _name(text: str, question: str, items: Sequence[Evidence], texts: Sequence[str]) -> str | None:
    owners = [str(item.finding.details.get("owner") or "") for item in items]
    name = foreign_name(text, "\n".join([*texts, *owners, question]))
    return None if name is None else f"the name “{name[:40]}” is not in its evidence"


def _against_prose(claim: Cited, items: Sequence[Evidence], grounds: Grounds) -> str | None:
    if not _is_prose(items):
        return None
    if is_reversed(claim.text, [item.finding.text for item in items]):
        return "its evidence says the opposite"
    if grounds.similarity is None:
        return None
    sources = [source_of(item) for item in items]
    if is_quoted(claim.text, sources):
        return None
    if len(content_words(claim.text)) < _LEAST_WORDS:
        # Of so few words meaning cannot be told; they are noted at most.
        return None
    if support(claim.text, sources, grounds.similarity) < shipped_support().drops:
        return "its evidence does not say this"
    return None


def _doubt(claim: Cited, evidence: Mapping[str, Evidence], grounds: Grounds) -> str | None:
    items = [evidence[label] for label in claim.evidence]
    if grounds.similarity is None or not _is_prose(items):
        return None
    sources = [source_of(item) for item in items]
    if is_quoted(claim.text, sources):
        return None
    if may_be_reversed(claim.text, sources, grounds.similarity):
        return "may say the opposite of its source"
    loose = support(claim.text, sources, grounds.similarity) < shipped_support().flags
    return "is only loosely borne out by its source" if loose else None


def _is_prose(items: Sequence[Evidence]) -> bool:
    return all(item.finding.kind in PROSE for item in items)


def source_of(item: Evidence) -> Source:
    details = item.finding.details
    heading = str(details.get("section") or "").rpartition(" > ")[2] or str(details.get("title") or "")
    return Source(heading, item.finding.text)
