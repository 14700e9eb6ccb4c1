"""The sample's own workflow `supply_chain`, from its files to an answer: without a model, and with one behind
HTTP. The demand is held against SQL of our own over the same files."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pytest

from tests.integration.larkspur import figures_of, open_larkspur
from tests.integration.test_cli import Terminal
from tests.stand_ins.provider import ChatRequest, Reply, ScriptedProvider, Text, ToolCall
from tests.unit.crews.world import candidate

EMPLOYEE = "employee@larkspur.example"
QUESTION = "Plan camping stock for next month"
ASK = ("ask", QUESTION, "--workflow", "supply_chain", "--as", EMPLOYEE, "--json")
TOOLS = ("forecast_demand", "plan_stock", "schedule_deliveries")
SOLD = """
    SELECT date_trunc('month', l.ordered_on)::DATE AS month, SUM(l.quantity)
    FROM sales.lines AS l JOIN merchandise.products AS p USING (sku)
    WHERE p.category = 'Camping' GROUP BY month
"""
POSITION = """
    SELECT SUM(b.on_hand - b.reserved) FROM supply.bookings AS b JOIN merchandise.products AS p USING (sku)
    WHERE p.category = 'Camping'
"""
UNDER_WAY = """
    SELECT SUM(o.pieces) FROM supply.purchase_orders AS o JOIN merchandise.products AS p USING (sku)
    WHERE p.category = 'Camping'
"""


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    return open_larkspur(tmp_path_factory.mktemp("supply"))


@pytest.fixture(scope="module")
def ours(terminal: Terminal) -> Iterator[duckdb.DuckDBPyConnection]:
    with figures_of(terminal) as db:
        yield db


@pytest.fixture(scope="module")
def answered(terminal: Terminal) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(terminal.run(*ASK))
    return run


def figures(run: dict[str, Any]) -> list[dict[str, Any]]:
    """Of forecast, plan and schedule, as rows by column."""
    found = []
    for item in run["evidence"]:
        names = [column["name"] for column in item["details"]["columns"]]
        found.append(
            {
                **item["details"],
                "rows": [dict(zip(names, one, strict=True)) for one in item["details"]["rows"]],
            }
        )
    return found


def months(first: date, count: int) -> list[date]:
    at = first.year * 12 + first.month - 1
    return [date((at + step) // 12, (at + step) % 12 + 1, 1) for step in range(count)]


def test_the_demand_is_that_of_the_files(answered: dict[str, Any], ours: duckdb.DuckDBPyConnection) -> None:
    sold = {month: float(pieces) for month, pieces in ours.execute(SOLD).fetchall()}
    today = datetime.now(UTC).date()
    # The files go up to yesterday, so this month is not over on its last day either.
    history = months(date(2024, 1, 1), (today.year - 2024) * 12 + today.month - 1)
    known = [sold[month] for month in history]
    growth = sum(known[-12:]) / sum(known[-24:-12])
    [wanted] = months(today, 2)[1:]
    expected = sold[wanted.replace(year=wanted.year - 1)] * growth
    forecast = figures(answered)[0]
    assert sum(one["forecast"] for one in forecast["rows"]) == pytest.approx(expected, abs=1.0)
    assert f"In {wanted:%B %Y} about {expected:,.0f} pieces of Camping are expected" in answered["answer"]


def test_the_plan_stands_on_what_is_booked_and_the_schedule_on_the_plan(
    answered: dict[str, Any], ours: duckdb.DuckDBPyConnection
) -> None:
    _, plan, schedule = figures(answered)
    [(free,)], [(coming,)] = ours.execute(POSITION).fetchall(), ours.execute(UNDER_WAY).fetchall()
    assert sum(one["free"] for one in plan["rows"]) == free
    assert sum(one["pieces"] for one in schedule["rows"] if one["kind"] == "under way") == coming
    orders = sum(one["order"] for one in plan["rows"])
    assert orders > 0
    assert sum(one["pieces"] for one in schedule["rows"] if one["kind"] != "under way") == orders


def test_the_answer_says_by_what_how_old_and_how_sure(answered: dict[str, Any]) -> None:
    assert (answered["outcome"], answered["specialist"]) == (
        "answered",
        "Demand planner and Inventory planner and Logistics planner",
    )
    assert [step["state"] for step in answered["timings"]["steps"]] == ["done"] * 4
    assert all(item["as_of"] and item["details"]["sql"].startswith("SELECT") for item in answered["evidence"])
    assert {item["details"]["quality"] for item in answered["evidence"]} == {"pass"}
    told = "\n".join(answered["caveats"])
    assert "A forecast takes the future to be like the past" in told
    assert "To order = demand until the next order could arrive" in told
    assert "no language model was used" in told
    assert "left out because" not in told
    shown = answered["answer"].splitlines()
    assert (
        sum(
            line.startswith(("Demand forecast for", "Stock plan for", "Delivery schedule for"))
            for line in shown
        )
        == 3
    )


def test_what_is_not_named_is_asked_for(terminal: Terminal) -> None:
    ended = terminal.end("ask", "Plan something", *ASK[2:])
    run = json.loads(ended.out)
    assert (ended.status, run["outcome"]) == (3, "abstained")
    assert "Say what is to be planned; there are: Accessories, Camping" in run["answer"]


def plan_and_tell(request: ChatRequest) -> Reply:
    """A model that calls its tool and then tells the sentence its evidence begins with, and one of its own,
    whatever is said against it."""
    if not request.tools:
        return Text(re.findall(r"^Your draft was: (.*)$", request.prompt, re.MULTILINE)[-1])
    tool = next(name for name in TOOLS if name in request.tools)
    results = request.tool_results(tool)
    if not results:
        return ToolCall(tool, {"about": "Camping, next month"})
    [item] = json.loads(results[-1])["evidence"]
    first = item["text"].partition(">")[2].splitlines()[0]
    claims = [first, "Tarn Tents will deliver 99,999 pieces of everything."]
    return Text(json.dumps({"claims": [{"text": text, "evidence": [item["id"]]} for text in claims]}))


def test_a_model_plans_with_the_same_tools(terminal: Terminal, answered: dict[str, Any]) -> None:
    with ScriptedProvider(plan_and_tell) as provider:
        models = json.dumps([{**candidate(provider).model_dump(mode="json"), "api_key": provider.api_key}])
        ended = terminal.end(*ASK, MODELS=models)
        prompts = [request.prompt for request in provider.requests if request.tools]
    run = json.loads(ended.out)
    assert (ended.status, run["outcome"], run["model"]["name"]) == (0, "answered", "main")
    sentences = [one["sentences"][0] for one in figures(run)]
    assert run["answer"].splitlines() == sentences
    assert [one["rows"] for one in figures(run)] == [one["rows"] for one in figures(answered)]
    assert any("the number 99,999 is not in its evidence" in caveat for caveat in run["caveats"])
    # What the planners before found is part of what the last one is told.
    assert sentences[0] in prompts[-1]
    assert sentences[1] in prompts[-1]
