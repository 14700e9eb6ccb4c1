"""The data analyst without a language model: which tools it asks for, and what it says of what they found."""

from typing import Any

import pytest

from crews.data_analyst.floor import MOST_ROWS, plan_figures
from crews.floor.turn import FloorTurn, ToolRequest
from crews.help_desk.output import DraftAnswer
from crews.tools.query_arguments import QueryArguments, arguments_of
from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.query import MetricFilter, MetricQuery
from ledger.evidence import FIGURES, Evidence, Finding
from ledger.result import AbstainReason

QUESTION = "revenue by region"
ARGUMENTS = {"metrics": ["sales.revenue"], "dimensions": ["store.region"]}
ASKED = ("suggest_queries", "query_metrics")
REGION = {"name": "region", "label": "Region", "type": "string", "role": "dimension"}
REVENUE = {
    "name": "revenue",
    "label": "Revenue",
    "type": "decimal",
    "role": "metric",
    "unit": "EUR",
    "format": "currency",
}


def found(kind: str, text: str = "", label: str = "E1", **details: Any) -> Evidence:
    return Evidence(label, label, "step", Finding(kind, "sales.lines", "sales.revenue", text, None, details))


def suggestion(*, certain: bool = True) -> Evidence:
    return found("suggestion", "Revenue by region", certain=certain, arguments=ARGUMENTS)


def figures(*rows: list[str]) -> Evidence:
    columns = [REGION, REVENUE] if len(rows) and len(rows[0]) == 2 else [REVENUE]
    return found(
        FIGURES, label="E2", title="Revenue by region", columns=columns, rows=list(rows), row_count=len(rows)
    )


def plan(
    called: tuple[str, ...], *evidence: Evidence, tools: frozenset[str] = frozenset({"make_chart"})
) -> ToolRequest | DraftAnswer:
    reply = plan_figures(
        FloorTurn(QUESTION, tools, called, evidence, lambda *_: pytest.fail("not asked"), lambda: None)
    )
    return reply if isinstance(reply, ToolRequest) else DraftAnswer.model_validate_json(reply)


def test_it_asks_what_is_meant_then_for_the_figures_then_for_a_picture() -> None:
    assert plan(()) == ToolRequest("suggest_queries", {"question": QUESTION})
    assert plan(ASKED[:1], suggestion()) == ToolRequest("query_metrics", ARGUMENTS)
    two = figures(["North", "1204.50"], ["South", "990.00"])
    assert plan(ASKED, suggestion(), two) == ToolRequest("make_chart", ARGUMENTS)
    draft = plan((*ASKED, "make_chart"), suggestion(), two)
    assert isinstance(draft, DraftAnswer)
    assert [claim.text for claim in draft.claims] == [
        "Revenue by region:",
        "North: Revenue 1,204.50 EUR.",
        "South: Revenue 990.00 EUR.",
    ]
    assert {claim.evidence for claim in draft.claims} == {("E2",)}
    # Where its workflow leaves it no pictures, it draws none.
    assert plan(ASKED, suggestion(), two, tools=frozenset()) == draft


def test_one_figure_is_one_sentence_and_no_picture() -> None:
    draft = plan(ASKED, suggestion(), figures(["1204.50"]))
    assert isinstance(draft, DraftAnswer)
    assert [claim.text for claim in draft.claims] == ["Revenue by region: Revenue 1,204.50 EUR."]


def test_of_many_rows_the_first_are_told() -> None:
    rows = [[f"Region {number}", "1.00"] for number in range(40)]
    draft = plan((*ASKED, "make_chart"), suggestion(), figures(*rows))
    assert isinstance(draft, DraftAnswer)
    assert len(draft.claims) == 1 + MOST_ROWS


@pytest.mark.parametrize(
    ("called", "evidence", "reason", "said"),
    [
        (ASKED[:1], [], AbstainReason.NOTHING_FOUND, "There is no figure"),
        (
            ASKED[:1],
            [suggestion(certain=False)],
            AbstainReason.NOTHING_FOUND,
            "There is no figure",
        ),
        (
            ASKED[:1],
            [found("unsure", "“Sales” may mean two things.", reason="ambiguous")],
            AbstainReason.AMBIGUOUS,
            "“Sales” may mean two things.",
        ),
        (
            ASKED,
            [suggestion(), found("blocked", "Stock is 9 days old.")],
            AbstainReason.BLOCKED,
            "Stock is 9 days old.",
        ),
        (
            ASKED,
            [suggestion()],
            AbstainReason.NOTHING_FOUND,
            "There is no figure",
        ),
    ],
)
def test_without_a_figure_it_says_why(
    called: tuple[str, ...], evidence: list[Evidence], reason: AbstainReason, said: str
) -> None:
    draft = plan(called, *evidence)
    assert isinstance(draft, DraftAnswer)
    assert (draft.claims, draft.reason) == ((), reason)
    assert (draft.missing or "").startswith(said)


def test_a_query_goes_to_the_tool_and_comes_back_the_same() -> None:
    arguments = QueryArguments.model_validate(
        {
            **ARGUMENTS,
            "filters": [{"dimension": "store.region", "operator": "in", "value": ["North", "South"]}],
            "period": {"first": "2026-07-01", "last": "2026-09-30"},
            "compare_to": {"first": "2026-04-01", "last": "2026-06-30"},
            "having": [{"metric": "sales.revenue", "operator": ">", "value": "1000"}],
            "grain": "month",
            "order_by": "-sales.revenue",
            "limit": 5,
        },
        strict=True,
    )
    query = arguments.query()
    assert query.filters == (MetricFilter("store.region", "in", ("North", "South")),)
    assert (query.grain, query.order_by, query.limit) == (Grain.MONTH, (("sales.revenue", "desc"),), 5)
    assert query.period is not None
    assert query.period.label == "1 July to 30 September 2026"
    assert arguments_of(query) == arguments


def test_a_plain_query_needs_nothing_but_its_metric() -> None:
    assert QueryArguments(metrics=["sales.revenue"]).query() == MetricQuery(("sales.revenue",))


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [("2026-02-30", "2026-03-01", "is no period"), ("2026-03-01", "2026-02-01", "cannot end on")],
)
def test_a_period_that_is_none_is_refused(first: str, last: str, why: str) -> None:
    arguments = QueryArguments.model_validate({**ARGUMENTS, "period": {"first": first, "last": last}})
    with pytest.raises(QueryRefused, match=why):
        arguments.query()
