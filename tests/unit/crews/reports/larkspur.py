"""Material for a board pack of Larkspur Outfitters, as a report's steps would leave it: governed results as
evidence, quotes, claims."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from crews.reports.build import build_report
from crews.reports.document import Quote, Report, Sentence
from crews.reports.evidence_sources import source_of
from crews.reports.figures import chart_of, table_of, tiles_of
from crews.reports.findings import Compared, compute_change, compute_course
from crews.reports.material import Material, NarrativeClaim, ReportHead
from crews.reports.template import load_templates
from knowledge.warehouse.evidence import number_finding
from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.result import (
    MetricUse,
    NumberResult,
    Quality,
    QualityFinding,
    ResultColumn,
    Value,
    Verdict,
)
from knowledge.warehouse.statistics.periods import step_from
from ledger.evidence import Finding

AS_OF = datetime(2026, 11, 25, 5, 30, tzinfo=UTC)
MADE_AT = datetime(2026, 11, 25, 9, 15, 42, tzinfo=UTC)
REVENUE = ResultColumn("revenue", "Revenue", "decimal", "metric", "EUR", "currency", 0, "additive")
MARGIN = ResultColumn("gross_margin", "Gross margin", "decimal", "metric", None, "percent", 1)
RETURNS = ResultColumn("return_rate", "Return rate", "decimal", "metric", None, "percent", 1)
CHANNEL = ResultColumn("channel", "Channel", "string", "dimension")
REGION = ResultColumn("region", "Region", "string", "dimension")
CATEGORY = ResultColumn("category", "Category", "string", "dimension")
MONTH = ResultColumn("month", "Order date (month)", "date", "dimension", grain="month")
USES = {
    "revenue": MetricUse(
        "sales.revenue",
        3,
        "Revenue",
        "Sales after discounts and before returns, without value-added tax",
        "Financial Reporting",
    ),
    "gross_margin": MetricUse(
        "margins.gross_margin", 2, "Gross margin", "Revenue less cost of goods, as a share of it", "Finance"
    ),
    "return_rate": MetricUse(
        "returns.return_rate", 1, "Return rate", "Returned pieces as a share of sold ones", "Store Operations"
    ),
}
WARNED = Quality(
    Verdict.WARN,
    (
        QualityFinding(
            "sales.returns",
            "Store Operations",
            "rows",
            Verdict.WARN,
            "sales.returns has 12 % fewer rows than usual on 24 November 2026.",
        ),
    ),
)
_NORTH_SQL = (
    'SELECT "channel", SUM("net_amount") AS "revenue" FROM "sales.lines" WHERE "order_date" >= DATE '
    '\'2026-07-01\' AND "order_date" < DATE \'2026-10-01\' GROUP BY "channel" ORDER BY "revenue" DESC'
)


def compared(column: ResultColumn, period: str) -> tuple[ResultColumn, ...]:
    """A metric with its period before, change and growth, as a query's columns are."""
    return (
        column,
        replace(column, name=f"{column.name}_before", label=f"{column.label}, {period}", role="before"),
        replace(column, name=f"{column.name}_change", label=f"{column.label}, change", role="change"),
        ResultColumn(
            f"{column.name}_growth", f"{column.label}, growth", "decimal", "growth", None, "percent", 1
        ),
    )


def compare(now: str, before: str) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    one, other = Decimal(now), Decimal(before)
    return one, other, one - other, (one / other - 1).quantize(Decimal("0.000001"))


def result(
    columns: Sequence[ResultColumn], rows: Sequence[Sequence[Value]], quality: Quality | None = None
) -> NumberResult:
    metrics = tuple(USES[column.name] for column in columns if column.name in USES)
    return NumberResult(
        tuple(columns),
        tuple(tuple(row) for row in rows),
        _NORTH_SQL,
        ("sales.lines",) if quality is None else ("sales.returns",),
        quality or Quality(),
        AS_OF,
        metrics=metrics,
        filters=("Order date from 2026-07-01 to 2026-09-30 (Q3 2026).",),
        lineage=("sales.order_lines", "Shop database", "Till system"),
        row_count=len(rows),
    )


def headline() -> NumberResult:
    columns = (*compared(REVENUE, "Q3 2025"), *compared(MARGIN, "Q3 2025"), *compared(RETURNS, "Q3 2025"))
    row = (*compare("51812400", "49722800"), *compare("0.461", "0.454"), *compare("0.083", "0.076"))
    return result(columns, [row], WARNED)


def by_channel() -> NumberResult:
    rows = [
        ("Stores", *compare("29604100", "29412300")),
        ("Online", *compare("18903700", "17502100")),
        ("Rental and repair", *compare("3304600", "2808400")),
    ]
    return result((CHANNEL, *compared(REVENUE, "Q3 2025")), rows)


def by_region() -> NumberResult:
    rows = [
        ("South", *compare("11240300", "10902300")),
        ("Lakes", *compare("7120900", "7036500")),
        ("Coast", *compare("6080200", "6081700")),
        ("North", *compare("5162700", "5391800")),
    ]
    return result((REGION, *compared(REVENUE, "Q3 2025")), rows)


