"""The tool that reads a page of the web: one that was found in this run, or of a domain the workspace
allows."""

from typing import Annotated

import httpx
from pydantic import BaseModel, ConfigDict, Field

from crews.step_context import StepContext
from crews.tools.gate import Effect, Status, ToolOutcome, ToolSpec
from crews.tools.web_search import IN_RESULTS, fit_to_leave
from knowledge.relevance.judge import Candidate, judge
from knowledge.web.address import LONGEST_ADDRESS
from ledger.evidence import WEB_PAGE, Evidence, Finding, list_evidence
from ledger.people import Right

MAX_CHARS = 12_000


class ReadPageArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    page: Annotated[
        str,
        Field(
            min_length=1,
            max_length=LONGEST_ADDRESS,
            description="The id of a result of web_search, such as E3, or an address on an allowed domain.",
        ),
    ]


def _read(context: StepContext, arguments: ReadPageArguments) -> ToolOutcome:
    found = [item for item in list_evidence(context.db, context.claim.run_id) if _is_result(item)]
    by_label = {item.label: item.finding.source for item in found}
    address = by_label.get(arguments.page, arguments.page)
    if arguments.page not in by_label and fit_to_leave(context, address) != address:
        return ToolOutcome(Status.DENIED, note="This address holds what may not leave the company.")
    with context.recorder.span(
        "retrieval", "read a web page", {"page": address}, parent_id=context.parent_span
    ) as span:
        page = context.web.read(address, frozenset(by_label.values()))
        span.output = {"host": httpx.URL(page.url).host, "characters": len(page.text)}
    text = page.text[:MAX_CHARS]
    cut = len(page.text) > MAX_CHARS
    title = page.title or httpx.URL(page.url).host
    [judged] = judge(context.claim.question, [Candidate(title, "", text)], context.similarity)
    finding = Finding(
        kind=WEB_PAGE,
        source=page.url,
        locator=f"first {MAX_CHARS:,} characters" if cut else "whole page",
        text=text,
        as_of=context.db.clock.now().date().isoformat(),
        details={"title": title, "section": httpx.URL(page.url).host, "classification": "public"},
    )
    note = f"Shown are the first {MAX_CHARS:,} of {len(page.text):,} characters." if cut else None
    return ToolOutcome(Status.FOUND, [finding], note=note, relevance=round(judged.relevance, 4))


def _is_result(item: Evidence) -> bool:
    return item.finding.kind == WEB_PAGE and item.finding.locator == IN_RESULTS


READ_PAGE = ToolSpec(
    name="read_page",
    description="Reads a page of the web that web_search found, by the id of the result.",
    arguments=ReadPageArguments,
    effect=Effect.LOOK_OUTSIDE,
    right=Right.ASK,
    run=_read,
)
