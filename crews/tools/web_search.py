"""The tool that asks a search engine in the web.

What it asks leaves the house: it holds neither secrets nor personal data, not even as tokens.
"""

import re
from typing import Annotated

import httpx
from pydantic import BaseModel, ConfigDict, Field

from crews.step_context import StepContext
from crews.tools.gate import Effect, Status, ToolOutcome, ToolSpec
from knowledge.relevance.judge import Candidate, judge
from knowledge.web.engine import LONGEST_QUERY, WebResult
from ledger.evidence import WEB_PAGE, Finding
from ledger.masking import MASK, mask_text
from ledger.people import Right
from ledger.pii_tokens import tokens_in_text

# The locator of what a search engine told, as opposed to what is on the page.
IN_RESULTS = "excerpt in a search result"


class WebSearchArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    query: Annotated[
        str,
        Field(min_length=1, max_length=LONGEST_QUERY, description="What to look for, in a few plain words."),
    ]


def _search(context: StepContext, arguments: WebSearchArguments) -> ToolOutcome:
    query = fit_to_leave(context, arguments.query)
    if not query:
        return ToolOutcome(
            Status.DENIED, note="Nothing of this query may leave the company; use other words."
        )
    with context.recorder.span(
        "retrieval", "search the web", {"query": query}, parent_id=context.parent_span
    ) as span:
        results = context.web.search(query)
        span.output = [{"host": _host(result), "title": result.title} for result in results]
    today = context.db.clock.now().date().isoformat()
    candidates = [Candidate(result.title, "", result.excerpt) for result in results]
    judged = judge(query, candidates, context.similarity) if candidates else []
    return ToolOutcome(
        Status.FOUND if results else Status.NOTHING_FOUND,
        findings=[_finding(result, today) for result in results],
        note="Excerpts only; read_page gives a page by its id."
        if results
        else "The web has nothing on this.",
        relevance=max((round(item.relevance, 4) for item in judged), default=None),
    )


def fit_to_leave(context: StepContext, text: str) -> str:
    """Without secrets and personal data; what stands for them says nothing outside."""
    masked = context.mask.text(mask_text(text))
    for token in (*tokens_in_text(masked), MASK):
        masked = masked.replace(token, " ")
    return re.sub(r"\s+", " ", masked).strip()


def _finding(result: WebResult, today: str) -> Finding:
    return Finding(
        kind=WEB_PAGE,
        source=result.url,
        locator=IN_RESULTS,
        text=result.excerpt or result.title,
        as_of=today,
        details={"title": result.title, "section": _host(result), "classification": "public"},
    )


def _host(result: WebResult) -> str:
    return httpx.URL(result.url).host


WEB_SEARCH = ToolSpec(
    name="web_search",
    description=(
        "Searches the public web; returns up to five results with an excerpt each as evidence. Use it only "
        "where the industry reports do not answer."
    ),
    arguments=WebSearchArguments,
    effect=Effect.LOOK_OUTSIDE,
    right=Right.ASK,
    run=_search,
)
