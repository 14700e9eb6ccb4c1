"""Raw texts become values of their column's type, or their row is kept back."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.warehouse.loading.conform import conform
from knowledge.warehouse.loading.workbench import open_workbench
from knowledge.warehouse.spec import DataProduct

# Ibis 11 calls DuckDB 2 by names it has given up.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_:DeprecationWarning")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


def _conform(
    scratch: Path, values: list[Any], raw_type: str = "VARCHAR", **column: Any
) -> tuple[list[Any], dict[str, int], int]:
    """What became of one column's values: those that are served, the counts, and how many rows were held."""
    product = DataProduct.model_validate(
        {
            "name": "shop.values",
            "owner": "o",
            "steward": "s",
            "description": "d",
            "origin": "o",
            "location": {"format": "csv", "path": "x.csv"},
            "version": 1,
            "columns": [{"name": "v", "description": "d", **column}],
        }
    )
    with open_workbench(scratch / "work", scratch, [], {}) as bench:
        bench.run(f"CREATE TABLE raw (v {raw_type})")
        bench.duckdb.executemany("INSERT INTO raw VALUES (?)", [[value] for value in values])
        conformed = conform(bench, product, {"v": raw_type})
        rows = [row[0] for row in bench.rows("SELECT v FROM product_rows")]
    return rows, conformed.counts.get("v", {}), conformed.held


def test_whole_numbers(scratch: Path) -> None:
    texts = [
        "1,234",
        " 7 ",
        "-3",
        "+4",
        "12.00",
        "1 234",
        "1'234'567",
        "12.5",
        "1,23",
        "x",
        "99999999999999999999",
    ]
    rows, counts, held = _conform(scratch, texts, type="integer")
    assert rows == [1234, 7, -3, 4, 12, 1234, 1234567]
    assert counts == {"quarantined": 4, "thousands_removed": 3}
    assert held == 4


@pytest.mark.parametrize(
    ("texts", "read"),
    [
        (["1,234.50", "1,234", "7", ".5"], ["1234.50", "1234", "7", "0.5"]),
        (["1.234,50", "1.234", "7", "12,5"], ["1234.50", "1234", "7", "12.5"]),
        (["0.125", "1.234", "1,234"], ["0.125", "1.234", "1234"]),
        (["1,234,567", "1,234"], ["1234567", "1234"]),
        (["1 234,50", "1,234"], ["1234.50", "1.234"]),
        (["1'234.50"], ["1234.50"]),
        # Nothing tells what the comma is, so the number with one is kept back.
        (["1,234", "7"], [None, "7"]),
        (["1.234", "7"], ["1.234", "7"]),
        # Both signs are used: only what can be read in one way is.
        (["12.50", "12,50", "1,234", "1.234", "8"], ["12.50", "12.50", None, None, "8"]),
        (["12.50 EUR", "1.2.3", "--1", "1,2,3", "1000000000000000"], []),
    ],
)
def test_decimals_are_read_only_where_their_sign_is_plain(
    scratch: Path, texts: list[str], read: list[str | None]
) -> None:
    rows, counts, held = _conform(scratch, texts, type="decimal")
    assert rows == [Decimal(text) for text in read if text is not None]
    assert held == counts.get("quarantined", 0) == len(texts) - len(rows)


@settings(max_examples=10, deadline=None)
@given(amounts=st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1, max_size=20))
def test_amounts_survive_to_the_cent_in_either_notation(scratch: Path, amounts: list[Decimal]) -> None:
    plain = [f"{amount:,.2f}" for amount in amounts]
    continental = [text.translate(str.maketrans(",.", ".,")) for text in plain]
    for texts in (plain, continental, [f"{amount}" for amount in amounts]):
        rows, _, held = _conform(scratch, texts, type="decimal")
        assert (rows, held) == (amounts, 0)


def test_yes_and_no(scratch: Path) -> None:
    rows, _, held = _conform(
        scratch, ["Yes", "no", "TRUE", "false", "1", "0", "y", "N", "maybe"], type="boolean"
    )
    assert rows == [True, False, True, False, True, False, True, False]
    assert held == 1


