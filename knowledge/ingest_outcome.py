"""What a plan and its drafts come to: told file by file, in one digest, and for the record."""

import hashlib

from knowledge.draft import Draft
from knowledge.ingest_plan import Plan
from knowledge.ingest_report import Change, FileOutcome, IngestReport
from ledger.documents import DocumentRecord

# A longer list would swell the record of each ingestion; the documents' rows tell the rest.
_MOST_FILES_KEPT = 1_000
_MOST_FILES_AUDITED = 100


def outcomes(plan: Plan, drafts: list[Draft], postponed: list[FileOutcome]) -> tuple[FileOutcome, ...]:
    """One for each file there is, and for each document that went."""
    files = [
        *plan.unnamed,
        *postponed,
        *(_outcome(label.record, label.change) for label in plan.labels),
        *(_outcome(draft.record, draft.change) for draft in drafts),
        *(_outcome(known.record, Change.REMOVED) for known in plan.removed),
    ]
    return tuple(sorted(files, key=lambda file: file.path))


def _outcome(record: DocumentRecord, change: Change) -> FileOutcome:
    return FileOutcome(
        path=record.path,
        status=record.status,
        reason=record.reason,
        change=change,
        passages=0 if change is Change.REMOVED else record.passage_count,
    )


def batch_digest(plan: Plan, drafts: list[Draft]) -> str | None:
    """Of what would be served otherwise than before; None where nothing would."""
    changed = [
        f"{draft.record.id} {draft.record.content_hash} {draft.record.status}"
        for draft in drafts
        if draft.change not in (Change.UNCHANGED, Change.RELABELLED)
    ]
    changed += [f"{known.record.id} removed" for known in plan.removed]
    return hashlib.sha256("\n".join(sorted(changed)).encode()).hexdigest() if changed else None


def kept(report: IngestReport) -> dict[str, object]:
    """The report as the record of ingestions has it."""
    told = [file for file in report.files if file.change is not Change.UNCHANGED or file.status != "ok"]
    return report.model_copy(update={"files": tuple(told[:_MOST_FILES_KEPT])}).model_dump(mode="json")


def summary(report: IngestReport) -> dict[str, object]:
    """What goes into the audit chain."""
    changed = [file.path for file in report.files if file.change is not Change.UNCHANGED]
    return {
        "changes": report.changes,
        "statuses": report.statuses,
        "drift": report.drift,
        "passages": report.passages,
        "embedded": report.embedded,
        "changed_files": changed[:_MOST_FILES_AUDITED],
    }
