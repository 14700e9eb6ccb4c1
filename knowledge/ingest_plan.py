"""What an ingestion has to do about each file, found out without parsing any.

Only what may have become another document is judged again; whatever is said about rights is known here
already, so that narrower rights need not wait for the embedding.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from knowledge.document import SourceDocument, read_source
from knowledge.draft import Known, narrow_to
from knowledge.ingest_report import Change, FileOutcome
from knowledge.loading.blocks import FileStatus
from knowledge.metadata import Classification
from knowledge.quality.duplicates import KnownText, Signature
from knowledge.sources import SourceFile, is_within
from ledger.documents import DUPLICATE, SERVED, DocumentRecord


@dataclass(frozen=True, slots=True)
class ToJudge:
    """`released` are the statuses that no longer keep this very content back."""

    source: SourceFile
    old: Known | None
    size_bytes: int
    judged_by: str


@dataclass(frozen=True, slots=True)
class Relabel:
    """The document stays as it is; only what is said about it is new."""

    old: Known
    record: DocumentRecord

    @property
    def change(self) -> Change:
        return Change.UNCHANGED if self.record == self.old.record else Change.RELABELLED


@dataclass(slots=True)
class Plan:
    """`labels` are documents that need no judging, the unchanged ones among them. `narrowed` are the rows of
    documents to be judged whose new metadata takes rights away, until they are switched. `unnamed` are files
    that cannot have a row."""

    judge: list[ToJudge] = field(default_factory=list)
    labels: list[Relabel] = field(default_factory=list)
    narrowed: list[DocumentRecord] = field(default_factory=list)
    removed: list[Known] = field(default_factory=list)
    unnamed: list[FileOutcome] = field(default_factory=list)
    untouched: list[Known] = field(default_factory=list)
    size_bytes: int = 0

    def known_texts(self) -> list[KnownText]:
        """Of all documents that go on being served as they are."""
        records = [label.record for label in self.labels] + [known.record for known in self.untouched]
        return [
            KnownText(
                document_id=record.id,
                path=record.path,
                collection=record.collection,
                groups=record.allowed_groups,
                signature=Signature(record.text_hash, record.minhash),
                updated=record.updated,
            )
            for record in records
            if record.is_served and record.text_hash
        ]


@dataclass(frozen=True, slots=True)
class Standing:
    """What plans are made against: what rows and store hold, who has released what, and under which rules
    documents are judged today."""

    known: Mapping[str, Known]
    stored: frozenset[str]
    releases: Mapping[tuple[str, str], frozenset[str]]
    judged_by: Callable[[SourceDocument], str]
    groups: frozenset[str]

    def released(self, document: SourceDocument) -> frozenset[FileStatus]:
        names = self.releases.get((document.id, document.content_hash), frozenset())
        return frozenset(FileStatus(name) for name in names)


def make_plan(
    files: tuple[SourceFile, ...],
    standing: Standing,
    only: str | None,
    on_file: Callable[[int, SourceFile], None],
) -> Plan:
    """`only` leaves everything but one file or folder untouched, and counts nothing outside it as gone."""
    plan = Plan()
    left = {id_: known for id_, known in standing.known.items() if is_within(known.record.path, only)}
    plan.untouched = [known for id_, known in standing.known.items() if id_ not in left]
    sources: dict[str, SourceFile] = {}
    for number, source in enumerate(files):
        on_file(number, source)
        document = read_source(source, standing.groups)
        plan.size_bytes += document.size_bytes
        sources[document.id] = source
        _take(plan, source, document, left.pop(document.id, None), standing)
    plan.removed = list(left.values())
    _doubt_copies(plan, sources)
    return plan


def _take(
    plan: Plan, source: SourceFile, document: SourceDocument, old: Known | None, standing: Standing
) -> None:
    if not source.has_valid_name:
        plan.unnamed.append(_unnamed(document))
        return
    rules = standing.judged_by(document)
    if old is not None and _stands(old, document, rules, standing):
        plan.labels.append(Relabel(old, _relabelled(old.record, document)))
        return
    is_told = document.problem is None or document.has_unknown_rights
    if old is not None and old.record.is_served and is_told:
        narrowed = _narrowed(old.record, document)
        if narrowed != old.record:
            plan.narrowed.append(narrowed)
            old = replace(old, record=narrowed)
    plan.judge.append(ToJudge(source, old, document.size_bytes, rules))


def _stands(old: Known, document: SourceDocument, rules: str, standing: Standing) -> bool:
    """Whether the verdict on this document must still be what it was, and store and rows have all of it."""
    record = old.record
    if (record.content_hash, record.judged_by) != (document.content_hash, rules):
        return False
    if not standing.stored.issuperset(old.passage_ids):
        return False
    if FileStatus(record.status) in standing.released(document):
        return False
    declared = (record.declared_groups, record.collection)
    is_labelled_alike = declared == (document.metadata.groups, document.metadata.collection)
    # What was found in it may weigh differently for other readers.
    return is_labelled_alike or (record.is_served and not record.findings)


def _relabelled(record: DocumentRecord, document: SourceDocument) -> DocumentRecord:
    metadata = document.metadata
    is_restricted = metadata.groups == record.declared_groups
    return replace(
        record,
        owner=metadata.owner,
        collection=metadata.collection,
        classification=metadata.classification.value,
        allowed_groups=record.allowed_groups if is_restricted else metadata.groups,
        declared_groups=metadata.groups,
        updated=metadata.updated,
        review_by=metadata.review_by,
        size_bytes=document.size_bytes,
    )


def _narrowed(record: DocumentRecord, document: SourceDocument) -> DocumentRecord:
    narrowed = narrow_to(record, document.metadata.groups)
    # Public is one of the rights.
    if record.classification == Classification.PUBLIC:
        return replace(narrowed, classification=document.metadata.classification.value)
    return narrowed


def _doubt_copies(plan: Plan, sources: Mapping[str, SourceFile]) -> None:
    """A copy is judged again if a document it may be a copy of is no longer what it was."""
    doubtful = {known.record.collection for known in plan.removed if known.record.is_served}
    doubtful |= {
        item.old.record.collection
        for item in plan.judge
        if item.old is not None and item.old.record.is_served
    }
    doubtful |= {
        label.old.record.collection
        for label in plan.labels
        if label.old.record.is_served and _moved_away(label.old.record, label.record)
    }
    doubtful |= {record.collection for record in plan.narrowed}
    for label in [label for label in plan.labels if label.record.status == DUPLICATE]:
        if label.old.record.collection in doubtful:
            plan.labels.remove(label)
            rules = label.old.record.judged_by or ""
            source = sources[label.record.id]
            plan.judge.append(ToJudge(source, label.old, label.record.size_bytes, rules))
    # What is served now comes first, so that of two copies it is the other one that is kept back.
    plan.judge.sort(key=lambda item: (_rank(item.old), item.source.name))


def _rank(old: Known | None) -> int:
    if old is None:
        return 1
    return {SERVED: 0, DUPLICATE: 2}.get(old.record.status, 1)


def _moved_away(old: DocumentRecord, new: DocumentRecord) -> bool:
    return (old.collection, old.allowed_groups) != (new.collection, new.allowed_groups)


def _unnamed(document: SourceDocument) -> FileOutcome:
    status = document.problem.status if document.problem else FileStatus.UNSUPPORTED
    reason = document.problem.reason if document.problem else None
    return FileOutcome(
        path=document.name, status=status.value, reason=reason, change=Change.UNCHANGED, passages=0
    )
