"""The page `docs/failure-modes.md`, played through the sample workspace's own workflow `supply_chain`: each
mode over HTTP, upon a small shop's figures."""

# ruff: noqa: F811 - a test takes an imported fixture by naming its parameter like it

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from crews.bootstrap import build_step_runner, publish_workflows
from docs.failure_modes import FAILURE_MODES, FailureMode
from knowledge.library import Library
from knowledge.warehouse.catalog import load_catalog
from knowledge.warehouse.warehouse import Warehouse
from ledger.clock import ManualClock
from ledger.db import Database
from ledger.settings import WorkerSettings
from ledger.workspace import open_workspace
from tests.integration.test_failure_modes import check_ending
from tests.model_cache import packaged_embedder
from tests.stand_ins.failing_model import failing, patience_s
from tests.stand_ins.good_model import work_well
from tests.stand_ins.provider import ScriptedProvider
from tests.stand_ins.warehouse import write_workspace
from tests.unit.crews.conftest import _hardened, no_waits, shop  # noqa: F401 - pytest finds them here
from tests.unit.crews.world import Desk, Shop, candidate
from tests.unit.knowledge.warehouse.supply_shop import FILES, NOW, publish_supply

LARKSPUR = Path(__file__).parents[2] / "examples" / "larkspur"
CREWS = ("demand_planner", "inventory_planner", "logistics_planner")
TOLD = ("Demand forecast for", "Stock plan for", "Delivery schedule for")


@pytest.fixture(scope="module")
def planning(
    shop: Shop, _hardened: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Desk, WorkerSettings]]:
    """A shop that plans by the sample's crews, one for all modes."""
    folder = tmp_path_factory.mktemp("planning")
    write_workspace(folder / "w", ("everyone", "finance"), FILES)
    for name in CREWS:
        shutil.copytree(LARKSPUR / "crews" / name, folder / "w" / "crews" / name)
    (folder / "w" / "workflows").mkdir()
    shutil.copy(LARKSPUR / "workflows" / "supply_chain.yaml", folder / "w" / "workflows")
    shutil.copy(shop.database, folder / "desk.db")
    db = Database(f"sqlite:///{folder / 'desk.db'}", ManualClock(NOW + timedelta(hours=1)))
    publish_workflows(db, folder / "w")
    settings = WorkerSettings(workspace=folder / "w", var=folder / "var")
    publish_supply(Warehouse(db, load_catalog(open_workspace(folder / "w")), settings.var / "warehouse"))
    yield Desk(db, Library(db, shop.store, packaged_embedder()), _hardened), settings
    db.close()


@pytest.mark.parametrize("mode", FAILURE_MODES, ids=lambda mode: mode.name)
@pytest.mark.usefixtures("no_waits")
def test_each_plan_ends_as_the_page_says(planning: tuple[Desk, WorkerSettings], mode: FailureMode) -> None:
    desk, settings = planning
    run_id = desk.submit("Plan tents", workflow="supply_chain")
    with ScriptedProvider(failing(mode.name, work_well)) as provider:
        models = (candidate(provider, timeout_s=patience_s(mode.name)),)
        runner = build_step_runner(
            settings.model_copy(update={"models": models}), desk.db, lambda: desk.library
        )
        view = desk.finish(run_id, runner[0])
        assert not provider.refusals
    check_ending(view, mode, "supply_chain")
    figures = {item.details["title"] for item in view.evidence if item.kind == "figures"}
    if view.state == "answered":
        assert len(figures) == len(CREWS)
