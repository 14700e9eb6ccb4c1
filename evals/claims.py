"""Claims with the passage that bears them out, and the same claims made wrong in one way each.

A corruption changes as little as it can: another number, another name, a denial more or less, or a sentence
of another document in the place of the claim.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from cli.embedded import Installation
from crews.grounding.check import source_of
from crews.grounding.support import is_quoted, measure_support
from knowledge.relevance.judge import quotable_sentences
from knowledge.relevance.similarity import Similarity, similarity_from
from ledger.documents import DocumentRecord, PassageRecord, list_documents, read_passages
from ledger.evidence import Evidence, Finding
from ledger.yaml_file import load_yaml

SEED = 7
_MOST_QUOTED = 150
_NUMBER = re.compile(r"(?<![\w.,:-])\d+(?:[.,]\d+)*(?![\w:]|[.,]\d|-\d)")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-zäöü]{2,}(?: [A-Z][a-zäöü]{2,})?")
_MODAL = re.compile(
    r"\b(is|are|was|were|can|may|must|will|should|has|have|do|does|gets?|takes?|lasts?|needs?)\b"
)
_DENIED = re.compile(
    r"\b(is|are|was|were|can|may|must|will|should|do|does) not\b|\bcannot\b|\bnever\b|\bno longer\b"
)
_LEAST_WORDS = 6


class Kind(StrEnum):
    PARAPHRASE = "in other words"
    QUOTED = "word for word"
    NUMBER = "number swapped"
    NAME = "name swapped"
    DENIAL = "denial put in or out"
    OTHER = "other document's sentence"
    NEAREST = "nearest document's sentence"


@dataclass(frozen=True, slots=True)
class Case:
    """`holds`: the passage bears the claim out. `document` keeps what belongs together in one fold."""

    kind: Kind
    text: str
    passage: Evidence
    document: str

    @property
    def holds(self) -> bool:
        return self.kind in (Kind.PARAPHRASE, Kind.QUOTED)


class ClaimsFile(BaseModel):
    """`claims.yaml` of a workspace: by the document that bears them out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    claims: dict[str, tuple[str, ...]]


def collect_cases(installation: Installation, workspace: Path) -> list[Case]:
    """Right ones first, each kind of corruption after it."""
    rng = random.Random(SEED)
    pages = _pages(installation)
    right = [*_paraphrases(installation, workspace, pages), *_quoted(pages, rng)]
    names = sorted(
        {name for items in pages.values() for item in items for name in _NAME.findall(item.finding.text)}
    )
    cases = list(right)
    for case in right:
        cases += _corrupted(case, names, rng)
    cases += _from_elsewhere(installation, [case for case in right if case.kind is Kind.QUOTED], pages, rng)
    return cases


def _pages(installation: Installation) -> dict[str, list[Evidence]]:
    served = [item for item in list_documents(installation.db) if item.status == "ok"]
    passages = read_passages(installation.db, [item.id for item in served])
    return {item.path: [_evidence(item, part) for part in passages[item.id]] for item in served}


def _evidence(document: DocumentRecord, passage: PassageRecord) -> Evidence:
    updated = document.updated.isoformat() if document.updated else None
    details = {"title": document.title, "section": " > ".join(passage.heading_path), "owner": document.owner}
    finding = Finding("passage", document.path, passage.locator, passage.text, updated, details)
    return Evidence(passage.id, "E1", "step", finding)


def _paraphrases(
    installation: Installation, workspace: Path, pages: dict[str, list[Evidence]]
) -> Iterator[Case]:
    for document, claims in load_yaml(workspace / "claims.yaml", ClaimsFile).claims.items():
        for claim in claims:
            yield Case(
                Kind.PARAPHRASE,
                claim,
                nearest(claim, pages[document], similarity_from(lambda: installation.library)),
                document,
            )


def nearest(claim: str, passages: Sequence[Evidence], similarity: Similarity) -> Evidence:
    """The passage a crew would have had before it when it wrote this."""
    features = [measure_support(claim, [source_of(item)], similarity) for item in passages]
    return max(zip(features, passages, strict=True), key=lambda pair: pair[0].closeness + pair[0].words)[1]


def _quoted(pages: dict[str, list[Evidence]], rng: random.Random) -> list[Case]:
    cases = [
        Case(Kind.QUOTED, sentence, item, document)
        for document, items in pages.items()
        for item in items
        for sentence in quotable_sentences(item.finding.text)
        if len(sentence.split()) >= _LEAST_WORDS and "|" not in sentence
    ]
    return rng.sample(cases, min(_MOST_QUOTED, len(cases)))


def _corrupted(case: Case, names: Sequence[str], rng: random.Random) -> Iterator[Case]:
    for kind, text in (
        (Kind.NUMBER, other_number(case.text, rng)),
        (Kind.NAME, other_name(case.text, case.passage.finding.text, names, rng)),
        (Kind.DENIAL, other_denial(case.text)),
    ):
        if text is not None and text != case.text:
            yield Case(kind, text, case.passage, case.document)


def other_number(text: str, rng: random.Random) -> str | None:
    """One number of the text made another of the same length and form."""
    found = list(_NUMBER.finditer(text))
    if not found:
        return None
    match = rng.choice(found)
    at = rng.choice([place for place, char in enumerate(match[0]) if char.isdigit()])
    others = [digit for digit in "123456789" if digit != match[0][at]]
    changed = match[0][:at] + rng.choice(others) + match[0][at + 1 :]
    return text[: match.start()] + changed + text[match.end() :]


def other_name(text: str, passage: str, names: Sequence[str], rng: random.Random) -> str | None:
    match = _NAME.search(text)
    others = [name for name in names if name not in passage and name not in text]
    if match is None or not others:
        return None
    return text[: match.start()] + rng.choice(others) + text[match.end() :]


def other_denial(text: str) -> str | None:
    if match := _DENIED.search(text):
        kept = match[1] or ("can" if match[0] == "cannot" else "")
        return " ".join(f"{text[: match.start()]}{kept}{text[match.end() :]}".split())
    if match := _MODAL.search(text):
        auxiliary = match[1] in ("is", "are", "was", "were", "can", "may", "must", "will", "should")
        denied = f"{match[0]} not" if auxiliary else f"never {match[0]}"
        return text[: match.start()] + denied + text[match.end() :]
    return None


def _from_elsewhere(
    installation: Installation, quoted: Sequence[Case], pages: dict[str, list[Evidence]], rng: random.Random
) -> Iterator[Case]:
    """For each sentence a passage of another document: any, and the one nearest to it."""
    for case in quoted:
        others = [item for document, items in pages.items() if document != case.document for item in items]
        yield Case(Kind.OTHER, case.text, rng.choice(others), case.document)
        hard = nearest(case.text, others, similarity_from(lambda: installation.library))
        if not is_quoted(case.text, [source_of(hard)]):
            yield Case(Kind.NEAREST, case.text, hard, case.document)
