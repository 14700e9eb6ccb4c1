"""Reading every kind of source: the same rows come out, and what cannot be read is named."""

import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import duckdb
import openpyxl
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from knowledge.warehouse.loading.databases import _without_secrets
from ledger.data_products import LoadState
from ledger.db import Database
from tests.unit.knowledge.warehouse.loading_shop import ORDERS, Shop, column, make_shop

# Ibis 11 calls DuckDB 2 by names it has given up.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_:DeprecationWarning")

_COLUMNS = "\n".join(
    [
        column("id", "integer"),
        column("name", source="Full name"),
        column("paid", "decimal"),
        column("day", "date"),
    ]
)
_ROWS = [("1", "Zoë", "1.50", "2026-01-31"), ("2", "Ann, B", "20.00", "2026-02-01")]
_HEADER = ("id", "Full name", "paid", "day")


def _shop(db: Database, folder: Path, location: str, columns: str = _COLUMNS) -> Shop:
    return make_shop(db, folder, shop__orders={"columns": columns, "location": location})


def _served(shop: Shop) -> list[tuple[str, ...]]:
    load = shop.load()
    assert load.reason is None
    return [(str(i), name, f"{paid:.2f}", f"{day}") for i, name, paid, day in shop.rows()]


def _reason(shop: Shop) -> str:
    load = shop.load()
    assert load.state is LoadState.KEPT_BACK
    assert load.reason is not None
    return load.reason


def _csv(separator: str) -> str:
    lines = (_HEADER, *_ROWS)
    return "".join(separator.join(f'"{v}"' if "," in v else v for v in line) + "\n" for line in lines)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_csv(sqlite_db: Database, tmp_path: Path, separator: str, encoding: str) -> None:
    shop = _shop(sqlite_db, tmp_path, "{format: csv, path: data/orders.csv}")
    shop.write("data/orders.csv", _csv(separator), encoding)
    assert _served(shop) == _ROWS


def test_csv_files_by_pattern_may_order_their_columns_differently(
    sqlite_db: Database, tmp_path: Path
) -> None:
    shop = _shop(sqlite_db, tmp_path, '{format: csv, path: "data/*.csv"}')
    shop.write("data/a.csv", "id,Full name,paid,day\n1,Zoë,1.50,2026-01-31\n")
    shop.write("data/b.csv", 'day;paid;extra;full name ;id\n2026-02-01;20.00;x;"Ann, B";2\n')
    assert _served(shop) == _ROWS
    assert shop.warehouse.served()[ORDERS].counts["*"] == {"read": 2, "ignored_columns": 1}


def test_a_column_that_one_of_several_files_lacks_is_missing(sqlite_db: Database, tmp_path: Path) -> None:
    shop = _shop(sqlite_db, tmp_path, '{format: csv, path: "data/*.csv"}')
    shop.write("data/a.csv", _csv(","))
    shop.write("data/b.csv", "id,Full name,day\n3,C,2026-01-01\n")
    assert _reason(shop) == "The column paid is missing from data/b.csv; it has id, Full name, day."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "data/orders.csv is empty; its first line has to name the columns."),
        ("a\0b\n", "data/orders.csv is no text, so it is no CSV file."),
        ("\nid,x\n", "data/orders.csv: its first line is empty; it has to name the columns."),
        ("id,ID\n", "data/orders.csv has two columns named id; give each its own name."),
        (
            'id,"Full\nname",paid,day\n',
            "data/orders.csv: the names of its columns have to stand in one line, the first.",
        ),
        (
            "id,Full name,paid,day\n1,secret,3,2026-01-01,5\n",
            "data/orders.csv cannot be read: line 2 cannot be read (expected number of columns: 4 found: 5).",
        ),
        (
            'id,Full name,paid,day\n1,"secret,3,2026-01-01\n',
            "data/orders.csv cannot be read: line 2 cannot be read (unterminated quote).",
        ),
    ],
)
def test_malformed_csv_is_told_without_its_values(
    sqlite_db: Database, tmp_path: Path, text: str, told: str
) -> None:
    shop = _shop(sqlite_db, tmp_path, "{format: csv, path: data/orders.csv}")
    shop.write("data/orders.csv", text)
    assert _reason(shop) == told


def test_json_as_an_array_and_as_lines(sqlite_db: Database, tmp_path: Path) -> None:
    shop = _shop(sqlite_db, tmp_path, '{format: json, path: "data/*.json"}')
    records = [dict(zip(_HEADER, row, strict=True)) for row in _ROWS]
    shop.write("data/a.json", json.dumps([records[0] | {"paid": 1.5, "id": 1}]))
    shop.write("data/b.json", json.dumps(records[1]) + "\n")
    assert _served(shop) == _ROWS


