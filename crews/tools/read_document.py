"""The tool that reads on in a document the asker may see."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crews.step_context import StepContext
from crews.tools.gate import Effect, Status, ToolOutcome, ToolSpec
from ledger.evidence import Finding
from ledger.people import Right

MAX_CHARS = 12_000


class ReadArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    document_id: Annotated[
        str, Field(min_length=1, max_length=64, description="The document_id of a passage found before.")
    ]


def _read(context: StepContext, arguments: ReadArguments) -> ToolOutcome:
    document = context.library().read_document(arguments.document_id, context.access)
    if document is None or context.collection not in (None, document.collection):
        return ToolOutcome(Status.NOTHING_FOUND, note="There is no such document.")
    text = document.text[:MAX_CHARS]
    note = None
    if len(document.text) > MAX_CHARS:
        note = f"Shown are the first {MAX_CHARS:,} of {len(document.text):,} characters; search for the rest."
    finding = Finding(
        kind="document",
        source=document.path,
        locator="whole document" if note is None else f"first {MAX_CHARS:,} characters",
        text=text,
        as_of=document.updated,
        details={
            "title": document.title,
            "owner": document.owner,
            "updated": document.updated,
            "review_by": document.review_by,
            "stale": document.stale,
            "document_id": document.document_id,
            "classification": document.classification,
        },
    )
    return ToolOutcome(Status.FOUND, findings=[finding], note=note)


READ_DOCUMENT = ToolSpec(
    name="read_document",
    description="Reads one whole document by the document_id of a passage that search_knowledge returned.",
    arguments=ReadArguments,
    effect=Effect.READ,
    right=Right.ASK,
    run=_read,
)
