"""What a report may hold, and that it comes through JSON as it was."""

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from crews.reports.document import Paragraph, Report, Section, Sentence, Tile
from crews.reports.numbers import show, show_short, show_with_unit
from crews.reports.sources import QuoteSource
from crews.reports.tables import Chart, Series, Table
from knowledge.warehouse.result import ResultColumn, Value
from tests.unit.crews.reports.larkspur import (
    CHANNEL,
    MADE_AT,
    MARGIN,
    MONTH,
    REVENUE,
    board_pack,
    compared,
)
from tests.unit.crews.reports.trouble import trouble

QUOTE = QuoteSource(id="E1", title="Outlook", text="It grows.")
BEFORE, CHANGE, GROWTH = compared(REVENUE, "Q3 2025")[1:]


def report(cites: tuple[str, ...], *sources: QuoteSource) -> Report:
    paragraph = Paragraph(sentences=(Sentence(text="It grows.", cites=cites),))
    return Report(
        title="Market",
        prepared_for="The board",
        author="Report writer",
        run_id="r1",
        generated_at=MADE_AT,
        sections=(Section(heading="Outlook", blocks=(paragraph,)),),
        sources=sources,
    )


def test_a_citation_has_to_be_in_the_appendix() -> None:
    assert report(("E1",), QUOTE).numbers() == {"E1": 1}
    with pytest.raises(ValidationError, match=r"a paragraph in 'Outlook' cites E2, which is not in the app"):
        report(("E1", "E2"), QUOTE)
    with pytest.raises(ValidationError, match="two sources with the id E1"):
        report(("E1",), QUOTE, QUOTE)


@pytest.mark.parametrize("made", [board_pack, trouble])
def test_a_report_comes_back_from_json_as_it_was(made: object) -> None:
    original = made()  # type: ignore[operator]
    again = Report.model_validate_json(original.model_dump_json())
    assert again == original
    first = next(iter(again.tables()[0].rows))
    assert [type(value) for value in first] == [type(value) for value in original.tables()[0].rows[0]]


def test_what_no_format_can_hold_is_taken_out() -> None:
    text = "bell\x07 lone\ud800 turned\u202e none\ufffe\r\nnext"
    assert Sentence(text=text).text == "bell  lone  turned none \nnext"
    assert Section(heading="a\nb\tc").heading == "a b c"
    with pytest.raises(ValidationError, match="it is empty"):
        Section(heading=" \x00 ")


def test_a_row_has_a_value_for_each_column() -> None:
    with pytest.raises(ValidationError, match="row 2 has 1 values for 2 columns"):
        Table(title="t", columns=(CHANNEL, REVENUE), rows=(("a", Decimal(1)), ("b",)))


def test_totals_are_of_what_may_be_summed() -> None:
    rows = (
        ("a", Decimal("1.10"), Decimal(1), Decimal("0.10"), Decimal("0.1"), Decimal("0.5")),
        ("b", Decimal("2.20"), Decimal(1), Decimal("1.20"), Decimal("1.2"), Decimal("0.4")),
    )
    table = Table(
        title="t", columns=(CHANNEL, REVENUE, BEFORE, CHANGE, GROWTH, MARGIN), rows=rows, total=True
    )
    assert table.totals() == (None, Decimal("3.30"), 2, Decimal("1.30"), Decimal("0.65"), None)
    assert Table(title="t", columns=(REVENUE,), rows=((None,),), total=True).totals() == (None,)
    assert Table(title="t", columns=(REVENUE,), rows=((Decimal(1),),)).totals() is None


@pytest.mark.parametrize(
    ("form", "categories", "values", "complaint"),
    [
        ("bar", ("a", "b"), ((1,),), "series s0 has 1 values for 2 categories"),
        ("bar", ("a", "a"), ((1, 2),), "two categories have one name"),
        ("bar", tuple(map(str, range(41))), ((1,) * 41,), "a bar chart of 41 categories; 40 can be read"),
        ("share", ("a", "b"), ((1, -2),), "zero or more"),
        ("share", ("a", "b"), ((0, 0),), "not all zero"),
        ("share", ("a", "b"), ((1, 2), (1, 2)), "a share chart has one series"),
    ],
)
def test_a_chart_that_cannot_be_drawn_is_refused(
    form: str, categories: tuple[str, ...], values: tuple[tuple[int, ...], ...], complaint: str
) -> None:
    series = tuple(Series(name=f"s{at}", values=row) for at, row in enumerate(values))
    with pytest.raises(ValidationError, match=complaint):
        Chart(
            form=form,  # type: ignore[arg-type]
            title="t",
            categories=categories,
            category_label="c",
            series=series,
            measure=REVENUE,
        )


@pytest.mark.parametrize(
    ("value", "column", "shown"),
    [
        (Decimal("1234567.5"), REVENUE, "1,234,568 EUR"),
        (Decimal("-1234"), REVENUE, "−1,234 EUR"),
        (None, REVENUE, "–"),
        (Decimal("0.4612"), MARGIN, "46.1 %"),
        (Decimal("-0.0003"), MARGIN, "0.0 %"),
        (Decimal("0.007"), compared(MARGIN, "x")[2], "+0.7 pp"),
        (Decimal("-0.041"), GROWTH, "−4.1 %"),
        (Decimal("12"), CHANGE, "+12 EUR"),
        (date(2026, 9, 1), MONTH, "September 2026"),
        ("-5 degrees", CHANNEL, "-5 degrees"),
    ],
)
def test_numbers_are_shown_alike(value: Value, column: ResultColumn, shown: str) -> None:
    assert show_with_unit(value, column) == shown


def test_a_tile_shows_a_number_in_short() -> None:
    assert show_short(Decimal("51812400"), REVENUE) == "51.8 million"
    assert show_short(Decimal("-2300000000"), REVENUE) == "−2.3 billion"
    assert show_short(Decimal("1999.6"), ResultColumn("x", "X", "decimal", "metric", decimals=2)) == "2,000"
    assert show(Decimal("1999.6"), ResultColumn("x", "X", "decimal", "metric", decimals=2)) == "1,999.60"


def test_a_tile_knows_whether_its_change_is_welcome() -> None:
    def welcome(change: str, good: str | None) -> bool | None:
        tile = Tile(
            label="Returns",
            value=Decimal(1),
            column=MARGIN,
            change=Decimal(change),
            change_column=GROWTH,
            good=good,  # type: ignore[arg-type]
        )
        return tile.is_welcome

    assert (welcome("1", "down"), welcome("-1", "down")) == (False, True)
    assert (welcome("1", None), welcome("0", "up")) == (None, None)
    with pytest.raises(ValidationError, match="a change needs `change` and `change_column`"):
        Tile(label="Returns", value=1, column=MARGIN, change=Decimal(1))
