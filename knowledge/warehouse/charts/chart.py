"""Which picture a governed result makes.

Who asks names columns and a form, never a spec: there is nothing in a choice that could be run or fetched.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from knowledge.warehouse.charts.plot import ChartKind, make_plot
from knowledge.warehouse.charts.points import Layout, collect_points
from knowledge.warehouse.charts.spec import build_spec, describe_plot
from knowledge.warehouse.charts.time_axis import collect_lines
from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.result import NumberResult
from knowledge.warehouse.statistics.columns import (
    find_before,
    find_dimension,
    find_figure,
    find_time,
    is_time,
    refuse_blocked,
)

_LEAST_POINTS = 2


def _flatten(text: str) -> str:
    """One line of signs that can be seen."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _check_title(text: str) -> str:
    title = _flatten(text)
    if not title:
        raise ValueError("the title is empty")
    return title


ChartTitle = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_check_title)]
ColumnWanted = Annotated[str, Field(min_length=1, max_length=200)]


class ChartChoice(BaseModel):
    """Columns by name or label. A line's `x` is a time; `series` draws one line, or one bar, for each of its
    values; grouped bars without one set each group beside its period before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ChartKind
    x: ColumnWanted
    y: ColumnWanted
    series: ColumnWanted | None = None
    title: ChartTitle


@dataclass(frozen=True, slots=True)
class Chart:
    """`spec` is Vega-Lite as JSON has it; `alt` says in a sentence what is to be seen; `notes` what the
    picture leaves out, which stands in it too."""

    kind: ChartKind
    title: str
    spec: dict[str, Any]
    alt: str
    notes: tuple[str, ...] = ()


def chart_for(result: NumberResult, title: str, kind: ChartKind | None = None) -> Chart | None:
    """The form that suits the result, or the one asked for; None where a picture shows no more than the
    number does. Raises QueryRefused if the form asked for does not fit."""
    if kind is not None:
        return _draw(result, _lay_out(result, kind), kind, title)
    try:
        suited, layout = choose_layout(result)
        return _draw(result, layout, suited, title)
    except QueryRefused:
        # Nobody asked for it: a result that makes no picture is shown without one.
        return None


def chart_from_choice(result: NumberResult, choice: ChartChoice) -> Chart:
    """Raises QueryRefused, in a sentence that says what does not fit."""
    refuse_blocked(result)
    y = find_figure(result, choice.y)
    x = find_time(result, choice.x) if choice.kind == "line" else find_dimension(result, choice.x)
    series = find_dimension(result, choice.series) if choice.series is not None else None
    if series == x:
        raise QueryRefused("x and series are the same column; name two different ones.")
    if choice.kind == "bars" and series is not None:
        raise QueryRefused("Bars have no series; choose grouped bars.")
    before = find_before(result, y) if choice.kind == "grouped bars" and series is None else None
    layout = Layout((x,), y, () if series is None else (series,), before)
    return _draw(result, layout, choice.kind, choice.title)


def choose_layout(result: NumberResult, kind: ChartKind | None = None) -> tuple[ChartKind, Layout]:
    """The form that suits a result, or the one asked for, and its columns. Raises QueryRefused if it does not
    fit."""
    suited = kind or _choose(result)
    return suited, _lay_out(result, suited)


def _choose(result: NumberResult) -> ChartKind:
    times = [at for at in _dimensions(result) if is_time(result, at)]
    if len(times) == 1 and len({row[times[0]] for row in result.rows}) >= _LEAST_POINTS:
        return "line"
    return "grouped bars" if any(column.role == "before" for column in result.columns) else "bars"


def _lay_out(result: NumberResult, kind: ChartKind) -> Layout:
    """With the first metric, over all dimensions."""
    refuse_blocked(result)
    y = find_figure(result, None)
    dimensions = _dimensions(result)
    compared = any(column.role == "before" for column in result.columns)
    if kind == "line":
        time = find_time(result, None)
        others = tuple(at for at in dimensions if at != time)
        return Layout((time,), y, others, find_before(result, y) if compared and not others else None)
    if not dimensions:
        raise QueryRefused("The result has no groups to draw bars of.")
    if kind == "bars" or compared:
        return Layout(tuple(dimensions), y, (), find_before(result, y) if kind != "bars" else None)
    if len(dimensions) < 2:
        raise QueryRefused("Grouped bars need two dimensions, or a comparison with the period before.")
    return Layout(tuple(dimensions[:-1]), y, (dimensions[-1],), None)


def _dimensions(result: NumberResult) -> list[int]:
    """Where nothing is declared, as in the result of free SQL: all that is no number."""
    declared = [at for at, column in enumerate(result.columns) if column.role == "dimension"]
    if declared or any(column.role == "metric" for column in result.columns):
        return declared
    values = [[row[at] for row in result.rows if row[at] is not None] for at in range(len(result.columns))]
    return [
        at for at, found in enumerate(values) if (found and isinstance(found[0], str)) or is_time(result, at)
    ]


def _draw(result: NumberResult, layout: Layout, kind: ChartKind, title: str) -> Chart:
    points = collect_lines(result, layout) if kind == "line" else collect_points(result, layout)
    if len({point.x for point in points.points if point.value is not None}) < _LEAST_POINTS:
        raise QueryRefused("A picture needs two values or more.")
    title = _flatten(title) or result.columns[layout.y].label
    plot = make_plot(kind, title, result, layout, points)
    return Chart(kind, plot.title, build_spec(plot), describe_plot(plot), points.notes)
