"""The child: what it can reach, what it may cost, and that its parent goes on whatever becomes of it.

The statements here are handed to it past the guard, as if somebody had found a way around that.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from knowledge.search.access import AccessScope
from knowledge.warehouse.errors import NotLoaded, QueryRefused, QueryTooLarge
from knowledge.warehouse.result import Quality, QualityFinding, Verdict
from knowledge.warehouse.sql.child_process import Answer, SqlUnavailable, run_in_child
from knowledge.warehouse.sql.limits import SqlLimits
from knowledge.warehouse.sql.run import run_sql
from knowledge.warehouse.warehouse import Warehouse
from ledger.db import Database
from tests.conftest import START
from tests.stand_ins.warehouse import open_shop, write_workspace
from tests.unit.knowledge.warehouse.sql.shop import NORTH, FilePolicy, all_well, file_policy

LIMITS = replace(SqlLimits(), wall_s=2.0, memory_bytes=256 * 1024**2)
TABLES = {"a.b": "SELECT i AS id, 'x' AS s FROM range(1000) t(i)"}


def run(sql: str, limits: SqlLimits = LIMITS, rows: int = 100) -> Answer:
    return run_in_child(TABLES, sql, rows, limits)


class TestReach:
    @pytest.mark.parametrize(
        "statement",
        [
            "SELECT * FROM read_text('/etc/passwd')",
            "SELECT * FROM '/etc/passwd'",
            "SELECT * FROM glob('/etc/*')",
            "SELECT * FROM read_csv('/proc/self/environ')",
            "COPY (SELECT 1) TO '/tmp/crewdesk-sql-escape.csv'",
            "ATTACH '/tmp/crewdesk-sql-escape.db' AS x",
            "INSTALL httpfs",
            "LOAD httpfs",
            "SET enable_external_access = true",
            "SET memory_limit = '100GB'",
            "SET lock_configuration = false",
            "PRAGMA enable_external_access",
            "EXPORT DATABASE '/tmp/crewdesk-sql-escape'",
        ],
    )
    def test_no_file_no_extension_and_no_setting(self, statement: str) -> None:
        with pytest.raises(QueryRefused) as error:
            run(statement)
        assert "root:" not in str(error.value)
        assert not list(Path("/tmp").glob("crewdesk-sql-escape*"))

    def test_nothing_of_the_parents_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CREWDESK_TEST_SECRET", "SECRET")
        seen = "getenv('CREWDESK_TEST_SECRET')"
        with pytest.raises(QueryRefused):
            run(f"SELECT {seen}")

    def test_no_table_but_those_it_was_given(self) -> None:
        found = run("SELECT table_name FROM information_schema.tables")
        assert found.rows == (("a.b",),)

    def test_no_word_of_a_policy_that_cannot_be_applied(self) -> None:
        with pytest.raises(SqlUnavailable) as error:
            run_in_child({"a.b": "SELECT 'SECRET' FROM '/nowhere/SECRET.parquet'"}, "SELECT 1", 1, LIMITS)
        assert "SECRET" not in str(error.value)

    def test_no_value_in_what_it_says_of_an_error(self) -> None:
        with pytest.raises(QueryRefused) as error:
            run("SELECT CAST('SEC' || 'RET' || s AS INT) FROM main.\"a.b\"")
        assert "SECRET" not in str(error.value)


class TestLimits:
    def test_time(self) -> None:
        with pytest.raises(QueryTooLarge, match="stopped after 1 second"):
            run("SELECT count(*) FROM range(1000000000) a, range(1000) b", replace(LIMITS, wall_s=1.0))

    @pytest.mark.parametrize(
        "statement",
        ["SELECT length(repeat('x', 2000000000))", "SELECT list(i) FROM range(100000000) t(i)"],
    )
    def test_memory(self, statement: str) -> None:
        with pytest.raises(QueryTooLarge, match="256 MB of memory"):
            run(statement)

    def test_rows(self) -> None:
        answer = run('SELECT id FROM main."a.b"', rows=10)
        assert (len(answer.rows), answer.truncated) == (10, True)
        assert run('SELECT id FROM main."a.b" LIMIT 10', rows=10).truncated is False

    def test_bytes(self) -> None:
        answer = run("SELECT repeat('x', 1000) FROM main.\"a.b\"", replace(LIMITS, answer_bytes=10_000))
        assert (len(answer.rows), answer.truncated) == (9, True)
        with pytest.raises(QueryTooLarge, match="One row is larger"):
            run("SELECT repeat('x', 20000)", replace(LIMITS, answer_bytes=10_000))

    def test_afterwards_it_works_as_before(self) -> None:
        assert run("SELECT 1.50").rows == ((Decimal("1.50"),),)


class TestQuality:
    def test_a_blocked_product_gives_no_rows_and_is_not_even_read(self, shop: Warehouse) -> None:
        finding = QualityFinding(
            "commerce.orders", "data@shop.example", "freshness", Verdict.BLOCK, "It is old."
        )
        quality = Quality(Verdict.BLOCK, (finding,))
        result = run_sql(
            shop,
            NORTH,
            "SELECT net FROM commerce.orders",
            START,
            judge=lambda *_: quality,
            policed=unreadable_policy,
        )
        assert (result.rows, result.columns, result.row_count) == ((), (), 0)
        assert result.quality == quality
        with pytest.raises(SqlUnavailable):
            run_sql(
                shop,
                NORTH,
                "SELECT net FROM commerce.orders",
                START,
                judge=all_well,
                policed=unreadable_policy,
            )

    def test_the_products_that_are_read_are_judged(self, shop: Warehouse) -> None:
        judged: list[tuple[str, ...]] = []

        def judge(_: Warehouse, products: Sequence[str], now: object) -> Quality:
            assert now == START
            judged.append(tuple(products))
            return Quality(Verdict.WARN)

        statement = "SELECT count(*) FROM commerce.orders WHERE customer_id IN (SELECT id FROM crm.customers)"
        result = run_sql(shop, NORTH, statement, START, judge=judge, policed=file_policy)  # type: ignore[arg-type]
        assert judged == [("commerce.orders", "crm.customers")]
        assert (result.quality.verdict, len(result.rows)) == (Verdict.WARN, 1)

    def test_what_was_never_loaded_says_so(self, sqlite_db: Database, tmp_path: Path) -> None:
        product = """\
            name: web.visits
            owner: o@shop.example
            steward: s@shop.example
            description: Visits
            origin: Web
            location: {format: csv, path: v.csv}
            version: 1
            columns:
              - {name: id, type: integer, description: Number}
            """
        write_workspace(tmp_path, ("everyone",), {"products/visits.yaml": product})
        with pytest.raises(NotLoaded):
            run_sql(
                open_shop(sqlite_db, tmp_path),
                NORTH,
                "SELECT id FROM web.visits",
                START,
                judge=all_well,
                policed=file_policy,
            )


class _Unreadable(FilePolicy):
    def select_sql(self, name: str, columns: Sequence[str]) -> str:
        return "SELECT * FROM '/nowhere.parquet'"


@contextmanager
def unreadable_policy(warehouse: Warehouse, scope: AccessScope) -> Iterator[FilePolicy]:
    yield _Unreadable(warehouse, scope)
