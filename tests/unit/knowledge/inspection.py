"""Documents in front of the gate, and a finder of personal data that sees a few plain shapes."""

import re
from collections.abc import Iterable
from datetime import date

from knowledge.document import SourceDocument
from knowledge.loading.blocks import Block, BlockKind, FileStatus, LoadedFile
from knowledge.metadata import Metadata, resolve
from knowledge.pii.port import PiiKind, PiiSpan
from knowledge.quality.duplicates import KnownText
from knowledge.quality.gate import Gate, Verdict

_SHAPES = {
    PiiKind.CREDIT_CARD: re.compile(r"\b\d{4}(?: \d{4}){3}\b"),
    PiiKind.EMAIL: re.compile(r"\b[\w.]+@[\w.]+\w"),
    PiiKind.PHONE: re.compile(r"\+\d{9,14}\b"),
    PiiKind.SSN: re.compile(r"(?<=SSN )\d{3}-\d{2}-\d{4}\b"),
}


class Shapes:
    """Knows a social security number only by the letters before it, as a real detector knows words."""

    def find(self, text: str) -> list[PiiSpan]:
        spans = [
            PiiSpan(kind, match.start(), match.end(), 1.0)
            for kind, shape in _SHAPES.items()
            for match in shape.finditer(text)
        ]
        return sorted(spans, key=lambda span: span.start)


def paragraphs(*texts: str) -> tuple[Block, ...]:
    return tuple(Block(BlockKind.PARAGRAPH, text) for text in texts)


def loaded(*texts: str, hidden: tuple[str, ...] = ()) -> LoadedFile:
    return LoadedFile(FileStatus.OK, blocks=paragraphs(*texts), hidden=hidden)


def document(name: str = "a.md", content: bytes = b"", **metadata: object) -> SourceDocument:
    fields = Metadata.model_validate({"updated": date(2026, 1, 1), **metadata})
    return SourceDocument(
        id=f"id of {name}",
        name=f"documents/{name}",
        metadata=resolve(fields),
        content=content,
        content_hash=name,
        size_bytes=len(content),
    )


def make_gate(known: Iterable[KnownText] = ()) -> Gate:
    return Gate(Shapes(), known)


def inspect(
    gate: Gate, source: SourceDocument, file: LoadedFile, released: Iterable[FileStatus] = ()
) -> Verdict:
    return gate.inspect(source, file, frozenset(released))


def kinds(verdict: Verdict) -> list[str]:
    return [finding.kind for finding in verdict.findings]
