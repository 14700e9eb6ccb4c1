"""Names and values beside the marks of a chart, alike in pictures and in native charts."""

from collections.abc import Sequence
from decimal import Decimal

from crews.reports.numbers import ABSENT, MINUS, show
from crews.reports.tables import Chart
from crews.reports.text import cut_line
from crews.reports.theme import BACK, SERIES
from knowledge.warehouse.charts.number_axis import NumberAxis, fit_axis

_LONGEST_LABEL, _LONGEST_NAME = 34, 26
_NO_CENTS_FROM = 1_000
_FEW = 20
_FORMS = {"bar": "Bar", "line": "Line", "column stacked": "Stacked column", "share": "Share"}


def describe_chart(chart: Chart) -> str:
    """What is to be seen, for those who cannot see it."""
    values = values_of(chart)
    said = (
        f"{_FORMS[chart.form]} chart: {chart.measure.label} by {chart.category_label}, "
        f"{len(chart.categories):,} categories"
    )
    if not values:
        return f"{said}, no value."
    low, high = (label_value(end(values), chart, None) for end in (min, max))
    unit = f" {chart.measure.unit}" if chart.measure.unit else ""
    return f"{said}, from {low} to {high}{unit}."


def axis_of(chart: Chart) -> NumberAxis:
    return fit_axis(values_of(chart), chart.measure)


def values_of(chart: Chart) -> list[Decimal]:
    return [value for series in chart.series for value in series.values if value is not None]


def label_value(value: Decimal | None, chart: Chart, axis: NumberAxis | None) -> str:
    """In the axis's unit, and without cents where they are lost in the size."""
    if value is None:
        return ABSENT
    if axis and axis.factor > 1:
        return f"{value / axis.factor:,.{decimals_in(chart, axis.factor)}f}".replace("-", MINUS)
    if chart.measure.format != "percent" and abs(value) >= _NO_CENTS_FROM:
        return f"{value:,.0f}".replace("-", MINUS)
    return show(value, chart.measure)


def decimals_in(chart: Chart, factor: Decimal) -> int:
    """Two where the largest value is but a few of what the axis counts in: 1.22 and 1.21 are not the same."""
    largest = max(map(abs, values_of(chart)), default=Decimal())
    return 2 if largest < _FEW * factor else 1


def category_names(chart: Chart) -> list[str]:
    return _cut_apart(chart.categories, _LONGEST_LABEL)


def series_names(chart: Chart) -> list[str]:
    return _cut_apart([series.name for series in chart.series], _LONGEST_NAME)


def series_colours(chart: Chart) -> list[str]:
    strong = iter(SERIES)
    return [BACK if series.name == chart.faint else next(strong) for series in chart.series]


def part_shares(chart: Chart) -> list[Decimal]:
    """Of a share's parts: 0.25 is a quarter."""
    whole = sum(values_of(chart), Decimal())
    return [(value or Decimal()) / whole for value in chart.series[0].values]


def share_note(chart: Chart) -> tuple[str, ...]:
    """All shares, below the picture: beside a thin slice there is no room for its own."""
    if chart.form != "share":
        return ()
    shares = zip(chart.categories, part_shares(chart), strict=True)
    return ("; ".join(f"{name} {call_share(share)}" for name, share in shares) + ".",)


def call_share(share: Decimal) -> str:
    return f"{share * 100:.1f} %"


def _cut_apart(names: Sequence[str], most: int) -> list[str]:
    """Cut, and still told apart."""
    cut: list[str] = []
    for name in names:
        short, number = cut_line(name, most), 2
        while short in cut:
            short, number = f"{cut_line(name, most - 4)} ({number})", number + 1
        cut.append(short)
    return cut
