"""The catalog that docs/catalog.md shows is one that loads, and answers."""

import re
from datetime import timedelta
from pathlib import Path

from knowledge.search.access import AccessScope
from knowledge.warehouse.loading.load import load_products
from knowledge.warehouse.query import MetricQuery
from knowledge.warehouse.query_metrics import query_metrics
from knowledge.warehouse.warehouse import open_warehouse
from ledger.data_products import LoadState
from ledger.db import Database
from ledger.people import EVERYONE
from ledger.workspace import open_workspace
from tests.stand_ins.warehouse import write_workspace
from tests.unit.docs.pages import ROOT

_FILES = (
    "products/orders.yaml",
    "metrics/sales.yaml",
    "entities/order.yaml",
    "calendar.yaml",
    "key_figures.yaml",
)


def test_what_the_page_shows_is_a_whole_catalog(sqlite_db: Database, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "catalog.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    files = dict(zip(_FILES, blocks, strict=True))
    write_workspace(tmp_path, (EVERYONE, "customer_care"), files)
    data = tmp_path / "data" / "orders-1.csv"
    data.parent.mkdir()
    day = sqlite_db.clock.now() - timedelta(hours=3)
    lines = [f"{n},{day:%d/%m/%Y},web,{n}.50,me{n}@home.example" for n in range(1, 8)]
    data.write_text("\n".join(["order_id,ordered_on,channel,Total incl. tax,email", *lines]) + "\n")
    warehouse = open_warehouse(sqlite_db, open_workspace(tmp_path), tmp_path / "var")
    [load] = load_products(warehouse, None, sqlite_db.clock.now(), lambda _: None)
    assert (load.state, load.rows, load.failed) == (LoadState.PUBLISHED, 7, ())
    query = MetricQuery(("sales.revenue",), ("channel",))
    result = query_metrics(warehouse, AccessScope(frozenset({EVERYONE})), query, sqlite_db.clock.now())
    assert [(row[0], float(str(row[1]))) for row in result.rows] == [("online", 31.5)]
