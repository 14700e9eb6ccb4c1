"""What one scope reads of a product: its rows, its columns, and nothing beyond the served files."""

import stat
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from knowledge.search.access import AccessScope
from knowledge.warehouse.errors import NotLoaded, UnknownData
from knowledge.warehouse.masking import read_salt
from knowledge.warehouse.policy import check_policies
from knowledge.warehouse.spec import MaskKind
from knowledge.warehouse.tables import PolicedTables, open_tables
from knowledge.warehouse.warehouse import Warehouse
from ledger.db import Database
from ledger.errors import WorkspaceInvalid
from tests.stand_ins.warehouse import day, open_shop, publish, write_workspace

PAY = """\
    name: people.pay
    owner: hr@shop.example
    steward: data@shop.example
    description: Who earns what.
    origin: payroll
    location: {format: csv, path: data/pay.csv}
    version: 1
    access:
      groups: [north, south, hr]
      rows:
        - {groups: [north], where: region = 'North'}
        - {groups: [south], where: region = 'South'}
        - {groups: [hr], where: "true"}
      unmasked: {email: [hr], name: [hr], salary: [hr], born_on: [hr], tag: [hr]}
    columns:
      - {name: region, type: string, description: Where.}
      - {name: name, type: string, description: Name., classification: pii, mask: partial}
      - {name: email, type: string, description: Address., classification: pii, mask: partial}
      - {name: tag, type: string, description: Number., classification: pii, mask: hash}
      - {name: salary, type: decimal, description: Pay., mask: bucket, bucket: 1000,
         classification: confidential}
      - {name: born_on, type: date, description: Birthday., classification: pii, mask: bucket}
      - {name: note, type: string, description: A note., classification: pii}
    """
GROUPS = ("everyone", "north", "south", "hr", "other")
PEOPLE = [
    {
        "region": region,
        "name": name,
        "email": f"{name.lower()}@{region.lower()}.example",
        "tag": "T-1",
        "salary": Decimal(salary),
        "born_on": day("1980-05-06"),
        "note": "private",
    }
    for region, name, salary in [
        ("North", "Ann", "1999.99"),
        ("South", "Bob", "2000.00"),
        ("North", "Cid", "50"),
    ]
]
HR, NORTH, SOUTH = (AccessScope(frozenset({group})) for group in ("hr", "north", "south"))


@pytest.fixture
def pay(sqlite_db: Database, tmp_path: Path) -> Warehouse:
    write_workspace(tmp_path, GROUPS, {"products/pay.yaml": PAY})
    warehouse = open_shop(sqlite_db, tmp_path)
    publish(warehouse, "people.pay", PEOPLE)
    return warehouse


def read(warehouse: Warehouse, scope: AccessScope) -> list[tuple[object, ...]]:
    with PolicedTables(warehouse, scope) as tables:
        tables.table("people.pay")
        return tables.connection.con.execute("SELECT * FROM people.pay ORDER BY name").fetchall()


def test_whoever_is_named_sees_the_values_as_they_are(pay: Warehouse) -> None:
    found = read(pay, HR)
    assert [row[1:5] for row in found] == [
        ("Ann", "ann@north.example", "T-1", Decimal("1999.99")),
        ("Bob", "bob@south.example", "T-1", Decimal("2000.00")),
        ("Cid", "cid@north.example", "T-1", Decimal("50.00")),
    ]
    assert {row[6] for row in found} == {None}, "personal data that nobody is named for is for nobody"


def test_others_see_their_rows_with_masks(pay: Warehouse) -> None:
    found = read(pay, NORTH)
    codes = {row[3] for row in found}
    assert [(*row[:3], *row[4:]) for row in found] == [
        ("North", "A***", "a***@***", "1000 to under 2000", "1980", None),
        ("North", "C***", "c***@***", "0 to under 1000", "1980", None),
    ]
    assert len(codes) == 1
    assert "T-1" not in str(codes)
    assert all(isinstance(code, str) and len(code) == 12 for code in codes)


def test_several_groups_see_the_rows_of_each_and_an_audience_those_of_all(pay: Warehouse) -> None:
    both = AccessScope(frozenset({"north", "south"}))
    assert len(read(pay, both)) == 3
    assert len(read(pay, AccessScope(frozenset({"hr"}), (frozenset({"north"}),)))) == 2
    assert read(pay, AccessScope(frozenset({"north"}), (frozenset({"south"}),))) == []
    assert read(pay, AccessScope(frozenset({"hr"}), (frozenset({"north"}),)))[0][1] == "A***"


@pytest.mark.parametrize(
    "scope",
    [
        AccessScope(frozenset()),
        AccessScope(frozenset({"other"})),
        AccessScope.of_strangers(),
        AccessScope(frozenset({"hr"}), (frozenset({"other"}),)),
        AccessScope(frozenset({"hr"}), (frozenset(),)),
    ],
)
def test_a_product_one_may_not_read_is_as_if_it_were_not_there(pay: Warehouse, scope: AccessScope) -> None:
    with PolicedTables(pay, scope) as tables:
        assert tables.names() == ()
        for call in (tables.table, tables.product, tables.load, tables.masked):
            with pytest.raises(UnknownData) as hidden:
                call("people.pay")
            with pytest.raises(UnknownData) as missing:
                call("people.pax")
            assert str(hidden.value) == str(missing.value).replace("pax", "pay")


