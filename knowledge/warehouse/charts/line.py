"""Lines over time, one or some, told apart by colour and by dashes."""

from datetime import date
from typing import Any

from knowledge.warehouse.charts.number_axis import line_domain
from knowledge.warehouse.charts.plot import COLOURS, GRID, Plot, View, colour_scale, legend
from knowledge.warehouse.charts.time_axis import milliseconds, ticks, time_scale
from knowledge.warehouse.metric_spec import Grain

_WIDTH_PX, _HEIGHT_PX = 620, 300
_MOST_MARKED = 60
# In the order of the colours; the first is whole.
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3], [10, 4])
_BEFORE_DASH = [4, 3]


def draw_lines(plot: Plot) -> View:
    days = [day for day in dict.fromkeys(point.x for point in plot.points.points) if isinstance(day, date)]
    low, high, lifted = line_domain(plot.values)
    value = {
        "field": "value",
        "type": "quantitative",
        "scale": {
            "domain": [plot.axis.place(low), plot.axis.place(high)],
            "zero": False,
            "nice": False,
        },
        "axis": {"title": plot.axis.title, "format": plot.axis.form, "tickCount": 6, "gridColor": GRID},
    }
    mark: dict[str, Any] = {"type": "line", "strokeWidth": 2.2, "strokeCap": "round"}
    if len(days) <= _MOST_MARKED:
        mark["point"] = {"size": 26, "filled": True}
    encoding: dict[str, Any] = {"x": _time(plot, days), "y": value, "color": {"value": COLOURS[0]}}
    if plot.points.series:
        encoding["color"] = {
            "field": "series",
            "type": "nominal",
            "scale": colour_scale(plot.points),
            "legend": {**legend(plot), "symbolType": "stroke", "symbolSize": 500, "symbolStrokeWidth": 2.2},
        }
        encoding["strokeDash"] = {
            "field": "series",
            "type": "nominal",
            "scale": _dashes(plot),
            "legend": None,
        }
    parts = {
        "width": _WIDTH_PX,
        "height": _HEIGHT_PX,
        "data": {"values": _rows(plot)},
        "mark": mark,
        "encoding": encoding,
    }
    return View(parts, ("The axis does not begin at zero.",) if lifted else ())


def _rows(plot: Plot) -> list[dict[str, Any]]:
    return [
        {"x": milliseconds(point.x), "value": plot.axis.place(point.value)}
        | ({} if point.series is None else {"series": point.series})
        for point in plot.points.points
        if isinstance(point.x, date)
    ]


def _time(plot: Plot, days: list[date]) -> dict[str, Any]:
    places, form = ticks(days, plot.points.grain or Grain.DAY)
    return {
        "field": "x",
        "type": "temporal",
        "scale": time_scale(),
        "axis": {
            "title": plot.x_label,
            "values": places,
            "format": form,
            "labelOverlap": True,
            "labelFlush": False,
            "grid": False,
        },
    }


def _dashes(plot: Plot) -> dict[str, Any]:
    names = list(plot.points.series)
    dashes = [
        _BEFORE_DASH if name == plot.points.before else dash
        for name, dash in zip(names, _DASHES, strict=False)
    ]
    return {"domain": names, "range": dashes}
