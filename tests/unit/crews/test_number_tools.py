"""The tools over the warehouse, through the gate: what they answer, record and keep to themselves."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crews.number_desk import NumberDesk
from crews.tools.data_products import DESCRIBE_DATA_PRODUCT, LIST_DATA_PRODUCTS
from crews.tools.entity_profile import ENTITY_PROFILE
from crews.tools.gate import ToolSpec
from crews.tools.make_chart import MAKE_CHART
from crews.tools.query_metrics import NO_ROWS, QUERY_METRICS
from crews.tools.run_sql import RUN_SQL
from crews.tools.statistics import STATISTICS
from crews.tools.suggest_queries import SUGGEST_QUERIES
from crews.tools.untrusted import without_marks
from knowledge.search.access import AccessScope
from knowledge.warehouse.catalog import load_catalog
from knowledge.warehouse.warehouse import Warehouse
from ledger.artifacts import ArtifactStore
from ledger.data_class import DataClass
from ledger.data_products import CheckResult, CheckState
from ledger.errors import WorkspaceInvalid
from ledger.evidence import list_evidence
from ledger.workspace import open_workspace
from tests.stand_ins.warehouse import publish, write_workspace
from tests.unit.crews.test_gate import Gate
from tests.unit.crews.world import FINANCE, STAFF, Desk
from tests.unit.knowledge.warehouse.metric_shop import (
    CUSTOMER_ROWS,
    FILES,
    GROUPS,
    ORDER_ROWS,
    STORE_ROWS,
)

BY_REGION = {"metrics": ["orders.revenue"], "dimensions": ["stores.region"]}


@pytest.fixture
def warehouse(desk: Desk, tmp_path: Path) -> Warehouse:
    """The metric shop's figures beside the desk's documents and people; its stock was never loaded."""
    folder = tmp_path / "figures"
    write_workspace(folder, GROUPS, FILES)
    warehouse = Warehouse(desk.db, load_catalog(open_workspace(folder)), folder / "var" / "warehouse")
    publish(warehouse, "sales.orders", ORDER_ROWS)
    publish(warehouse, "sales.stores", STORE_ROWS)
    publish(warehouse, "sales.customers", CUSTOMER_ROWS)
    return warehouse


def gate_of(desk: Desk, warehouse: Warehouse, principal: str = STAFF) -> Gate:
    gate = Gate(desk, principal)
    numbers = NumberDesk(warehouse, ArtifactStore(desk.db, warehouse.folder / "artifacts"))
    gate.context.desk = lambda: numbers
    return gate


@pytest.fixture
def gate(desk: Desk, warehouse: Warehouse) -> Gate:
    return gate_of(desk, warehouse)


def kept(gate: Gate) -> list[dict[str, Any]]:
    found = list_evidence(gate.desk.db, gate.run_id, step_id=gate.claim.step_id, attempt=1)
    return [{"kind": item.finding.kind, "text": item.finding.text, **item.finding.details} for item in found]


def test_figures_become_evidence_with_all_that_is_known_of_them(gate: Gate) -> None:
    answer = gate.call(QUERY_METRICS, **BY_REGION)
    assert answer["status"] == "found"
    [figures] = kept(gate)
    assert figures["title"] == "Revenue by region"
    heading, *rows = figures["text"].splitlines()
    assert heading == "Region | Revenue (EUR)"
    assert sorted(rows) == ["- | 33.33", "North | 1,310.41", "South | 75.30"]
    assert sorted(Decimal(row[1]) for row in figures["rows"]) == [
        Decimal("33.33"),
        Decimal("75.30"),
        Decimal("1310.41"),
    ]
    assert (figures["quality"], figures["row_count"], figures["owner"]) == ("pass", 3, "finance@shop.example")
    assert figures["sql"].startswith("SELECT")


def test_a_question_is_read_and_the_reading_can_be_asked(gate: Gate) -> None:
    answer = gate.call(SUGGEST_QUERIES, question="revenue by region in Q3 2026 against Q2")
    [reading] = kept(gate)
    [shown] = answer["evidence"]
    assert json.loads(without_marks(shown["arguments"])) == reading["arguments"]
    assert shown["confidence"] == reading["confidence"]
    assert (reading["kind"], reading["certain"]) == ("suggestion", True)
    assert gate.call(QUERY_METRICS, **reading["arguments"])["status"] == "found"
    assert "200.20" not in kept(gate)[-1]["text"]
    assert "1 July to 30 September 2026" in kept(gate)[-1]["title"]


def test_what_is_not_understood_is_evidence_too(gate: Gate) -> None:
    answer = gate.call(SUGGEST_QUERIES, question="revenue by weather")
    [*_, unsure] = kept(gate)
    assert (unsure["kind"], unsure["reason"]) == ("unsure", "nothing_found")
    assert "weather" in unsure["text"]
    assert "Ask for a figure by its name" in unsure["text"]
    assert answer["note"] == unsure["text"]


@pytest.mark.parametrize(
    ("spec", "arguments", "status", "says"),
    [
        (QUERY_METRICS, {"metrics": ["orders.nothing"]}, "unavailable", "orders.nothing"),
        (QUERY_METRICS, {"metrics": ["stock.counts"]}, "unavailable", "supply.stock"),
        (QUERY_METRICS, {"metrics": ["orders.margin"]}, "denied", "cost"),
        (QUERY_METRICS, {"metrics": []}, "denied", "do not fit"),
        (RUN_SQL, {"sql": "DROP TABLE sales.orders", "title": "t"}, "denied", "Only a SELECT can be run"),
        (DESCRIBE_DATA_PRODUCT, {"name": "sales.nothing"}, "unavailable", "sales.nothing"),
        (ENTITY_PROFILE, {"entity": "customer", "key": 99}, "unavailable", "99"),
    ],
)
def test_what_cannot_be_answered_is_said_in_a_sentence(
    gate: Gate, spec: ToolSpec, arguments: dict[str, Any], status: str, says: str
) -> None:
    answer = gate.call(spec, **arguments)
    assert (answer["status"], "evidence" in answer) == (status, False)
    assert says in answer["note"]


def test_no_row_is_no_figure(gate: Gate) -> None:
    period = {"first": "2020-01-01", "last": "2020-12-31"}
    assert gate.call(QUERY_METRICS, **BY_REGION, period=period)["note"] == NO_ROWS


@pytest.mark.parametrize("spec", [QUERY_METRICS, MAKE_CHART])
def test_data_that_is_not_fit_gives_no_figure_and_says_whom_to_ask(
    gate: Gate, warehouse: Warehouse, spec: ToolSpec
) -> None:
    failed = CheckResult("all there", "block", CheckState.FAIL, "Half of the orders are missing.")
    publish(warehouse, "sales.orders", ORDER_ROWS, checks=[failed])
    answer = gate.call(spec, **BY_REGION)
    assert answer["status"] == "unavailable"
    [blocked] = kept(gate)
    assert blocked["kind"] == "blocked"
    # The address as every other: a token in the record, itself for who reads the answer.
    assert "Half of the orders are missing. (sales.orders, ask [EMAIL_1])" in blocked["text"]
    assert "1,310.41" not in json.dumps(answer)


def test_a_chart_is_a_file_of_the_run(gate: Gate) -> None:
    answer = gate.call(MAKE_CHART, **BY_REGION)
    assert answer["status"] == "found"
    [file] = gate.context.numbers.artifacts.list(gate.run_id)
    assert (file.name, file.media_type) == ("revenue-by-region.png", "image/png")
    assert gate.context.numbers.artifacts.read(file).startswith(b"\x89PNG")
    gate.call(MAKE_CHART, **BY_REGION)
    assert len(gate.context.numbers.artifacts.list(gate.run_id)) == 1


def test_one_figure_needs_no_picture(gate: Gate) -> None:
    assert gate.call(MAKE_CHART, metrics=["orders.revenue"])["status"] == "nothing_found"


def test_statistics_are_reckoned_from_what_the_query_gives(gate: Gate) -> None:
    answer = gate.call(STATISTICS, statistic={"kind": "summary"}, query=BY_REGION)
    assert answer["status"] == "found"
    [figures] = kept(gate)
    assert "1,310.41 EUR (North)" in figures["text"]
    assert "Method: " in figures["text"]


def test_free_sql_and_profiles_give_figures_too(gate: Gate) -> None:
    gate.call(RUN_SQL, sql="SELECT channel, COUNT(*) AS n FROM sales.orders GROUP BY 1", title="Orders")
    gate.call(ENTITY_PROFILE, entity="customer", key=2)
    counted, profile = kept(gate)
    assert (counted["title"], sorted(row[1] for row in counted["rows"])) == ("Orders", [4, 4])
    assert profile["title"] == "The customer 2"
    assert "person2@home.example" not in json.dumps(profile)


def test_the_catalog_tells_what_the_asker_may_know(desk: Desk, warehouse: Warehouse) -> None:
    staff, finance = gate_of(desk, warehouse), gate_of(desk, warehouse, FINANCE)
    staff.call(LIST_DATA_PRODUCTS, words="orders")
    assert {item["title"] for item in kept(staff)} >= {"sales.orders"}
    for gate, masked in ((staff, True), (finance, False)):
        gate.call(DESCRIBE_DATA_PRODUCT, name="sales.orders")
        text = kept(gate)[-1]["text"]
        assert ("- cost (decimal, EUR, masked for you)" in text) == masked
        assert "Metric orders.revenue in EUR: Net amount." in text


def test_a_catalog_that_cannot_be_used_leaves_the_documents_alone(desk: Desk) -> None:
    def spoilt() -> NumberDesk:
        raise WorkspaceInvalid("catalog/products/orders.yaml:3: owner: this key is required and missing.")

    gate = Gate(desk)
    gate.context.desk = spoilt
    assert gate.context.suggest() is None
    with pytest.raises(WorkspaceInvalid):
        _ = gate.context.numbers


def test_without_a_catalog_there_are_no_figures(desk: Desk) -> None:
    answer = Gate(desk).call(QUERY_METRICS, **BY_REGION)
    assert answer["status"] == "unavailable"
    assert "no data catalog" in answer["note"]


def test_figures_are_as_close_as_the_strictest_column_their_asker_sees(gate: Gate) -> None:
    numbers = gate.context.numbers

    def seen_by(*groups: str) -> DataClass:
        return numbers.data_class(AccessScope(frozenset({"everyone", *groups}), ()), ["sales.customers"])

    assert (seen_by(), seen_by("care")) == (DataClass.CONFIDENTIAL, DataClass.PII)
    stores = numbers.data_class(gate.context.access, ["sales.stores"])
    assert stores is DataClass.INTERNAL
    assert numbers.data_class(gate.context.access, ["sales.stores", "sales.gone"]) is DataClass.CONFIDENTIAL


def test_a_prompt_is_as_close_as_the_strictest_of_its_evidence(gate: Gate) -> None:
    from crews.models.clearance import PromptClass  # loads CrewAI, which has to be hardened by then

    prompt = PromptClass(gate.context)
    assert prompt.now() is DataClass.PUBLIC
    gate.call(QUERY_METRICS, **BY_REGION)
    assert prompt.now() is DataClass.INTERNAL
    sql = "SELECT COUNT(*) AS n FROM sales.customers"
    answer = gate.call(RUN_SQL, sql=sql, title="Customers")
    assert answer["status"] == "found", answer
    assert prompt.now() is PromptClass(gate.context).now() is DataClass.CONFIDENTIAL
