"""What all forms of a chart share: its values with their axis, and colours that the colour-blind and a
printer can tell apart."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from knowledge.warehouse.charts.number_axis import NumberAxis, fit_axis
from knowledge.warehouse.charts.points import Layout, Points
from knowledge.warehouse.result import NumberResult

ChartKind = Literal["line", "bars", "grouped bars"]

# Okabe and Ito (2008), those with the most contrast on white first.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#4D4D4D")
FAINT = "#A7B1BA"
INK, PALE, GRID = "#222222", "#5A6470", "#E3E7EB"
# It comes with vl-convert, so that pictures look the same on a machine without fonts.
FONT = "Liberation Sans"


@dataclass(frozen=True, slots=True)
class Plot:
    """`values` are all that are drawn, in `axis`'s column."""

    kind: ChartKind
    title: str
    result: NumberResult
    layout: Layout
    points: Points
    values: tuple[Decimal, ...]
    axis: NumberAxis

    @property
    def x_label(self) -> str:
        return " · ".join(self.result.columns[at].label for at in self.layout.x)

    @property
    def series_label(self) -> str | None:
        """What the series are; `now` and `before` speak for themselves."""
        return " · ".join(self.result.columns[at].label for at in self.layout.series) or None


@dataclass(frozen=True, slots=True)
class View:
    """The part of a spec that draws, and what has to be said about how it does."""

    parts: dict[str, Any]
    notes: tuple[str, ...] = ()


def make_plot(kind: ChartKind, title: str, result: NumberResult, layout: Layout, points: Points) -> Plot:
    values = tuple(point.value for point in points.points if point.value is not None)
    return Plot(kind, title, result, layout, points, values, fit_axis(values, result.columns[layout.y]))


def colour_scale(points: Points) -> dict[str, Any]:
    """What was before, and the others, stand back."""
    strong = iter(COLOURS)
    faint = {points.before, points.others}
    colours = [FAINT if name in faint else next(strong) for name in points.series]
    return {"domain": list(points.series), "range": colours}


def legend(plot: Plot) -> dict[str, Any]:
    return {
        "title": plot.series_label,
        "orient": "top",
        "labelLimit": 200,
        "columns": 4,
        "symbolType": "square",
    }
