"""What is published stays whole: over crashes, changed schemas, turns of others, and many loads."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from knowledge.warehouse.errors import LoadRunning, UnknownData
from knowledge.warehouse.loading.load import LoadProgress, load_products
from knowledge.warehouse.loading.publish import BEFORE_RECORD, KEPT_FILES, hold_loading
from ledger.data_products import LoadState, list_loads
from ledger.db import Database
from ledger.errors import WorkspaceInvalid
from tests.unit.knowledge.warehouse.loading_shop import ORDERS, Shop, column, make_shop

# Ibis 11 calls DuckDB 2 by names it has given up.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_:DeprecationWarning")

_LOCATION = "{format: csv, path: o.csv}"
_COLUMNS = column("id", "integer") + "\n" + column("name")
_CRASH = """\
import sys
from pathlib import Path
from ledger.crash_points import arm_crash_point
from ledger.db import Database
from tests.stand_ins.warehouse import open_shop
from tests.unit.knowledge.warehouse.loading_shop import Shop
db, folder = Database(sys.argv[1]), Path(sys.argv[2])
arm_crash_point(sys.argv[3])
Shop(db, folder, open_shop(db, folder)).load()
"""


@pytest.fixture
def shop(sqlite_db: Database, tmp_path: Path) -> Shop:
    shop = make_shop(sqlite_db, tmp_path, shop__orders={"columns": _COLUMNS, "location": _LOCATION})
    shop.write("o.csv", "id,name\n1,a\n")
    assert shop.load().state is LoadState.PUBLISHED
    return shop


def _files(shop: Shop, pattern: str = "*") -> list[str]:
    return sorted(path.name for path in (shop.warehouse.folder / ORDERS).glob(pattern))


def test_an_unchanged_source_costs_no_load(shop: Shop) -> None:
    first = shop.warehouse.served()[ORDERS]
    assert shop.load().id == first.id
    shop.write("o.csv", "id,name\n1,b\n")
    assert shop.load().id != first.id
    assert shop.rows() == [(1, "b")]
    assert len(list_loads(shop.db, ORDERS)) == 2


def test_a_changed_definition_is_loaded_again(shop: Shop) -> None:
    first = shop.warehouse.served()[ORDERS]
    shop.redefine(ORDERS, columns=_COLUMNS, location=_LOCATION, rest="known_issues: [none]")
    assert shop.load().id != first.id


def test_a_lost_file_is_loaded_again(shop: Shop) -> None:
    first = shop.warehouse.served()[ORDERS]
    shop.warehouse.file_of(first).unlink()
    assert shop.load().id != first.id
    assert shop.rows() == [(1, "a")]


def test_the_load_records_what_it_published(shop: Shop) -> None:
    [load] = list_loads(shop.db, ORDERS)
    assert (load.rows, load.kept_back, load.schema_version) == (1, 0, 1)
    assert load.columns == (("id", "integer"), ("name", "string"))
    assert (load.profile["rows"], load.profile["columns"].keys()) == (1, {"id", "name"})
    path = shop.warehouse.file_of(load)
    assert load.size_bytes == path.stat().st_size
    assert path.stat().st_mode & 0o077 == 0
    assert load.as_of == datetime.fromtimestamp((shop.folder / "o.csv").stat().st_mtime, UTC)


def test_a_crash_before_the_record_leaves_the_last_version_served(shop: Shop, sqlite_url: str) -> None:
    good = shop.warehouse.served()[ORDERS]
    shop.write("o.csv", "id,name\n2,b\n")
    arguments = [sys.executable, "-c", _CRASH, sqlite_url, str(shop.folder), BEFORE_RECORD]
    assert (
        subprocess.run(arguments, check=False, env=os.environ | {"PYTHONPATH": str(Path.cwd())}).returncode
        == 137
    )
    assert shop.warehouse.served()[ORDERS] == good
    assert shop.rows() == [(1, "a")]
    [orphan] = set(_files(shop, "*.parquet")) - {f"{good.id}.parquet"}
    later = datetime.now(UTC) + timedelta(hours=2)
    assert shop.load(now=later).rows == 1
    assert shop.rows() == [(2, "b")]
    assert orphan not in _files(shop)


def test_leftovers_younger_than_an_hour_stay(shop: Shop) -> None:
    folder = shop.warehouse.folder / ORDERS
    leftovers = [folder / "half.parquet.part", folder / "dead.scratch" / "spilled"]
    for leftover in leftovers:
        leftover.parent.mkdir(exist_ok=True)
        leftover.write_text("")
    written = datetime.fromtimestamp(leftovers[1].stat().st_mtime, UTC)
    shop.load(now=written + timedelta(minutes=59))
    assert all(leftover.exists() for leftover in leftovers)
    shop.load(now=written + timedelta(minutes=61))
    assert not any(leftover.exists() for leftover in leftovers)
    assert shop.rows() == [(1, "a")]


def test_the_last_five_published_files_stay(shop: Shop) -> None:
    for n in range(KEPT_FILES + 3):
        shop.write("o.csv", f"id,name\n{n},b\n")
        shop.load(now=shop.db.clock.now() + timedelta(minutes=n))
    shop.load()
    newest = [f"{load.id}.parquet" for load in list_loads(shop.db, ORDERS)][:KEPT_FILES]
    assert _files(shop) == sorted(newest)


def test_one_load_at_a_time(shop: Shop) -> None:
    with hold_loading(shop.warehouse.folder), pytest.raises(LoadRunning, match="Another load is at work"):
        shop.load()
    assert shop.load().state is LoadState.PUBLISHED


def test_an_added_column_is_compatible(shop: Shop) -> None:
    shop.write("o.csv", "id,name,more\n1,a,x\n")
    shop.redefine(ORDERS, columns=f"{_COLUMNS}\n{column('more')}", location=_LOCATION)
    assert shop.load().state is LoadState.PUBLISHED


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (column("id", "integer"), "name is gone"),
        (column("id") + "\n" + column("name"), "id is string and was integer"),
        (
            column("id", "integer") + "\n" + column("full_name", source="name"),
            "name is gone (renamed to full_name?)",
        ),
    ],
)
def test_a_change_that_breaks_readers_needs_a_higher_version(shop: Shop, columns: str, told: str) -> None:
    shop.redefine(ORDERS, columns=columns, location=_LOCATION)
    load = shop.load()
    assert load.state is LoadState.KEPT_BACK
    assert load.reason == (
        f"Its columns do not fit what is published: {told}. "
        "Raise `version` to 2 once those who use the product know."
    )
    head = "owner: o\nsteward: s\ndescription: d\norigin: o\nversion: 2\n"
    shop.redefine(ORDERS, columns=columns, location=_LOCATION, head=head)
    assert shop.load().state is LoadState.PUBLISHED
    shop.redefine(ORDERS, columns=columns, location=_LOCATION)
    assert "a version only goes up" in str(shop.load().reason)


@pytest.mark.parametrize(
    ("kind", "value", "as_of"),
    [
        # A date speaks for its whole day, but not beyond now; the future tells nothing.
        ("date", "2026-03-01", "2026-03-02T00:00:00+00:00"),
        ("date", "2026-03-02", "2026-03-02T09:00:00+00:00"),
        ("date", "2026-03-03", None),
        ("timestamp", "2026-03-01 10:30", "2026-03-01T10:30:00+00:00"),
        ("string", "2026-03-01 10:30", "2026-03-01T10:30:00+00:00"),
    ],
)
def test_the_newest_value_tells_what_the_data_speaks_for(
    sqlite_db: Database, tmp_path: Path, kind: str, value: str, as_of: str | None
) -> None:
    shop = make_shop(
        sqlite_db,
        tmp_path,
        shop__orders={
            "columns": column("moment", kind),
            "location": _LOCATION,
            "rest": "freshness: {within: 26h, column: moment}",
        },
    )
    shop.write("o.csv", f"moment\n2026-01-01\n{value}\n" if as_of else f"moment\n{value}\n")
    load = shop.load()
    assert load.reason is None
    assert (load.as_of.isoformat() if load.as_of else None) == as_of


def _views(db: Database, folder: Path, **sql: str) -> Shop:
    products = {
        f"shop__{name}": {
            "columns": column("n", "integer"),
            "location": f'{{format: view, sql: "{query}"}}',
        }
        for name, query in sql.items()
    }
    source = {"columns": column("n", "integer"), "location": _LOCATION}
    shop = make_shop(db, folder, shop__source=source, **products)
    shop.write("o.csv", "n\n1\n2\n")
    return shop


def test_views_are_loaded_after_what_they_select_from(sqlite_db: Database, tmp_path: Path) -> None:
    shop = _views(
        sqlite_db,
        tmp_path,
        a="WITH b AS (SELECT n * 10 AS n FROM shop.b) SELECT n FROM b",
        b="SELECT n + 1 AS n FROM shop.source",
    )
    told: list[LoadProgress] = []
    loads = load_products(shop.warehouse, None, shop.db.clock.now(), told.append)
    assert [load.product for load in loads] == ["shop.source", "shop.b", "shop.a"]
    assert [load.reason for load in loads] == [None, None, None]
    assert shop.rows("shop.a") == [(20,), (30,)]
    assert [(each.product, each.done, each.load is not None) for each in told][:3] == [
        ("shop.source", 0, False),
        ("shop.source", 1, True),
        ("shop.b", 1, False),
    ]
    # A view is as old as the oldest of what it is made of, and changes with it alone.
    assert loads[2].as_of == loads[0].as_of
    assert [load.id for load in load_products(shop.warehouse, None, shop.db.clock.now(), lambda _: None)] == [
        load.id for load in loads
    ]
    shop.write("o.csv", "n\n5\n")
    shop.load()
    assert shop.rows("shop.a") == [(60,)]


def test_products_are_loaded_after_those_their_checks_look_into(sqlite_db: Database, tmp_path: Path) -> None:
    find = "SELECT n FROM product WHERE n NOT IN (SELECT n FROM shop.z)"
    plain = {"columns": column("n", "integer"), "location": "{format: csv, path: o.csv}"}
    checked = {**plain, "rest": f'checks: [{{kind: sql, name: known, find: "{find}"}}]\n'}
    shop = make_shop(sqlite_db, tmp_path, shop__a=checked, shop__z=plain)
    shop.write("o.csv", "n\n1\n")
    loads = load_products(shop.warehouse, None, shop.db.clock.now(), lambda _: None)
    assert [(load.product, load.state) for load in loads] == [
        ("shop.z", LoadState.PUBLISHED),
        ("shop.a", LoadState.PUBLISHED),
    ]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT 1 AS n; DROP TABLE x", "A view is one SELECT, and nothing else."),
        ("DELETE FROM shop.source", "A view is one SELECT, and nothing else."),
        (
            "SELECT n FROM read_csv('/etc/passwd')",
            "A view selects from products only; READ_CSV('/etc/passwd')",
        ),
        ("SELECT n FROM '/etc/passwd'", "A view selects from products only"),
        ("SELECT n FROM raw", "A view selects from products only, named as domain.product; raw is none."),
        ("SELECT n FROM a.shop.source", "A view selects from products only, named as domain.product;"),
        ("SELECT n FROM shop.other", "The view selects from shop.other, which the catalog does not have."),
        ("SELECT n FROM information_schema.tables", "The view selects from information_schema.tables, which"),
        ("SELECT n FROM", "The view's SQL cannot be read: "),
        ("SELECT 1 AS n", "The view selects from no product; name one as domain.product."),
        ("SELECT x FROM shop.source", "the view cannot be read: Binder Error: Referenced column"),
        ("SELECT n AS m FROM shop.source", "The column n is missing from the view; it has m."),
        ("SELECT CAST('secret' || n AS INT) AS n FROM shop.source", "the view cannot be read: Conversion"),
    ],
)
def test_a_view_that_reads_anything_else_is_kept_back(
    sqlite_db: Database, tmp_path: Path, sql: str, told: str
) -> None:
    shop = _views(sqlite_db, tmp_path, v=sql)
    load = shop.load("shop.source", "shop.v")
    assert load.product == "shop.v"
    assert load.state is LoadState.KEPT_BACK
    assert load.reason is not None
    assert load.reason.startswith(told)
    assert "secret" not in load.reason


def test_a_view_over_what_was_never_published_says_so(sqlite_db: Database, tmp_path: Path) -> None:
    shop = _views(sqlite_db, tmp_path, v="SELECT n FROM shop.source")
    assert shop.load("shop.v").reason == (
        "The view selects from shop.source, which has no published version yet; load that first."
    )


def test_views_in_a_circle_are_refused_before_anything_is_loaded(sqlite_db: Database, tmp_path: Path) -> None:
    shop = _views(
        sqlite_db, tmp_path, a="SELECT n FROM shop.b", b="SELECT n FROM shop.c", c="SELECT n FROM shop.a"
    )
    with pytest.raises(WorkspaceInvalid, match=r"shop\.a selects from shop\.b selects from shop\.c selects"):
        shop.load()
    assert shop.warehouse.served() == {}


def test_an_unknown_product_is_named(shop: Shop) -> None:
    with pytest.raises(UnknownData, match=r"There is no data product shop\.order; there are shop\.orders\."):
        shop.load("shop.order")
