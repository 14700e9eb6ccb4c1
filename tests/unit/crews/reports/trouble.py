"""A report of all that makes trouble: hostile, long, foreign and missing texts, and data of every size."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from crews.reports.document import (
    Bullets,
    Callout,
    Paragraph,
    Quote,
    Report,
    Section,
    Sentence,
    Tile,
    Tiles,
    Tone,
)
from crews.reports.sources import QuerySource, QuoteSource
from crews.reports.tables import Chart, Series, Table
from knowledge.warehouse.result import ResultColumn, Value
from tests.unit.crews.reports.larkspur import AS_OF, MADE_AT, MARGIN, REVENUE, compared

TYPST = '#panic("out") #read("/etc/passwd") $x$ *bold* `raw` @key <label> \\ #{1+1}'
HTML = "<script>alert(1)</script> <img src=x onerror=y> &amp; ![pic](http://evil.example/p.png)"
FORMULAS = ('=HYPERLINK("http://evil.example","x")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1")
CONTROLS = "bell\x07 null\x00 turned\u202eback"
ARABIC, HEBREW, CJK, EMOJI = "إيرادات الربع الثالث", "הכנסות הרבעון", "第三四半期の売上高", "📈🧥"
LONG_WORD = "Wintersportbekleidungsgrosshandel" * 9
LONG_LABEL = "average_revenue_per_active_customer_after_returns_and_refunds"
TEXT = ResultColumn("name", "Name", "string", "dimension")
MANY_ROWS = 2_000


def many_rows() -> Table:
    day = ResultColumn("day", "Day", "date", "dimension")
    rows: list[tuple[Value, ...]] = [
        (date(2020 + at // 360, 1 + at // 30 % 12, 1 + at % 28), f"Store {at}", Decimal(at) - 700)
        for at in range(MANY_ROWS)
    ]
    return Table(title="Many rows", columns=(day, TEXT, REVENUE), rows=tuple(rows), cites=("E1",), total=True)


def many_columns() -> Table:
    columns = [replace(REVENUE, name=f"c{at}", label=f"{LONG_LABEL} {at}", decimals=2) for at in range(14)]
    row: list[Value] = [Decimal("-123456789.55"), None, Decimal(0), *[Decimal(at) for at in range(11)]]
    return Table(title="Many columns", columns=(TEXT, *columns), rows=((LONG_WORD, *row),), cites=("E1",))


def odd_cells() -> Table:
    texts = [*FORMULAS, TYPST, HTML, CONTROLS, ARABIC, HEBREW, CJK, EMOJI, LONG_WORD, "", "a | b\nc"]
    rows = [(text, None if at % 3 else Decimal("-0.0004")) for at, text in enumerate(texts)]
    return Table(title=f"Odd cells {HTML}", columns=(TEXT, MARGIN), rows=tuple(rows), cites=("E2",))


def one_row() -> Table:
    columns = (TEXT, *compared(REVENUE, "2025"))
    return Table(title="One row", columns=columns, rows=(("x", Decimal(5), None, None, None),), total=True)


def charts() -> tuple[Chart, ...]:
    names = (LONG_WORD, ARABIC, HEBREW, CJK, EMOJI, TYPST, f"{LONG_WORD}2")
    values = tuple(None if at == 2 else Decimal(at * 1_000_000 - 2_000_000) for at in range(len(names)))
    days = tuple(f"{at + 1} of a long run" for at in range(400))
    return (
        Chart(
            form="bar",
            title=f"Names {HTML}",
            categories=names,
            category_label="Name",
            series=(Series(name="Revenue", values=values),),
            measure=REVENUE,
            cites=("E1",),
        ),
        Chart(
            form="line",
            title="A long line with gaps",
            categories=days,
            category_label="Day",
            series=tuple(
                Series(
                    name=f"{LONG_WORD} {which}",
                    values=tuple(None if at % 90 == 3 else Decimal(at % 37 * which) for at in range(400)),
                )
                for which in range(1, 8)
            ),
            measure=replace(MARGIN, label="Rate"),
        ),
        Chart(
            form="column stacked",
            title="Nothing but gaps",
            categories=("one", "two"),
            category_label="Name",
            series=(Series(name="None", values=(None, None)), Series(name="Zero", values=(Decimal(0), None))),
            measure=REVENUE,
        ),
        Chart(
            form="share",
            title="Parts",
            categories=names,
            category_label="Name",
            series=(Series(name="Parts", values=tuple(Decimal(at) for at in range(len(names)))),),
            measure=REVENUE,
        ),
    )


def trouble() -> Report:
    long_text = " ".join(f"Sentence {at} of a text that does not end." for at in range(420))
    said = Sentence(text=f"{TYPST} {HTML}", cites=("E1", "E2"))
    tile = Tile(label=LONG_LABEL * 3, value=Decimal("-123456789012.5"), column=REVENUE, cites=("E1",))
    blocks = (
        Tiles(
            tiles=(
                tile,
                Tile(label=ARABIC, value=None, column=MARGIN),
                Tile(label="Text", value=LONG_WORD, column=TEXT, compared_with="x"),
                Tile(
                    label="Rate",
                    value=Decimal("0.0312"),
                    column=MARGIN,
                    change=Decimal("-0.004"),
                    change_column=compared(MARGIN, "x")[2],
                    compared_with=LONG_LABEL * 2,
                    good="up",
                ),
            )
        ),
        Paragraph(sentences=(said, Sentence(text=f"{ARABIC} {HEBREW} {CJK} {EMOJI} {CONTROLS}"))),
        Paragraph(sentences=(Sentence(text=long_text[:19_000], cites=("E1",)),)),
        Bullets(items=tuple(Sentence(text=f"{text} {LONG_WORD}") for text in FORMULAS)),
        Callout(tone=Tone.WARNING, title=LONG_WORD, sentences=(said,) * 12, notes=(HTML, "1. not a list")),
        Quote(text=f"# {HTML}\n- {TYPST}\n\n> {LONG_WORD}", cites=("E2",)),
    )
    return Report(
        title=f"{TYPST} {HTML} {LONG_WORD}"[:480],
        subtitle=f"{ARABIC} {LONG_WORD}",
        prepared_for=LONG_WORD,
        author=HTML,
        as_of=None,
        run_id=LONG_WORD[:60],
        generated_at=MADE_AT,
        sections=(
            Section(heading=f"{HTML} {LONG_WORD}", blocks=blocks),
            Section(heading="Nothing here", level=2),
            Section(
                heading="Data",
                level=3,
                blocks=(many_rows(), many_columns(), odd_cells(), one_row(), empty(), *charts()),
            ),
        ),
        sources=(
            QuerySource(
                id="E1",
                title=TYPST,
                products=("sales.lines",),
                sql=f"SELECT '{HTML}' -- ``` {TYPST}\n" + "SELECT 1\n" * 900 + LONG_WORD * 20,
                as_of=AS_OF,
            ),
            QuoteSource(
                id="E2", title=HTML, locator=LONG_WORD, owner=ARABIC, updated="2020-01-01", text=TYPST
            ),
        ),
    )


def empty() -> Table:
    return Table(title="No row", columns=(TEXT, REVENUE), rows=(), cites=("E1",))
