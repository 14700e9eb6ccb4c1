"""The tool that searches the company's documents within the asker's rights."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from crews.step_context import StepContext
from crews.tools.gate import Effect, Status, ToolOutcome, ToolSpec
from knowledge.library import PassageHit
from knowledge.search.port import Filters
from ledger.evidence import Finding
from ledger.people import Right

MAX_PASSAGES = 5


class SearchArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    query: Annotated[
        str, Field(min_length=1, max_length=8000, description="What to look for, in plain words.")
    ]
    collection: Annotated[
        Literal["company", "market"] | None,
        Field(description="company: our own documents; market: industry reports; null: both."),
    ] = None


def _search(context: StepContext, arguments: SearchArguments) -> ToolOutcome:
    with context.recorder.span(
        "retrieval", "search passages", arguments.model_dump(), parent_id=context.parent_span
    ) as span:
        result = context.library().search(
            arguments.query, context.access, filters=Filters(arguments.collection), limit=MAX_PASSAGES
        )
        hits = result.hits
        span.output = [{"passage": hit.passage_id, "score": round(hit.score, 4)} for hit in hits]
    if not hits:
        return ToolOutcome(Status.NOTHING_FOUND, note="No document says anything about this.")
    return ToolOutcome(Status.FOUND, findings=[passage_finding(hit) for hit in hits])


def passage_finding(hit: PassageHit) -> Finding:
    """A passage as evidence. Its source is the document's path, its date the day the document was last
    updated."""
    return Finding(
        kind="passage",
        source=hit.path,
        locator=hit.locator,
        text=hit.text,
        as_of=hit.updated,
        details={
            "title": hit.title,
            "section": " > ".join(hit.heading_path),
            "owner": hit.owner,
            "updated": hit.updated,
            "review_by": hit.review_by,
            "stale": hit.stale,
            "collection": hit.collection,
            "classification": hit.classification,
            "document_id": hit.document_id,
            "passage_id": hit.passage_id,
            "score": round(hit.score, 4),
        },
    )


SEARCH_KNOWLEDGE = ToolSpec(
    name="search_knowledge",
    description=(
        "Searches the company's documents and the industry reports; returns up to five passages as evidence."
    ),
    arguments=SearchArguments,
    effect=Effect.READ,
    right=Right.ASK,
    run=_search,
)
