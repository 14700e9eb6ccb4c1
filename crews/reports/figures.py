"""Governed results as parts of a report: tables, charts and key figures, each citing its query."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

from crews.reports.document import Tile
from crews.reports.tables import Chart, ChartForm, Series, Table, may_total
from knowledge.warehouse.charts.chart import choose_layout
from knowledge.warehouse.charts.plot import ChartKind
from knowledge.warehouse.charts.points import Points, collect_points
from knowledge.warehouse.charts.time_axis import collect_lines
from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.metric_spec import Grain
from knowledge.warehouse.result import NumberResult, ResultColumn, Value
from knowledge.warehouse.statistics.columns import number_of
from knowledge.warehouse.statistics.periods import call_period

_BLANK = "(blank)"
_MOST_COLUMNS, _LEAST_SHARE_PARTS = 40, 2
_KINDS: dict[ChartForm, ChartKind | None] = {"line": "line", "share": "bars"}

Good = Mapping[str, Literal["up", "down"]]


def table_of(result: NumberResult, title: str, source_id: str) -> Table:
    """With a total where all rows are here and something may be summed."""
    is_whole = not result.truncated and not result.too_small
    return Table(
        title=title,
        columns=result.columns,
        rows=result.rows,
        cites=(source_id,),
        total=is_whole and len(result.rows) > 1 and may_total(result.columns),
        source_rows=result.row_count if result.row_count > len(result.rows) else None,
    )


def tiles_of(result: NumberResult, source_id: str, good: Good | None = None) -> list[Tile]:
    """A key figure for each metric of a result of one row; `good` says by the metric's column which way is
    welcome. None at all for a result of groups."""
    if len(result.rows) != 1 or any(column.role == "dimension" for column in result.columns):
        return []
    cells = list(zip(result.rows[0], result.columns, strict=True))
    return [
        _tile(at, cells, source_id, (good or {}).get(column.name))
        for at, (_, column) in enumerate(cells)
        if column.role in ("metric", "column")
    ]


def chart_of(result: NumberResult, title: str, source_id: str, form: ChartForm | None = None) -> Chart | None:
    """The form asked for where it fits, else the one that does; None where a picture shows no more than the
    number does."""
    try:
        kind, layout = choose_layout(result, _KINDS.get(form) if form else None)
        points = collect_lines(result, layout) if kind == "line" else collect_points(result, layout)
    except QueryRefused:
        return None
    places = list(dict.fromkeys(point.x for point in points.points))
    if len(places) < 2 or all(point.value is None for point in points.points):
        return None
    measure = result.columns[layout.y]
    return Chart(
        form=_fitting_form(form, kind, points, len(places)),
        title=title,
        categories=_apart([_call(place, points.grain) for place in places]),
        category_label=" · ".join(result.columns[at].label for at in layout.x),
        series=_series(points, places, measure),
        measure=measure,
        faint=points.before or points.others or "",
        cites=(source_id,),
        notes=points.notes,
    )


def _tile(
    at: int, cells: Sequence[tuple[Value, ResultColumn]], source_id: str, good: Literal["up", "down"] | None
) -> Tile:
    value, column = cells[at]
    wanted = "change" if column.format == "percent" else "growth"
    compared, change, change_column = "", None, None
    for its_value, its_column in cells[at + 1 :]:
        if its_column.role not in ("before", "change", "growth"):
            break
        if its_column.role == "before":
            compared = its_column.label.removeprefix(f"{column.label}, ")
        if its_column.role == wanted:
            change, change_column = number_of(its_value), its_column
    return Tile(
        label=column.label,
        value=value,
        column=column,
        change=change,
        change_column=None if change is None else change_column,
        compared_with=f"vs {compared}" if compared and change is not None else "",
        good=good,
        cites=(source_id,),
    )


def _fitting_form(form: ChartForm | None, kind: ChartKind, points: Points, places: int) -> ChartForm:
    suited: ChartForm = "line" if kind == "line" else "bar"
    values = [point.value for point in points.points]
    if form == "share" and _LEAST_SHARE_PARTS <= places <= 7 and not points.series:
        is_whole = all(value is not None and value >= 0 for value in values) and any(values)
        return "share" if is_whole else suited
    if form == "column stacked" and places <= _MOST_COLUMNS and points.before is None:
        return "column stacked"
    return suited


def _series(points: Points, places: Sequence[str | date], measure: ResultColumn) -> tuple[Series, ...]:
    values = {(point.x, point.series): point.value for point in points.points}
    names: list[str | None] = list(points.series) or [None]
    called = _apart([name or measure.label for name in names])
    return tuple(
        Series(name=shown, values=tuple(values.get((place, name)) for place in places))
        for shown, name in zip(called, names, strict=True)
    )


def _call(place: str | date, grain: Grain | None) -> str:
    if isinstance(place, str):
        return place
    if grain is Grain.MONTH:
        return f"{place:%b %Y}"
    if grain in (Grain.DAY, Grain.WEEK, None):
        return f"{place.day} {place:%b %Y}"
    return call_period(place, grain)


def _apart(names: Sequence[str]) -> tuple[str, ...]:
    """Names that can be told apart, and none of them empty."""
    told: list[str] = []
    for name in names:
        wanted = name.strip() or _BLANK
        called, number = wanted, 2
        while called in told:
            called, number = f"{wanted} ({number})", number + 1
        told.append(called)
    return tuple(told)
