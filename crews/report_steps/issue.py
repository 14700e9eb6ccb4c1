"""Makes the files of a report that was approved, and takes them back where its run is cancelled after that.

What is rendered is what was approved: the document's digest is held against the decision's.
"""

import hashlib
import json

from pydantic import BaseModel, ConfigDict

from crews.errors import NotApproved
from crews.reports.document import Report
from crews.reports.render import render_report
from crews.reports.text import one_line
from crews.step_context import StepContext
from ledger.artifacts import ArtifactStore
from ledger.evidence import list_evidence
from ledger.result import RunFile


class IssuedFiles(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[RunFile, ...] = ()


def issue_report(context: StepContext) -> IssuedFiles:
    """Raises NotApproved."""
    document, approval = context.claim.inputs["check"]["report"], context.claim.inputs["approval"]
    content = json.dumps(document, sort_keys=True, separators=(",", ":"))
    if approval.get("digest") != hashlib.sha256(content.encode()).hexdigest():
        raise NotApproved("The report is not the one that was approved, so no file of it was made.")
    report = _with_owners(context, Report.model_validate(document))
    store = _store(context)
    files = []
    for form in report.formats:
        context.budget.check_cancelled()
        made = render_report(report, form)
        saved = store.save(context.claim.run_id, made.name, made.media_type, made.content)
        files.append(
            RunFile(
                name=saved.name, media_type=saved.media_type, size_bytes=saved.size_bytes, sha256=saved.sha256
            )
        )
    return IssuedFiles(files=tuple(files))


def _with_owners(context: StepContext, report: Report) -> Report:
    """Whom to ask about a page is no secret, though it is an address and stands as a token on record."""
    owners = {
        item.label: item.finding.details.get("owner")
        for item in list_evidence(context.db, context.claim.run_id)
        if item.finding.details.get("owner")
    }
    sources = tuple(
        source.model_copy(update={"owner": one_line(str(owners.get(source.id, source.owner)))})
        for source in report.sources
    )
    return report.model_copy(update={"sources": sources})


def withdraw_report(context: StepContext) -> IssuedFiles:
    """The run has no such files any more."""
    _store(context).forget(context.claim.run_id)
    return IssuedFiles()


def _store(context: StepContext) -> ArtifactStore:
    assert context.artifacts is not None, "a worker has a folder for files"
    return context.artifacts