def test_a_record_without_a_key_has_no_value_there(sqlite_db: Database, tmp_path: Path) -> None:
    shop = _shop(sqlite_db, tmp_path, "{format: json, path: o.json}", column("a") + "\n" + column("b"))
    shop.write("o.json", '[{"a": "x"}, {"a": "y", "b": "z"}]')
    assert shop.load().counts["b"] == {"missing": 1}
    assert shop.rows() == [("x", None), ("y", "z")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[{"id": 1}', "o.json cannot be read: "),
        ("[1, 2]", "o.json holds no records; write an array of objects, or one on each line."),
        ('[{"id": 1}]', "The columns Full name, paid and day are missing from o.json; it has id."),
    ],
)
def test_malformed_json_is_named(sqlite_db: Database, tmp_path: Path, text: str, told: str) -> None:
    shop = _shop(sqlite_db, tmp_path, "{format: json, path: o.json}")
    shop.write("o.json", text)
    assert _reason(shop).startswith(told)


def test_parquet(sqlite_db: Database, tmp_path: Path) -> None:
    shop = _shop(sqlite_db, tmp_path, "{format: parquet, path: o.parquet}")
    table = pa.table(dict(zip(_HEADER, map(list, zip(*_ROWS, strict=True)), strict=True)))
    pq.write_table(table.set_column(2, "paid", pa.array([1.5, 20.0])), tmp_path / "o.parquet")
    assert _served(shop) == _ROWS


def test_a_parquet_file_that_is_none_is_named(sqlite_db: Database, tmp_path: Path) -> None:
    shop = _shop(sqlite_db, tmp_path, "{format: parquet, path: o.parquet}")
    shop.write("o.parquet", "nothing of the kind")
    assert _reason(shop).startswith("o.parquet cannot be read: ")


def test_excel(sqlite_db: Database, tmp_path: Path) -> None:
    shop = _shop(sqlite_db, tmp_path, "{format: excel, path: o.xlsx, table: Orders}")
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Orders")
    for row in (
        _HEADER,
        (1, "Zoë", 1.5, duckdb.sql("SELECT DATE '2026-01-31'").fetchall()[0][0]),
        (),
        _ROWS[1],
    ):
        sheet.append(row)
    book.save(tmp_path / "o.xlsx")
    assert _served(shop) == _ROWS


@pytest.mark.parametrize(
    ("sheet", "told"),
    [
        ("Other", "o.xlsx has no sheet Other; there are Sheet."),
        ("Sheet", "o.xlsx: the first row of the sheet"),
    ],
)
def test_a_sheet_that_is_not_there_or_empty_is_named(
    sqlite_db: Database, tmp_path: Path, sheet: str, told: str
) -> None:
    shop = _shop(sqlite_db, tmp_path, f"{{format: excel, path: o.xlsx, table: {sheet}}}")
    openpyxl.Workbook().save(tmp_path / "o.xlsx")
    assert _reason(shop).startswith(told)


def test_a_workbook_that_is_none_is_named(sqlite_db: Database, tmp_path: Path) -> None:
    shop = _shop(sqlite_db, tmp_path, "{format: excel, path: o.xlsx}")
    shop.write("o.xlsx", "id,name")
    assert _reason(shop) == "o.xlsx is no Excel workbook (.xlsx), or it is damaged."


def test_a_duckdb_file(sqlite_db: Database, tmp_path: Path) -> None:
    shop = _shop(sqlite_db, tmp_path, "{format: duckdb, path: o.duckdb, table: main.orders}")
    with duckdb.connect(tmp_path / "o.duckdb") as db:
        db.execute('CREATE TABLE orders (id INT, "Full name" TEXT, paid DECIMAL(9,2), day DATE)')
        db.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", _ROWS)
    assert _served(shop) == _ROWS