def test_dates_by_the_columns_formats_in_order_then_iso(scratch: Path) -> None:
    texts = [
        "03/04/2026",
        "25/12/2026",
        "12-25-2026",
        "2026-03-04",
        "2026-03-04T10:00:00Z",
        "03/04/26",
        "4.3.2026",
    ]
    rows, counts, held = _conform(scratch, texts, type="date", conform={"dates": ["%d/%m/%Y", "%m-%d-%Y"]})
    assert [row.isoformat() for row in rows] == [
        "2026-04-03",
        "2026-12-25",
        "2026-12-25",
        "2026-03-04",
        "2026-03-04",
    ]
    assert counts == {
        "dates_by_format:%d/%m/%Y": 2,
        "dates_by_format:%m-%d-%Y": 1,
        "dates_by_format:iso": 2,
        "quarantined": 2,
    }
    assert held == 2


@given(days=st.lists(st.dates(), min_size=1))
@settings(max_examples=10, deadline=None)
def test_any_iso_date_is_itself(scratch: Path, days: list[Any]) -> None:
    assert _conform(scratch, [day.isoformat() for day in days], type="date")[0] == days


def test_moments_with_a_zone_are_told_in_utc(scratch: Path) -> None:
    texts = ["2026-03-04T10:00:00+02:00", "2026-03-04 10:00", "2026-03-04", "04.03.2026 10:00 +0200", "25:00"]
    rows, _, held = _conform(scratch, texts, type="timestamp", conform={"dates": ["%d.%m.%Y %H:%M %z"]})
    assert [f"{row:%d %H}" for row in rows] == ["04 08", "04 10", "04 00", "04 08"]
    assert held == 1


def test_categories_get_one_spelling(scratch: Path) -> None:
    rows, counts, _ = _conform(
        scratch,
        ["de", " Germany ", "GERMANY", "FR", "x"],
        type="string",
        conform={"values": {"DE": "Germany", "fr": "France"}},
    )
    assert rows == ["Germany", "Germany", "Germany", "France", "x"]
    assert counts == {"mapped": 3}


def test_missing_values_are_filled_left_out_or_held(scratch: Path) -> None:
    texts = ["5", "", "n/a", " ", "bad"]
    rule = {"missing": ["n/a"], "fill": 0, "on_bad": "null"}
    assert _conform(scratch, texts, type="integer", conform=rule) == (
        [5, 0, 0, 0, None],
        {"missing": 3, "filled": 3, "left_out": 1},
        0,
    )
    assert _conform(scratch, texts, type="integer", conform={"missing": ["n/a"]}) == (
        [5, None, None, None],
        {"missing": 3, "quarantined": 1},
        1,
    )
    rows, counts, held = _conform(scratch, texts, type="integer", required=True, conform={"on_bad": "null"})
    assert (rows, held) == ([5], 4)
    assert counts["quarantined"] == 4


@pytest.mark.parametrize(
    ("raw_type", "values", "kind", "read"),
    [
        ("DOUBLE", [1.0, 2.5, float("nan")], "integer", [1, None]),
        ("DOUBLE", [0.1, float("nan")], "decimal", [Decimal("0.1"), None]),
        ("DECIMAL(38,4)", [Decimal("1.25")], "decimal", [Decimal("1.25")]),
        ("INTEGER", [1, 0, 2], "boolean", [True, False]),
        ("TIMESTAMP", ["2026-01-31 10:00:00"], "string", ["2026-01-31 10:00:00"]),
        ("BIGINT", [7], "string", ["7"]),
    ],
)
def test_values_that_are_no_text_keep_their_meaning(
    scratch: Path, raw_type: str, values: list[Any], kind: str, read: list[Any]
) -> None:
    assert _conform(scratch, values, raw_type, type=kind)[0] == read


@given(texts=st.lists(st.text(max_size=12) | st.text("0123456789.,-+ e:/TZ", max_size=12), min_size=1))
@settings(max_examples=10, deadline=None)
def test_whatever_text_comes_it_is_read_or_held(scratch: Path, texts: list[str]) -> None:
    for kind in ("integer", "decimal", "float", "date", "timestamp", "boolean"):
        rows, _, held = _conform(scratch, [text.replace("\0", "") for text in texts], type=kind)
        assert len(rows) + held == len(texts)
