"""The tool that searches the company's documents within the asker's rights, and says how well each passage
fits."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crews.specs import DocumentCollection
from crews.step_context import StepContext
from crews.tools.gate import Effect, Status, ToolOutcome, ToolSpec
from knowledge.library import PassageHit
from knowledge.relevance.judge import Candidate, judge
from knowledge.relevance.score import shipped_coefficients
from knowledge.search.port import Filters
from ledger.evidence import Finding
from ledger.masking import MASK, mask_text
from ledger.people import Right

MAX_PASSAGES = 5

NOTHING = "No document says anything about this."
TOO_WEAK = "Nothing here seems to answer this; search with other words, or say that it was not found."
WITHHELD = (
    "More was found that not everyone who will read the answer may see. You do not have it; do not guess "
    "what it says."
)


class SearchArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    query: Annotated[
        str, Field(min_length=1, max_length=8000, description="What to look for, in plain words.")
    ]
    collection: Annotated[
        DocumentCollection | None,
        Field(
            description="company: our own documents; market: industry reports; null: all there is for you."
        ),
    ] = None


def _search(context: StepContext, arguments: SearchArguments) -> ToolOutcome:
    if context.collection is not None and arguments.collection not in (None, context.collection):
        return ToolOutcome(Status.DENIED, note=f"Here only the collection {context.collection} is searched.")
    collection = context.collection or arguments.collection
    with context.recorder.span(
        "retrieval",
        "search passages",
        {"query": arguments.query, "collection": collection},
        parent_id=context.parent_span,
    ) as span:
        query = _without_secrets(arguments.query)
        result = context.library().search(
            query, context.access, filters=Filters(collection), limit=MAX_PASSAGES
        )
        judged = judge(query, [_candidate(hit, hit.score) for hit in result.hits], context.similarity)
        relevance = [round(item.relevance, 4) for item in judged]
        span.output = [
            {"passage": hit.passage_id, "score": round(hit.score, 4), "relevance": chance}
            for hit, chance in zip(result.hits, relevance, strict=True)
        ]
        span.attributes["withheld"] = result.withheld
    best = max(relevance, default=None)
    notes = [NOTHING] if best is None else [TOO_WEAK] if best < shipped_coefficients().answers else []
    if result.withheld:
        notes.append(WITHHELD)
    return ToolOutcome(
        Status.NOTHING_FOUND if best is None else Status.FOUND,
        findings=[
            passage_finding(hit, query, chance) for hit, chance in zip(result.hits, relevance, strict=True)
        ],
        note=" ".join(notes) or None,
        relevance=_best_relevance(context, query, result.hits, best),
        withheld=result.withheld,
    )


def _best_relevance(
    context: StepContext, query: str, hits: Sequence[PassageHit], to_query: float | None
) -> float | None:
    """To what was searched for, or to what the run was asked if that is more: a model may search in bare
    keywords, which no passage answers."""
    asked = _without_secrets(context.claim.question)
    if to_query is None or to_query >= shipped_coefficients().answers or asked == query:
        return to_query
    to_question = judge(asked, [_candidate(hit, None) for hit in hits], context.similarity)
    return max(to_query, *(round(item.relevance, 4) for item in to_question))


def _without_secrets(text: str) -> str:
    """To the search, a secret is a code that no passage holds."""
    return mask_text(text).replace(MASK, "")


def _candidate(hit: PassageHit, score: float | None) -> Candidate:
    return Candidate(hit.title, " > ".join(hit.heading_path), hit.text, score)


def passage_finding(hit: PassageHit, query: str, relevance: float) -> Finding:
    """A passage as evidence. Its source is the document's path, its date the day the document was last
    updated; score and relevance are those for `query`."""
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
            "query": query,
            "score": round(hit.score, 4),
            "relevance": relevance,
        },
    )


SEARCH_KNOWLEDGE = ToolSpec(
    name="search_knowledge",
    description=(
        "Searches the company's documents and the industry reports; returns up to five passages as evidence, "
        "each with the probability (relevance) that it answers the query."
    ),
    arguments=SearchArguments,
    effect=Effect.READ,
    right=Right.ASK,
    run=_search,
)