def _write_sqlite(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute('CREATE TABLE orders (id INTEGER, "Full name" TEXT, paid REAL, day TEXT)')
        db.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", _ROWS)
    db.close()


def test_a_sqlite_file(sqlite_db: Database, tmp_path: Path) -> None:
    shop = _shop(sqlite_db, tmp_path, "{format: sqlite, path: o.sqlite, table: orders}")
    _write_sqlite(tmp_path / "o.sqlite")
    assert _served(shop) == _ROWS


@pytest.mark.parametrize("format", ["sqlite", "duckdb"])
def test_a_table_that_is_not_there_is_named(sqlite_db: Database, tmp_path: Path, format: str) -> None:
    shop = _shop(sqlite_db, tmp_path, f"{{format: {format}, path: o.db, table: nothing}}")
    if format == "sqlite":
        _write_sqlite(tmp_path / "o.db")
    else:
        duckdb.connect(tmp_path / "o.db").close()
    assert "nothing" in _reason(shop)


def test_a_database_by_its_connections_name(sqlite_db: Database, tmp_path: Path) -> None:
    shop = _shop(sqlite_db, tmp_path, "{format: ibis, connection: till, table: orders}")
    _write_sqlite(tmp_path / "till.sqlite")
    connections = {"till": f"sqlite://{tmp_path}/till.sqlite"}
    first = shop.load(connections=connections)
    assert first.reason is None
    assert [row[0] for row in shop.rows()] == [1, 2]
    assert shop.load(connections=connections).id == first.id
    with sqlite3.connect(tmp_path / "till.sqlite") as db:
        db.execute("UPDATE orders SET paid = 2 WHERE id = 1")
    db.close()
    assert shop.load(connections=connections).id != first.id


def test_postgres(sqlite_db: Database, postgres_url: str, tmp_path: Path) -> None:
    shop = _shop(sqlite_db, tmp_path, "{format: postgres, connection: erp, table: public.orders}")
    url = postgres_url.replace("postgresql+psycopg://", "postgres://")
    with psycopg.connect(url.replace("postgres://", "postgresql://"), autocommit=True) as db:
        db.execute('CREATE TABLE orders (id INT, "Full name" TEXT, paid NUMERIC(9,2), day DATE)')
        db.cursor().executemany("INSERT INTO orders VALUES (%s, %s, %s, %s)", _ROWS)
    load = shop.load(connections={"erp": url})
    assert load.reason is None
    assert [(str(i), name, f"{paid:.2f}", f"{day}") for i, name, paid, day in shop.rows()] == _ROWS


def test_types_that_only_a_database_knows_come_as_text(
    sqlite_db: Database, postgres_url: str, tmp_path: Path
) -> None:
    columns = "\n".join([column("id"), column("address"), column("n", "integer")])
    location = "{format: postgres, connection: erp, table: public.machines}"
    shop = make_shop(sqlite_db, tmp_path, shop__orders={"columns": columns, "location": location})
    url = postgres_url.replace("postgresql+psycopg://", "postgresql://")
    key = "0198c0de-0000-7000-8000-000000000001"
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("CREATE TABLE machines (id uuid, address inet, n integer)")
        db.execute("INSERT INTO machines VALUES (%s, '10.0.0.7', 3)", [key])
    assert shop.load(connections={"erp": url}).reason is None
    assert shop.rows() == [(key, "10.0.0.7/32", 3)]


def test_a_duckdb_by_its_connections_name(sqlite_db: Database, tmp_path: Path) -> None:
    shop = _shop(
        sqlite_db, tmp_path, "{format: ibis, connection: till, table: orders}", column("id", "integer")
    )
    file = tmp_path / "till.duckdb"
    with duckdb.connect(str(file)) as db:
        db.execute("CREATE TABLE orders AS FROM (VALUES (1, 'a')) AS t (id, name)")
    assert shop.load(connections={"till": f"duckdb://{file}"}).reason is None
    assert len(shop.rows()) == 1


def test_the_same_rows_of_a_database_are_as_new_as_the_last_look_at_them(
    sqlite_db: Database, tmp_path: Path
) -> None:
    shop = _shop(
        sqlite_db, tmp_path, "{format: ibis, connection: till, table: orders}", column("id", "integer")
    )
    file = tmp_path / "till.duckdb"
    with duckdb.connect(str(file)) as db:
        db.execute("CREATE TABLE orders AS FROM (VALUES (1, 'a')) AS t (id, name)")
    connections = {"till": f"duckdb://{file}"}
    first = shop.load(connections=connections)
    later = shop.db.clock.now() + timedelta(hours=27)
    again = shop.load(connections=connections, now=later)
    assert (again.id, again.as_of) == (first.id, later)
    assert shop.warehouse.served()[ORDERS].as_of == later


def test_a_connection_that_is_not_known_or_not_there_is_named_without_its_secret(
    sqlite_db: Database, tmp_path: Path
) -> None:
    shop = _shop(sqlite_db, tmp_path, "{format: postgres, connection: erp, table: orders}")
    assert _reason(shop) == "There is no connection named erp; give its URL in the settings."
    shop.redefine(ORDERS, columns=_COLUMNS, location="{format: ibis, connection: erp, table: orders}")
    for url in (
        "postgres://me:hunter2@127.0.0.1:1/erp",
        "sqlite:///no/such/hunter2",
        "hunter2://hunter2@erp",
    ):
        load = shop.load(connections={"erp": url})
        assert load.reason is not None
        assert load.reason.startswith("The table orders of the connection erp cannot be read: ")
        assert url not in load.reason
        assert ":hunter2@" not in load.reason


def test_an_error_that_quotes_the_connections_url_is_told_without_it() -> None:
    url = "postgres://me:hunter2@erp/sales"
    told = _without_secrets(ValueError(f"cannot reach {url} with hunter2.\nmore"), url)
    assert told == "cannot reach ... with ..."


def test_a_link_that_leads_out_of_the_workspace_is_refused(sqlite_db: Database, tmp_path: Path) -> None:
    workspace = tmp_path / "shop"
    shop = _shop(sqlite_db, workspace, "{format: csv, path: data/orders.csv}")
    (tmp_path / "outside.csv").write_text(_csv(","))
    (workspace / "data").mkdir()
    (workspace / "data" / "orders.csv").symlink_to(tmp_path / "outside.csv")
    assert _reason(shop) == "data/orders.csv leads out of the workspace; put the file itself there."
