"""The tools that plan stock, through the gate, and how the floor speaks by them."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from crews.floor.supply import plan_with
from crews.floor.turn import FloorTurn, ToolRequest
from crews.help_desk.output import DraftAnswer
from crews.models.floor import NO_DRAFT, floor_llm
from crews.number_desk import NumberDesk
from crews.specs import load_crew_spec
from crews.tools.supply import FORECAST_DEMAND, PLAN_STOCK, SCHEDULE_DELIVERIES
from crews.tools.trust import Trust, trust_of
from knowledge.relevance.similarity import similarity_from
from knowledge.warehouse.catalog import load_catalog
from knowledge.warehouse.warehouse import Warehouse
from ledger.artifacts import ArtifactStore
from ledger.data_products import CheckResult, CheckState
from ledger.evidence import list_evidence
from ledger.result import AbstainReason
from ledger.workspace import open_workspace
from tests.stand_ins.warehouse import publish, write_workspace
from tests.unit.crews.test_gate import Gate
from tests.unit.crews.world import Desk
from tests.unit.knowledge.warehouse.supply_shop import FILES, PLACE_ROWS, publish_supply

GROUPS = ("everyone", "finance")
LARKSPUR = Path(__file__).parents[3] / "examples" / "larkspur"


@pytest.fixture
def warehouse(desk: Desk, tmp_path: Path) -> Warehouse:
    write_workspace(tmp_path / "w", GROUPS, FILES)
    folder = tmp_path / "w" / "var" / "warehouse"
    warehouse = Warehouse(desk.db, load_catalog(open_workspace(tmp_path / "w")), folder)
    now = desk.db.clock.now()
    publish_supply(warehouse, as_of=now)
    publish(warehouse, "shop.places", places(now.date()), as_of=now)
    coming = [{"line": 1, "sku": "T1", "due_on": now.date() + timedelta(days=20), "pieces": 5}]
    publish(warehouse, "shop.coming", coming, as_of=now)
    return warehouse


def places(day: date) -> list[dict[str, Any]]:
    """What lies there on this day."""
    return [{**row, "counted_on": day} for row in PLACE_ROWS[1:]]


def gate_of(desk: Desk, warehouse: Warehouse) -> Gate:
    gate = Gate(desk)
    numbers = NumberDesk(warehouse, ArtifactStore(desk.db, warehouse.folder / "artifacts"))
    gate.context.desk = lambda: numbers
    return gate


@pytest.fixture
def gate(desk: Desk, warehouse: Warehouse) -> Gate:
    return gate_of(desk, warehouse)


def turn(gate: Gate, tool: str, *, called: bool) -> FloorTurn:
    context = gate.context
    return FloorTurn(
        question="Plan tents",
        tools=frozenset({tool}),
        called=(tool,) if called else (),
        evidence=tuple(context.evidence),
        similarity=similarity_from(context.library),
        suggest=context.suggest,
    )


@pytest.mark.parametrize("tool", [FORECAST_DEMAND, PLAN_STOCK, SCHEDULE_DELIVERIES])
def test_each_tool_gives_figures_the_floor_tells(gate: Gate, tool: object) -> None:
    assert isinstance(tool, type(PLAN_STOCK))
    plan = plan_with(tool.name)
    assert plan(turn(gate, tool.name, called=False)) == ToolRequest(tool.name, {"about": "Plan tents"})
    assert gate.call(tool, about="Plan tents")["status"] == "found"
    [item] = list_evidence(gate.desk.db, gate.run_id)
    assert trust_of(item.finding) is Trust.INTERNAL
    details = item.finding.details
    assert details["sql"].startswith("SELECT")
    assert details["quality"] == "pass"
    said = plan(turn(gate, tool.name, called=True))
    assert isinstance(said, str)
    texts = [claim.text for claim in DraftAnswer.model_validate_json(said).claims]
    assert texts[0] == f"{details['title']}:"
    assert tuple(texts[1 : 1 + len(details["sentences"])]) == tuple(details["sentences"])
    assert len(texts) == 1 + len(details["sentences"]) + len(details["rows"])


def test_what_is_unclear_is_asked_back(gate: Gate) -> None:
    answer = gate.call(PLAN_STOCK, about="Plan everything")
    assert answer["status"] == "nothing_found"
    assert answer["note"] == "Say what is to be planned; there are: Tents, Walking boots."
    said = plan_with("plan_stock")(turn(gate, "plan_stock", called=True))
    assert isinstance(said, str)
    draft = DraftAnswer.model_validate_json(said)
    assert (draft.claims, draft.missing, draft.reason) == ((), answer["note"], AbstainReason.AMBIGUOUS)


def test_data_that_is_not_fit_gives_no_plan(desk: Desk, warehouse: Warehouse) -> None:
    failed = CheckResult("range", "block", CheckState.FAIL, "Pieces are below zero.")
    publish(warehouse, "shop.places", PLACE_ROWS[1:], as_of=desk.db.clock.now(), checks=[failed])
    gate = gate_of(desk, warehouse)
    answer = gate.call(PLAN_STOCK, about="Plan tents")
    assert answer["status"] == "unavailable"
    assert "Pieces are below zero." in answer["note"]
    # What was sold is fit all the same.
    assert gate.call(FORECAST_DEMAND, about="Plan tents")["status"] == "found"


def test_without_its_file_nothing_is_planned(desk: Desk, warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "w" / "catalog" / "supply.yaml").unlink()
    bare = Warehouse(desk.db, load_catalog(open_workspace(tmp_path / "w")), warehouse.folder)
    answer = gate_of(desk, bare).call(PLAN_STOCK, about="Plan tents")
    assert answer["status"] == "unavailable"
    assert "the workspace has no catalog/supply.yaml" in answer["note"]


def test_the_floor_asks_for_no_tool_where_none_is_offered(gate: Gate) -> None:
    """As when a model's draft has failed, and the model with it."""
    floor = floor_llm(
        plan_with("plan_stock"), lambda offered: turn(gate, next(iter(offered), ""), called=False)
    )
    assert floor.call([{"role": "user", "content": "Give the draft again."}]) == NO_DRAFT


def test_the_samples_crews_each_have_one_tool() -> None:
    names = ("demand_planner", "inventory_planner", "logistics_planner")
    tools = [load_crew_spec(LARKSPUR / "crews" / name).tools for name in names]
    assert tools == [("forecast_demand",), ("plan_stock",), ("schedule_deliveries",)]
