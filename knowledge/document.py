"""One file as ingestion sees it: its identity, what people said about it, and a hash that says whether to
read it again."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Protocol

from knowledge.front_matter import may_have_front_matter, take_front_matter
from knowledge.loading.blocks import BlockKind, FileStatus, LoadedFile, Unreadable
from knowledge.loading.encoding import decode_text, drop_lines
from knowledge.loading.format import MARKDOWN_SUFFIXES
from knowledge.loading.load import MAX_FILE_BYTES
from knowledge.metadata import Classification, Metadata, Resolved, check_whole, resolve
from knowledge.passages import RECIPE
from knowledge.sources import LONGEST_NAME, SourceFile
from ledger.errors import WorkspaceInvalid
from ledger.ids import derive_id

LONGEST_TITLE = 255


class FileParser(Protocol):
    def parse(self, name: str, content: bytes) -> LoadedFile:
        """Never raises for the file's sake."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """`problem` is set where the file cannot be read at all; `content` is then empty. `has_unknown_rights`
    where that is because what it says about itself does not hold. The hash covers whatever the passages
    depend on - not who may read them, so that changing rights costs no embedding."""

    id: str
    name: str
    metadata: Resolved
    content: bytes
    content_hash: str
    size_bytes: int
    problem: LoadedFile | None = None
    has_unknown_rights: bool = False

    def load(self, parser: FileParser) -> LoadedFile:
        return self.problem or parser.parse(self.name, self.content)


def read_source(source: SourceFile, declared_groups: frozenset[str]) -> SourceDocument:
    """Never raises for the file's sake: what is wrong with it becomes its status."""
    try:
        content = _read_bytes(source)
        metadata, body = _take_front_matter(source, content, declared_groups)
        return _document(source, resolve(metadata), body, len(content))
    except Unreadable as unreadable:
        return _unreadable(source, unreadable.status, unreadable.reason)
    except WorkspaceInvalid as error:
        # Which groups may read it cannot be told, so nobody does.
        return _without_rights(_unreadable(source, FileStatus.CORRUPT, str(error)))


def _take_front_matter(source: SourceFile, content: bytes, groups: frozenset[str]) -> tuple[Metadata, bytes]:
    if not may_have_front_matter(content):
        return source.metadata, content
    try:
        text = decode_text(content)
    except Unreadable:
        # Its loader says what it is.
        return source.metadata, content
    is_markdown = PurePath(source.name).suffix.lower() in MARKDOWN_SUFFIXES
    own, lines = take_front_matter(text, source.name, groups, is_markdown=is_markdown)
    whole = own.over(source.metadata)
    check_whole(whole, f"{source.name}: front matter")
    return whole, drop_lines(content, lines) if lines else content


def title_of(document: SourceDocument, loaded: LoadedFile) -> str:
    """As given, else the first heading, else what the file calls itself, else its name in words."""
    if document.metadata.title:
        return document.metadata.title
    heading = next((block.text for block in loaded.blocks if block.kind is BlockKind.HEADING), None)
    if heading or loaded.title:
        return (heading or loaded.title or "")[:LONGEST_TITLE]
    words = PurePath(document.name).stem.replace("-", " ").replace("_", " ").strip()
    return (words[:1].upper() + words[1:] or document.name)[:LONGEST_TITLE]


def _read_bytes(source: SourceFile) -> bytes:
    if source.leads_outside:
        raise Unreadable(
            FileStatus.UNSUPPORTED, "it is a link to a folder or to a place outside the documents"
        )
    if not source.has_valid_name:
        raise Unreadable(
            FileStatus.UNSUPPORTED, f"its path is not text or is longer than {LONGEST_NAME} characters"
        )
    try:
        if not source.path.is_file():
            raise Unreadable(FileStatus.UNSUPPORTED, "it is not a regular file")
        size = source.path.stat().st_size
        if size > MAX_FILE_BYTES:
            limit = MAX_FILE_BYTES // 1024**2
            raise Unreadable(FileStatus.TOO_LARGE, f"it has {size / 1024**2:.0f} MB; the limit is {limit} MB")
        return source.path.read_bytes()
    except OSError as error:
        raise Unreadable(FileStatus.CORRUPT, f"it cannot be read ({error.strerror})") from error


def _document(source: SourceFile, metadata: Resolved, content: bytes, size: int) -> SourceDocument:
    digest = hashlib.sha256()
    for part in (RECIPE, source.name, metadata.title or ""):
        digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    digest.update(content)
    return SourceDocument(
        id=derive_id("document", source.name),
        name=source.name,
        metadata=metadata,
        content=content,
        content_hash=digest.hexdigest(),
        size_bytes=size,
    )


def _unreadable(source: SourceFile, status: FileStatus, reason: str) -> SourceDocument:
    try:
        size = source.path.stat().st_size
    except OSError:
        size = 0
    document = _document(source, resolve(source.metadata), f"{status}: {reason}".encode(), size)
    nobody = replace(document.metadata, groups=())
    return replace(document, metadata=nobody, content=b"", problem=LoadedFile(status, reason))


def _without_rights(document: SourceDocument) -> SourceDocument:
    # What its folder opens to the public may be just what the file wanted to forbid.
    closed = replace(document.metadata, classification=Classification.CONFIDENTIAL)
    return replace(document, metadata=closed, has_unknown_rights=True)
