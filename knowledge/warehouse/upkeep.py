"""Keeps the figures up to date by themselves: loads and checks each product as often as it says, and answers
those who wait for it.

A product is due once in each hour, day, week or month (UTC), as its `refresh` says; in each hour while its
newest load is late or was kept back. What is loaded by hand is checked once a day.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from knowledge.warehouse.age import is_late
from knowledge.warehouse.catalog import Catalog, load_catalog
from knowledge.warehouse.errors import LoadRunning
from knowledge.warehouse.spec import DataProduct
from knowledge.warehouse.warehouse import Warehouse, open_warehouse
from ledger.data_products import LoadState, ProductLoad, current_loads
from ledger.db import Database
from ledger.errors import CrewdeskError, DatabaseUnavailable
from ledger.log import get_logger
from ledger.schedules import Firing, claim_firing, finish_firing, release_firing, settled_firings
from ledger.watches import ask_again, open_watches
from ledger.workspace import CATALOG, open_workspace

_log = get_logger(__name__)

LOOK_EVERY_S = 60.0
_TRY_AGAIN_S = 60.0
_SCHEDULE = "product {}"


@dataclass(frozen=True, slots=True)
class Due:
    """A product whose turn has come, and since when."""

    product: DataProduct
    since: datetime

    @property
    def is_loaded(self) -> bool:
        return self.product.refresh != "by hand"


class CatalogKeeper:
    """`run` until told to stop. A catalog that cannot be used now may be mended later: it is said, and looked
    at again, also after what nobody foresaw."""

    def __init__(self, db: Database, workspace: Path, var: Path, connections: Mapping[str, str]) -> None:
        self._db = db
        self._workspace = workspace
        self._var = var
        self._connections = connections

    def run(self, stop: threading.Event) -> None:
        # The first look comes a while after the start, which has enough to do without it.
        while not stop.wait(LOOK_EVERY_S):
            try:
                self.look()
            except CrewdeskError as error:
                _log.warning("catalog_not_kept", code=error.code, reason=str(error))
            except Exception:  # noqa: BLE001 - the last resort: nobody would start this thread again
                _log.exception("catalog_keeper_broke")

    def look(self) -> list[str]:
        """Loads and checks what is due; returns its products. Raises CrewdeskError."""
        if not (self._workspace / CATALOG).is_dir():
            return []
        workspace = open_workspace(self._workspace)
        due = find_due(self._db, load_catalog(workspace), self._db.clock.now())
        if not due and not open_watches(self._db):
            return []
        warehouse = open_warehouse(self._db, workspace, self._var)
        attended = attend(warehouse, due, self._connections)
        answer_watches(warehouse)
        return attended


def find_due(db: Database, catalog: Catalog, now: datetime) -> list[Due]:
    """What was neither loaded since its turn came nor is being attended to."""
    served, latest = current_loads(db)
    settled = settled_firings(db)
    due = []
    for product in catalog.products.values():
        load = latest.get(product.name)
        if product.refresh == "by hand" and product.name not in served:
            continue
        since = _turn(product, load, now)
        was_settled = settled.get(_SCHEDULE.format(product.name))
        was_loaded = load is not None and load.loaded_at >= since
        if not was_loaded and (was_settled is None or was_settled < since):
            due.append(Due(product, since))
    return due


def attend(warehouse: Warehouse, due: list[Due], connections: Mapping[str, str]) -> list[str]:
    """Loads and checks those nobody else is at; returns them."""
    claimed: dict[str, Firing] = {}
    for item in due:
        firing = claim_firing(warehouse.db, _SCHEDULE.format(item.product.name), item.since)
        if firing is not None:
            claimed[item.product.name] = firing
    mine = [item for item in due if item.product.name in claimed]
    if not mine:
        return []
    try:
        outcomes = _load_and_check(warehouse, mine, connections)
    except (LoadRunning, DatabaseUnavailable):
        for firing in claimed.values():
            release_firing(warehouse.db, firing, delay_s=_TRY_AGAIN_S)
        raise
    except CrewdeskError as error:
        outcomes = dict.fromkeys(claimed, str(error))
        _log.warning("catalog_not_kept", code=error.code, reason=str(error))
    for name, firing in claimed.items():
        finish_firing(warehouse.db, firing, outcomes.get(name, "nothing to do"))
        _log.info("product_kept_up", product=name, outcome=outcomes.get(name))
    return list(claimed)


def answer_watches(warehouse: Warehouse) -> list[str]:
    """Asks the questions again whose data is fit by now; returns the new runs' ids."""
    from knowledge.warehouse.quality import judge_quality
    from knowledge.warehouse.result import Verdict

    asked = []
    for watch in open_watches(warehouse.db):
        known = [name for name in watch.products if name in warehouse.catalog.products]
        verdict = judge_quality(warehouse, known, warehouse.db.clock.now()).verdict
        if verdict is not Verdict.BLOCK:
            run_id = ask_again(warehouse.db, watch)
            _log.info("watch_answered", run=watch.run_id, again=run_id)
            asked += [run_id] if run_id else []
    return asked


def _load_and_check(warehouse: Warehouse, due: list[Due], connections: Mapping[str, str]) -> dict[str, str]:
    """By product, what came of it. Raises LoadRunning, UnknownData."""
    from knowledge.warehouse.loading.load import load_products
    from knowledge.warehouse.recheck import recheck

    now = warehouse.db.clock.now()
    before = warehouse.served()
    names = [item.product.name for item in due if item.is_loaded]
    loads = load_products(warehouse, names, now, lambda _: None, connections=connections) if names else []
    outcomes = {load.product: _tell(load) for load in loads}
    # A load has its checks; what was served before and still is has to be checked again.
    served = warehouse.served()
    same = [
        item.product.name
        for item in due
        if item.product.name in served and served[item.product.name] == before.get(item.product.name)
    ]
    for load in recheck(warehouse, same, now) if same else []:
        failed = ", ".join(check.check for check in load.failed)
        outcomes[load.product] = f"{outcomes.get(load.product, 'checked')}; " + (
            f"failed: {failed}" if failed else "all checks hold"
        )
    return outcomes


def _tell(load: ProductLoad) -> str:
    if load.state is LoadState.KEPT_BACK:
        return f"kept back: {load.reason}"
    return f"served: {load.rows:,} rows"


def _turn(product: DataProduct, latest: ProductLoad | None, now: datetime) -> datetime:
    """When its present hour, day, week or month began."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    starts: dict[str, Callable[[], datetime]] = {
        "hourly": lambda: hour,
        "daily": lambda: day,
        "by hand": lambda: day,
        "weekly": lambda: day - timedelta(days=day.weekday()),
        "monthly": lambda: day.replace(day=1),
    }
    return hour if _is_unwell(product, latest, now) else starts[product.refresh]()


def _is_unwell(product: DataProduct, latest: ProductLoad | None, now: datetime) -> bool:
    if product.refresh == "by hand" or latest is None:
        return False
    return latest.state is LoadState.KEPT_BACK or bool(is_late(product, latest.as_of, now))