def by_month() -> NumberResult:
    season = (11.2, 11.0, 12.9, 14.1, 15.2, 16.0, 16.4, 16.9, 16.2, 17.8, 21.5, 26.3)
    rows = [
        (
            step_from(date(2023, 1, 1), at, Grain.MONTH),
            Decimal(
                str(
                    round((season[at % 12] + at * 0.03 + (at % 5) * 0.06 - (2.9 if at == 32 else 0)) * 1e6, 2)
                )
            ),
        )
        for at in range(46)
    ]
    return result((MONTH, REVENUE), rows)


def by_month_and_channel() -> NumberResult:
    parts = (("Stores", 0.57), ("Online", 0.36), ("Rental and repair", 0.07))
    rows = [
        (month, name, (value * Decimal(str(share))).quantize(Decimal("0.01")))
        for month, value in by_month().rows[-12:]
        for name, share in parts
        if isinstance(value, Decimal)
    ]
    return result((MONTH, CHANNEL, REVENUE), rows)


def passage() -> Finding:
    return Finding(
        kind="passage",
        source="market/outdoor-apparel-outlook-2026.pdf",
        locator="page 3",
        text=(
            "We expect the European market for outdoor apparel to grow by 3 to 4 percent in 2026, with "
            "rental and resale growing four times as fast."
        ),
        as_of="2026-02-10",
        details={"title": "Outdoor apparel outlook 2026", "owner": "Strategy", "updated": "2026-02-10"},
    )


def freight() -> Finding:
    return Finding(
        kind="passage",
        source="market/freight-briefing-october-2026.md",
        locator="section “Rates”",
        text="A forty-foot container from Asia cost 29 percent more in September than in March.",
        as_of="2026-10-12",
        details={
            "title": "Freight briefing October 2026",
            "owner": "Supply Chain",
            "updated": "2026-10-12",
            "stale": True,
        },
    )


def board_material() -> Material:
    results = {
        "E1": (headline(), "Revenue, gross margin and return rate in Q3 2026, against Q3 2025"),
        "E2": (by_channel(), "Revenue by channel in Q3 2026, against Q3 2025"),
        "E3": (by_region(), "Revenue of stores by region in Q3 2026, against Q3 2025"),
        "E4": (by_month(), "Revenue by month since January 2023"),
        "E5": (by_month_and_channel(), "Revenue by month and channel, last twelve months"),
    }
    sources = [source_of(label, number_finding(*pair)) for label, pair in results.items()]
    sources += [source_of("E6", passage()), source_of("E7", freight())]
    change = compute_change("revenue", [Compared(by_channel(), "channel", "E2")])
    assert change is not None
    good = {"revenue": "up", "gross_margin": "up", "return_rate": "down"}
    charts = [
        chart_of(by_month(), "Revenue rose through both years, with a weak September 2025", "E4"),
        chart_of(by_channel(), "Online and rental carried the growth", "E2"),
        chart_of(
            by_month_and_channel(),
            "Stores still bring more than half of each month’s revenue",
            "E5",
            "column stacked",
        ),
        chart_of(by_channel(), "Where revenue came from in Q3 2026", "E2", "share"),
    ]
    return Material(
        head=ReportHead(
            title="Board pack, third quarter of 2026",
            subtitle="Larkspur Outfitters · board meeting of 26 November 2026",
            prepared_for="The Board of Larkspur Outfitters",
            author="Report writer",
            run_id="0199b2c4-7a10-7c3e-9f55-2b7d1c0e4a11",
            generated_at=MADE_AT,
        ),
        tiles=tuple(tiles_of(headline(), "E1", good)),
        findings=(change, *compute_course(by_month(), "revenue by month", "E4")),
        tables=(
            table_of(by_channel(), "Revenue by channel, Q3 2026 against Q3 2025", "E2"),
            table_of(by_region(), "Revenue of stores by region, Q3 2026 against Q3 2025", "E3"),
        ),
        charts=tuple(chart for chart in charts if chart is not None),
        quotes=(
            Quote(text=passage().text, cites=("E6",)),
            Quote(text=freight().text, cites=("E7",)),
        ),
        narrative=(
            claim(
                "Revenue in the third quarter was 51.8 million EUR, 4.2 % above the same quarter of 2025.",
                "E1",
            ),
            claim("Gross margin rose by 0.7 points to 46.1 %.", "E1"),
            claim("Online and rental carried the growth; stores were almost flat.", "E2"),
            claim("Stores grew in the South and the Lakes and fell in the North.", "E3", "performance"),
            claim("The market is expected to grow by 3 to 4 percent in 2026.", "E6", "market"),
            claim("Freight from Asia became 29 percent dearer between March and September.", "E7", "outlook"),
        ),
        caveats=(Sentence(text="Figures stand for a sample of one order in twenty-five."),),
        sources=tuple(sources),
    )


def claim(text: str, source: str, section: str | None = None) -> NarrativeClaim:
    return NarrativeClaim(text=text, cites=(source,), section=section)


def board_pack() -> Report:
    return build_report(load_templates()["board_pack"], board_material())
