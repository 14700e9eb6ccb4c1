"""What the checks say of rows, and that none of them raises or tells what it must not."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend

from knowledge.warehouse.checks import profile_rows, run_checks
from knowledge.warehouse.checks.drift import expected_by_chance, population_stability
from knowledge.warehouse.spec import Access, DataProduct
from ledger.data_products import CheckResult, LoadState, ProductLoad
from tests.stand_ins.warehouse import ARROW_TYPES

TODAY = date(2026, 3, 2)
COLUMNS = {
    "id": "integer",
    "email": "string",
    "salary": "decimal",
    "net": "decimal",
    "weight": "float",
    "status": "string",
    "day": "date",
    "at": "timestamp",
    "store": "integer",
    "ok": "boolean",
}
CLASSES = {"email": "pii", "salary": "confidential"}
Row = Mapping[str, Any]


@pytest.fixture(scope="module")
def duck() -> Iterator[Backend]:
    backend = ibis.duckdb.connect()
    yield backend
    backend.disconnect()


def product(*checks: Mapping[str, Any], name: str = "sales.orders") -> DataProduct:
    return DataProduct.model_validate(
        {
            "name": name,
            "owner": "o@shop.example",
            "steward": "s@shop.example",
            "description": "Orders.",
            "origin": "the till",
            "location": {"format": "csv", "path": "orders.csv"},
            "version": 1,
            "primary_key": ["id"],
            "columns": [
                {
                    "name": name,
                    "type": kind,
                    "description": "x",
                    "classification": CLASSES.get(name, "internal"),
                }
                for name, kind in COLUMNS.items()
            ],
            "checks": list(checks),
        }
    )


def table(duck: Backend, rows: Sequence[Row], only: Sequence[str] = tuple(COLUMNS)) -> ibis.Table:
    spec = {column.name: ARROW_TYPES[column.type] for column in product().columns if column.name in only}
    data = [{"id": number, **row} for number, row in enumerate(rows, start=1)]
    arrow = pa.Table.from_pylist([{name: row.get(name) for name in spec} for row in data], pa.schema(spec))
    return duck.create_table(ibis.util.gen_name("rows"), arrow)


def check(
    duck: Backend,
    rows: Sequence[Row],
    check: Mapping[str, Any],
    *,
    others: Mapping[str, ibis.Table] | None = None,
    history: Sequence[ProductLoad] = (),
) -> CheckResult:
    [found] = run_checks(product(check), table(duck, rows), (others or {}).get, history, TODAY)
    return found


def earlier(number: int, rows: int = 100, profile: Mapping[str, Any] | None = None) -> ProductLoad:
    return ProductLoad(
        id=f"load-{number}",
        product="sales.orders",
        state=LoadState.PUBLISHED,
        reason=None,
        schema_version=1,
        columns=(),
        loaded_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number),
        as_of=None,
        rows=rows,
        kept_back=0,
        size_bytes=1,
        file="x",
        fingerprint="x",
        profile=dict(profile or {}),
    )


def statuses(*values: str | None) -> list[Row]:
    return [{"status": value} for value in values]


NETS: list[Row] = [{"net": Decimal(text)} for text in ("0.10", "0.09", "99.99", "100.00")]


class TestColumns:
    @pytest.mark.parametrize(
        ("rows", "spec", "state", "sentence"),
        [
            (
                statuses("a", None, "b"),
                {"kind": "completeness", "column": "status"},
                "fail",
                "1 of 3 rows (33.3 %) has no value in status; all should have one.",
            ),
            (
                statuses("a", None, None, "b"),
                {"kind": "completeness", "column": "status", "at_least": 0.5},
                "pass",
                "2 of 4 rows (50 %) have no value in status; at least 50 % should have one.",
            ),
            (
                [{"weight": 1.0}, {"weight": float("nan")}],
                {"kind": "completeness", "column": "weight"},
                "fail",
                "1 of 2 rows (50 %) has no value in weight; all should have one.",
            ),
            (
                statuses("a", "b"),
                {"kind": "completeness", "column": "status"},
                "pass",
                "All 2 rows have a value in status.",
            ),
            (
                [],
                {"kind": "completeness", "column": "status"},
                "unknown",
                "There is no row, so there was nothing to check.",
            ),
            # To the cent, and both ends within.
            (
                NETS,
                {"kind": "range", "column": "net", "least": 0.1, "most": 99.99},
                "fail",
                "2 of 4 values in net (50 %) are not between 0.1 and 99.99; all should be.",
            ),
            (
                NETS[:1],
                {"kind": "range", "column": "net", "least": "0.10"},
                "pass",
                "The only value in net is at least 0.10.",
            ),
            (
                [{"day": TODAY}, {"day": TODAY + timedelta(days=1)}],
                {"kind": "range", "column": "day", "least": "2026-01-01", "most": "today"},
                "fail",
                "1 of 2 values in day (50 %) is not between 2026-01-01 and today; all should be.",
            ),
            # A day as the upper bound of a moment lasts to its end.
            (
                [{"at": datetime(2026, 3, 2, 23, 59)}, {"at": datetime(2026, 3, 3)}],  # noqa: DTZ001  stored so
                {"kind": "range", "column": "at", "most": "today", "at_least": 0.4},
                "pass",
                "1 of 2 values in at (50 %) is not at most today; at least 40 % should be.",
            ),
            (
                statuses("new", "x", None),
                {"kind": "accepted", "column": "status", "values": ["new", "paid"]},
                "fail",
                "1 of 2 values in status (50 %) is not one of new, paid; all should be.",
            ),
            (
                [{"ok": True}, {"ok": False}],
                {"kind": "accepted", "column": "ok", "values": [True]},
                "fail",
                "1 of 2 values in ok (50 %) is not true; all should be.",
            ),
            (
                statuses("ab1", "ab1\n", "xab1"),
                {"kind": "regex", "column": "status", "pattern": "[a-b]+1|c"},
                "fail",
                "2 of 3 values in status (66.7 %) are not of the expected form; all should be.",
            ),
        ],
    )
    def test_what_is_said(
        self, duck: Backend, rows: list[Row], spec: dict[str, Any], state: str, sentence: str
    ) -> None:
        found = check(duck, rows, spec)
        assert (found.state, found.sentence) == (state, sentence)

    def test_failing_rows_are_shown_by_key_and_no_more_than_five(self, duck: Backend) -> None:
        found = check(duck, statuses(*"axxxxxxx"), {"kind": "accepted", "column": "status", "values": ["a"]})
        assert found.measured == 0.125
        assert found.examples == tuple({"id": number, "status": "x"} for number in range(2, 7))

    def test_a_column_that_is_masked_for_some_is_shown_to_nobody(self, duck: Backend) -> None:
        spec = {"kind": "accepted", "column": "status", "values": ["a", "b"]}
        of = product(spec).model_copy(update={"access": Access(unmasked={"status": ("finance",)})})
        [found] = run_checks(of, table(duck, statuses("x")), lambda _: None, [], TODAY)
        assert found.examples == ({"id": 1, "status": "(masked)"},)
        assert found.sentence.startswith("1 of 1 value in status (100 %) is not among the 2 accepted values")

    def test_a_bad_check_spoils_no_other(self, duck: Backend) -> None:
        checks = [
            {"kind": "completeness", "column": "status"},
            # Python reads it, RE2 does not.
            {"kind": "regex", "column": "status", "pattern": "(?<=a)b"},
            {"kind": "range", "column": "net", "least": "much", "severity": "warn"},
            {"kind": "range", "name": "words", "column": "status", "least": 1},
            {"kind": "accepted", "column": "day", "values": ["31.12.2025"], "severity": "warn"},
        ]
        found = run_checks(product(*checks), table(duck, statuses("b")), lambda _: None, [], TODAY)
        assert [(each.state, each.sentence) for each in found] == [
            ("pass", "The only row has a value in status."),
            ("fail", "This could not be checked: its pattern is no regular expression that RE2 can read."),
            ("unknown", "This could not be checked: 'much' is no decimal, which net is."),
            ("fail", "This could not be checked: status is a string, which has no range."),
            ("unknown", "This could not be checked: '31.12.2025' is no date, which day is."),
        ]

    def test_a_column_the_rows_do_not_have(self, duck: Backend) -> None:
        checks = [
            {"kind": "completeness", "column": "status"},
            {"kind": "unique", "columns": ["day"], "severity": "warn"},
        ]
        rows = table(duck, [{}], only=["id", "net"])
        found = run_checks(product(*checks), rows, lambda _: None, [], TODAY)
        assert [each.state for each in found] == ["fail", "unknown"]
        assert found[0].sentence == "This could not be checked: The rows have no column status."
        assert profile_rows(product(), rows)["columns"].keys() == {"id", "net"}

    def test_yaml_may_write_a_bound_as_a_date(self) -> None:
        [range_check] = product({"kind": "range", "column": "day", "least": TODAY}).checks
        assert range_check.model_dump()["least"] == "2026-03-02"


class TestRows:
    def test_unique(self, duck: Backend) -> None:
        rows: list[Row] = [
            {"day": TODAY, "store": 1},
            {"day": TODAY, "store": 1},
            {"day": TODAY, "store": 2},
            {},
            {},
        ]
        found = check(duck, rows, {"kind": "unique", "columns": ["day", "store"]})
        sentence = "2 of 3 rows (66.7 %) share their day and store with another; none should."
        assert (found.state, found.sentence) == ("fail", sentence)
        assert [example["id"] for example in found.examples] == [1, 2]
        assert check(duck, rows, {"kind": "unique", "columns": ["id"]}).state == "pass"

    def test_reference(self, duck: Backend) -> None:
        stores = duck.create_table(ibis.util.gen_name("stores"), pa.table({"id": [1, 2]}))
        spec = {"kind": "reference", "column": "store", "to": "shop.stores.id"}
        rows: list[Row] = [{"store": 1}, {"store": 3}, {"store": None}, {"store": 2}]
        found = check(duck, rows, spec, others={"shop.stores": stores})
        sentence = "1 of 3 values in store (33.3 %) does not occur in shop.stores.id; all should."
        assert (found.state, found.sentence) == ("fail", sentence)
        assert found.examples == ({"id": 2, "store": 3},)
        lenient = check(duck, rows, {**spec, "at_least": 0.6}, others={"shop.stores": stores})
        assert lenient.state == "pass"

    def test_a_reference_to_its_own_rows_knows_the_new_ones(self, duck: Backend) -> None:
        spec = {"kind": "reference", "column": "store", "to": "sales.orders.id"}
        assert check(duck, [{"store": 2}, {"store": 1}], spec).state == "pass"

    @pytest.mark.parametrize(("severity", "state"), [("warn", "unknown"), ("block", "fail")])
    def test_a_reference_to_what_is_not_there(self, duck: Backend, severity: str, state: str) -> None:
        spec = {"kind": "reference", "column": "store", "to": "shop.stores.id", "severity": severity}
        found = check(duck, [{"store": 1}], spec)
        sentence = "This could not be checked: shop.stores has no published rows to look into."
        assert (found.state, found.sentence) == (state, sentence)


class TestHistory:
    @pytest.mark.parametrize(
        ("rows", "spec", "history", "state", "sentence"),
        [
            (2, {"least": 3}, [], "fail", "There are 2 rows; there should be at least 3."),
            (1, {"most": 0}, [], "fail", "There is 1 row; there should be at most 0."),
            (2, {"least": 2}, [], "pass", "There are 2 rows, as expected."),
            (
                2,
                {"z": 3},
                [100] * 4,
                "unknown",
                "There are 2 rows; it takes 5 earlier loads to compare with, and there are 4.",
            ),
            (
                2,
                {"z": 3},
                [100] * 5,
                "fail",
                "There are 2 rows, 9.8 standard deviations from the mean of 5 earlier loads; at most 3 are "
                "expected.",
            ),
            # Loads that were all alike leave room for chance.
            (
                110,
                {"z": 3},
                [100] * 5,
                "pass",
                "There are 110 rows, 1.0 standard deviations from the mean of 5 earlier loads.",
            ),
        ],
    )
    def test_row_count(
        self, duck: Backend, rows: int, spec: dict[str, int], history: list[int], state: str, sentence: str
    ) -> None:
        loads = [earlier(number, count) for number, count in enumerate(history)]
        found = check(duck, [{}] * rows, {"kind": "row_count", **spec}, history=loads)
        assert (found.state, found.sentence) == (state, sentence)

    def test_what_was_kept_back_is_no_history(self, duck: Backend) -> None:
        loads = [earlier(number) for number in range(5)]
        loads[2] = replace(loads[2], state=LoadState.KEPT_BACK)
        assert check(duck, [{}], {"kind": "row_count", "z": 3}, history=loads).state == "unknown"

    def test_a_mean_that_moved(self, duck: Backend) -> None:
        spec = {"kind": "distribution", "column": "net", "z": 3}
        usual: list[Row] = [{"net": Decimal(n % 10)} for n in range(200)]
        profile = profile_rows(product(spec), table(duck, usual))
        history = [earlier(number, 200, profile) for number in range(5)]
        assert check(duck, usual, spec, history=history).state == "pass"
        moved: list[Row] = [{"net": Decimal(n % 10 + 2)} for n in range(200)]
        found = check(duck, moved, spec, history=history)
        assert found.state == "fail"
        assert found.sentence.startswith("The mean of net is 9.8 standard deviations from the mean of 5 ")
        assert check(duck, usual, spec, history=history[:4]).state == "unknown"

    @pytest.mark.parametrize("column", ["net", "salary", "status", "email"])
    def test_shares_that_moved(self, duck: Backend, column: str) -> None:
        spec = {"kind": "distribution", "column": column, "psi": 0.2}
        values: list[Any] = [Decimal(n) for n in range(20)] if column in ("net", "salary") else list("abcde")

        def some(chosen: Sequence[Any]) -> list[Row]:
            return [{column: chosen[n % len(chosen)]} for n in range(1000)]

        baseline = profile_rows(product(spec), table(duck, some(values)))
        history = [earlier(1, 1000, json.loads(json.dumps(baseline)))]
        same = check(duck, some(values), spec, history=history)
        assert (same.state, same.measured) == ("pass", 0.0)
        found = check(duck, some(values[: len(values) // 2]), spec, history=history)
        assert found.state == "fail"
        assert f"The values of {column} are spread unlike in the load of 2026-01-02" in found.sentence
        few = check(duck, some(values)[:15], spec, history=history)
        assert few.sentence == f"There are too few rows to tell a change in {column} from chance."
        assert check(duck, some(values), spec).state == "unknown"

    def test_shares_that_move_slowly_move_all_the_same(self, duck: Backend) -> None:
        spec = {"kind": "distribution", "column": "net", "psi": 0.25}

        def shifted(by: int) -> list[Row]:
            return [{"net": Decimal(n % 100 + by)} for n in range(1000)]

        profiles = [profile_rows(product(spec), table(duck, shifted(by))) for by in range(0, 60, 5)]
        history = [earlier(n, 1000, json.loads(json.dumps(each))) for n, each in enumerate(profiles)]
        assert check(duck, shifted(60), spec, history=history[-1:]).state == "pass"
        assert check(duck, shifted(60), spec, history=history).state == "fail"

    def test_no_mean_of_words(self, duck: Backend) -> None:
        found = check(duck, statuses("a"), {"kind": "distribution", "column": "status", "z": 3})
        assert (found.state, "is no number" in found.sentence) == ("fail", True)

    def test_stability_index(self) -> None:
        # 0.3 * ln 2.5 + -0.3 * ln 0.625, by hand.
        assert population_stability([20, 80], [50, 50]) == pytest.approx(0.41589, abs=1e-5)
        assert population_stability([1, 2, 3], [10, 20, 30]) == pytest.approx(0)
        assert expected_by_chance([100, 100, 0], [50, 50, 0]) == pytest.approx(1 / 200 + 1 / 100)


class TestSql:
    def run(self, duck: Backend, find: str, severity: str = "block") -> CheckResult:
        rows: list[Row] = [
            {"email": "ann@x.example", "salary": Decimal("51234.00"), "net": Decimal("-1.00"), "store": 7},
            {"email": "bob@x.example", "salary": Decimal("61234.00"), "net": Decimal("2.00"), "store": 8},
        ]
        others = {
            "shop.stores": duck.create_table(ibis.util.gen_name("s"), pa.table({"id": [7], "t": ["x"]}))
        }
        spec = {"kind": "sql", "name": "Odd", "find": find, "severity": severity}
        return check(duck, rows, spec, others=others)

    def test_found_rows_are_wrong(self, duck: Backend) -> None:
        found = self.run(duck, "select id, net from product where net < 0")
        assert (found.state, found.sentence) == ("fail", "Odd: 1 row is wrong; there should be none.")
        assert found.examples == ({"id": 1, "net": "-1.00"},)
        assert self.run(duck, "select id from product where net > 5").state == "pass"

    @pytest.mark.parametrize(
        "find",
        [
            "select p.id from product p left join shop.stores s on s.id = p.store where s.id is null",
            "select id from sales.orders where sales.orders.store not in (select id from shop.stores)",
            "with odd as (select id, store from product) select odd.id from odd where store = 8",
            "select product.id from product anti join shop.stores on shop.stores.id = product.store",
        ],
    )
    def test_ways_to_name_tables(self, duck: Backend, find: str) -> None:
        assert self.run(duck, find).examples == ({"id": 2},)

    @pytest.mark.parametrize(
        "column",
        [
            "email as id",
            "upper(email)",
            "length(email)",
            "(select max(email) from product)",
            "struct_pack(a := email)",
            "case when salary > 60000 then 1 else 0 end",
            "product",
            "columns('em.*')",
            "#2",
            "to_json(product)",
            "list_transform([id], x -> email)",
            "sum(salary) over ()",
            "(select s.id from shop.stores as s limit 1)",
        ],
    )
    def test_what_is_made_of_guarded_columns_is_masked(self, duck: Backend, column: str) -> None:
        found = self.run(duck, f"select {column}, id as number from product")
        assert found.state == "fail"
        for example in found.examples:
            assert next(iter(example.values())) == "(masked)"

    def test_two_columns_of_one_name_are_masked(self, duck: Backend) -> None:
        found = self.run(duck, "select id as e, email as E from product")
        assert set(found.examples[0].values()) == {"(masked)"}

    @pytest.mark.parametrize(
        ("find", "part"),
        [
            ("select nope from product", "its SQL does not run"),
            ("select * from read_text('/etc/hostname')", "which is no data product"),
            ("select * from hidden_table", "which is no data product"),
            ("select * from shop.gone", "shop.gone has no published rows"),
            ("delete from product", "one SELECT"),
            ("select cast(email as int) from product", "stopped at a row it cannot work with"),
            ("select error(email) from product", "stopped at a row it cannot work with"),
            ("with product as (select 1) select * from product", "something of its own"),
        ],
    )
    def test_what_cannot_run(self, duck: Backend, find: str, part: str) -> None:
        found = self.run(duck, find)
        assert (found.state, self.run(duck, find, "warn").state) == ("fail", "unknown")
        assert found.sentence.startswith("This could not be checked: ")
        assert part in found.sentence
        assert "@x" not in found.sentence


class TestProfile:
    def test_figures(self, duck: Backend) -> None:
        rows: list[Row] = [{"net": Decimal("1.50"), "weight": float("inf"), "day": TODAY}, {"net": None}]
        columns = profile_rows(product(), table(duck, rows))["columns"]
        assert columns["net"] == {
            "missing": 1,
            "distinct": 1,
            "least": "1.50",
            "most": "1.50",
            "mean": 1.5,
        }
        assert "mean" not in columns["weight"]
        assert columns["day"]["most"] == "2026-03-02"

    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
        derandomize=True,
    )
    @given(
        st.lists(
            st.tuples(
                st.integers(10_000_000, 99_999_999), st.none() | st.decimals(10_000_000, 99_999_999, places=2)
            ),
            min_size=1,
            max_size=19,
        )
    )
    def test_no_guarded_value_is_told(self, duck: Backend, people: list[tuple[int, Decimal | None]]) -> None:
        rows: list[Row] = [{"email": f"{number}@x", "salary": pay} for number, pay in people]
        checks = [
            {"kind": "unique", "columns": ["email"]},
            {"kind": "completeness", "column": "salary"},
            {"kind": "range", "column": "salary", "most": 1},
            {"kind": "accepted", "column": "email", "values": ["a"]},
            {"kind": "regex", "column": "email", "pattern": "a"},
            {"kind": "reference", "column": "email", "to": "sales.orders.status"},
            {"kind": "distribution", "column": "email", "psi": 0.1},
            {"kind": "distribution", "column": "salary", "psi": 0.1, "z": 1},
            {"kind": "sql", "name": "All", "find": "select * from product"},
        ]
        of = product(*checks)
        profile = profile_rows(of, table(duck, rows))
        history = [earlier(number, 3, profile) for number in range(6)]
        found = run_checks(of, table(duck, rows[::-1]), lambda _: None, history, TODAY)
        told = json.dumps([(each.sentence, each.measured, each.examples) for each in found])
        told += json.dumps(profile)
        for number, pay in people:
            assert f"{number}@" not in told
            assert pay is None or str(int(pay)) not in told
