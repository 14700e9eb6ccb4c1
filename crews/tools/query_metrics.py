"""The tool that asks the governed metrics, within the asker's rights."""

from crews.step_context import StepContext
from crews.tools.gate import Effect, Status, ToolOutcome, ToolSpec
from crews.tools.query_arguments import QueryArguments
from knowledge.warehouse.evidence import number_finding, quality_sentence
from knowledge.warehouse.query import Period
from knowledge.warehouse.resolve.readings import reading_of
from knowledge.warehouse.result import NumberResult, Verdict
from ledger.evidence import BLOCKED, Finding
from ledger.people import Right

NO_ROWS = "No row fits this query."


def _query(context: StepContext, arguments: QueryArguments) -> ToolOutcome:
    query = arguments.query()
    result = context.numbers.query(context.access, query, context.db.clock.now())
    compared = (query.period, query.compare_to) if query.period and query.compare_to else None
    return outcome_of(result, reading_of(query), compared)


def outcome_of(
    result: NumberResult, title: str, compared: tuple[Period, Period] | None = None
) -> ToolOutcome:
    """A result as the tool's answer: its rows, or why there is no figure."""
    if result.quality.verdict is Verdict.BLOCK:
        finding = _blocked(result, title)
        return ToolOutcome(Status.UNAVAILABLE, findings=[finding], note=finding.text)
    if not result.rows:
        return ToolOutcome(Status.NOTHING_FOUND, note=NO_ROWS)
    notes = [quality_sentence(finding) for finding in result.quality.findings]
    if result.too_small:
        notes.append(f"{result.too_small} groups have too few rows to be told of.")
    return ToolOutcome(
        Status.FOUND, findings=[number_finding(result, title, compared)], note=" ".join(notes) or None
    )


def _blocked(result: NumberResult, title: str) -> Finding:
    """That there is no figure, and why, may be cited like one."""
    why = " ".join(
        quality_sentence(finding) for finding in result.quality.findings if finding.verdict is Verdict.BLOCK
    )
    return Finding(
        kind=BLOCKED,
        source=", ".join(result.products),
        locator="quality",
        text=f"There is no figure, because the data is not fit for one. {why}",
        as_of=None if result.as_of is None else result.as_of.isoformat(timespec="minutes"),
        details={"title": title, "products": list(result.products)},
    )


QUERY_METRICS = ToolSpec(
    name="query_metrics",
    description=(
        "Asks governed metrics by dimensions, filters and period. Returns the rows as evidence, with the "
        "period compared with, and how old and how good the data is."
    ),
    arguments=QueryArguments,
    effect=Effect.READ,
    right=Right.ASK,
    run=_query,
)