def test_a_product_whose_rules_name_nobody_of_the_reader_has_no_rows(
    sqlite_db: Database, tmp_path: Path
) -> None:
    text = PAY.replace("groups: [north, south, hr]", "groups: [north, south, hr, other]")
    write_workspace(tmp_path, GROUPS, {"products/pay.yaml": text})
    warehouse = open_shop(sqlite_db, tmp_path)
    publish(warehouse, "people.pay", PEOPLE)
    assert read(warehouse, AccessScope(frozenset({"other"}))) == []


def test_it_says_what_is_masked_and_how(pay: Warehouse) -> None:
    with PolicedTables(pay, NORTH) as tables:
        assert tables.masked("people.pay")["salary"] is MaskKind.BUCKET
        assert tables.has_row_rules("people.pay")
    with PolicedTables(pay, HR) as tables:
        assert set(tables.masked("people.pay")) == {"note"}


def test_a_product_without_rows_or_with_older_columns_says_what_to_do(
    sqlite_db: Database, tmp_path: Path, pay: Warehouse
) -> None:
    with PolicedTables(pay, HR) as tables:
        pay.file_of(tables.load("people.pay")).write_bytes(b"not Parquet")
        with pytest.raises(NotLoaded, match=r"cannot be read; run `crewdesk catalog load people.pay`"):
            tables.table("people.pay")
    other = tmp_path / "other"
    write_workspace(other, GROUPS, {"products/pay.yaml": PAY.replace("people.pay", "people.new")})
    with (
        PolicedTables(open_shop(sqlite_db, other), HR) as tables,
        pytest.raises(NotLoaded, match=r"people.new has no published rows yet"),
    ):
        tables.table("people.new")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('{salt}')",
        "SELECT * FROM read_parquet('{elsewhere}')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY (SELECT 1) TO '{elsewhere}'",
        "ATTACH '{elsewhere}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET allowed_paths = ['/etc/passwd']",
        "RESET memory_limit",
    ],
)
def test_its_connection_reaches_the_served_files_and_nothing_else(
    pay: Warehouse, tmp_path: Path, statement: str
) -> None:
    elsewhere = tmp_path / "elsewhere.parquet"
    elsewhere.write_bytes(b"anything")
    with PolicedTables(pay, NORTH) as tables:
        tables.table("people.pay")
        sql = statement.format(salt=pay.folder / "mask.salt", elsewhere=elsewhere)
        with pytest.raises(duckdb.Error):
            tables.connection.con.execute(sql).fetchall()
    assert elsewhere.read_bytes() == b"anything"


def test_the_salt_is_made_once_and_for_this_user_alone(tmp_path: Path) -> None:
    first = read_salt(tmp_path / "a")
    assert first == read_salt(tmp_path / "a") != read_salt(tmp_path / "b")
    assert stat.S_IMODE((tmp_path / "a" / "mask.salt").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["mask.salt"]
    (tmp_path / "a" / "mask.salt").write_text("")
    with pytest.raises(WorkspaceInvalid, match=r"mask.salt is damaged"):
        read_salt(tmp_path / "a")


def test_tables_are_opened_again_only_for_other_rights_or_newer_rows(pay: Warehouse) -> None:
    with open_tables(pay, HR) as first, open_tables(pay, HR) as at_the_same_time:
        assert at_the_same_time is not first
    with open_tables(pay, NORTH) as others:
        assert others is not first
    with open_tables(pay, HR) as again:
        assert again in (first, at_the_same_time)
    publish(pay, "people.pay", PEOPLE[:1])
    with open_tables(pay, HR) as newer:
        assert newer is not again
        assert newer.load("people.pay").rows == 1
    pay.readers.close()


def test_tables_something_went_wrong_with_are_not_kept(pay: Warehouse) -> None:
    with pytest.raises(ZeroDivisionError), open_tables(pay, HR) as broken:
        raise ZeroDivisionError
    with open_tables(pay, HR) as fresh:
        assert fresh is not broken


def test_a_rule_that_is_no_condition_is_found_before_anybody_asks(
    sqlite_db: Database, tmp_path: Path
) -> None:
    text = PAY.replace("region = 'South'", "region = (SELECT 'South')")
    write_workspace(tmp_path, GROUPS, {"products/pay.yaml": text})
    with pytest.raises(WorkspaceInvalid, match=r"people\.pay: access\.rows\.where: .*SELECT"):
        check_policies(open_shop(sqlite_db, tmp_path).catalog)
    write_workspace(tmp_path, GROUPS, {"products/pay.yaml": PAY.replace("people.pay", "temp.pay")})
    with pytest.raises(WorkspaceInvalid, match="DuckDB keeps temp for itself"):
        check_policies(open_shop(sqlite_db, tmp_path).catalog)
