"""Horizontal bars: one for each group, or some beside each other, with their values written at their ends."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from knowledge.warehouse.charts.number_axis import bar_domain
from knowledge.warehouse.charts.plot import COLOURS, FAINT, GRID, Plot, View, colour_scale, legend
from knowledge.warehouse.charts.points import Point
from knowledge.warehouse.statistics.periods import call_period

_WIDTH_PX = 470
_BAR_PX, _GROUP_GAP_PX = 22, 10
_LABEL_GAP_PX = 4


def draw_bars(plot: Plot) -> View:
    rows = [_row(plot, point) for point in plot.points.points]
    labels = [plot.axis.label(value) for value in plot.values]
    low, high = bar_domain(plot.values, labels, _WIDTH_PX)
    groups = list(dict.fromkeys(row["x"] for row in rows))
    series = plot.points.series
    height = len(groups) * (_BAR_PX * max(1, len(series)) + (_GROUP_GAP_PX if series else 0))
    value = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [plot.axis.place(low), plot.axis.place(high)], "nice": False},
        "axis": {
            "title": plot.axis.title,
            "format": plot.axis.form,
            "tickCount": 6,
            "gridColor": GRID,
            "labelFlush": False,
        },
    }
    place: dict[str, Any] = {"x": value, "y": _groups(plot, groups)}
    if series:
        place["yOffset"] = {"field": "series", "sort": list(series), "scale": {"paddingInner": 0.08}}
    layers = [
        {"data": {"values": rows}, "mark": {"type": "bar"}, "encoding": {**place, "color": _colour(plot)}}
    ]
    layers += _labels(rows, place)
    return View({"width": _WIDTH_PX, "height": height, "layer": layers})


def _row(plot: Plot, point: Point) -> dict[str, Any]:
    row: dict[str, Any] = {"x": _name(plot, point.x), "value": plot.axis.place(point.value)}
    row["label"] = "-" if point.value is None else plot.axis.label(point.value)
    if point.series is not None:
        row["series"] = point.series
    return row


def _name(plot: Plot, x: str | date) -> str:
    if isinstance(x, str):
        return x
    return call_period(x, plot.points.grain) if plot.points.grain else x.isoformat()


def _groups(plot: Plot, groups: Sequence[str]) -> dict[str, Any]:
    return {
        "field": "x",
        "type": "nominal",
        "sort": list(groups),
        "scale": {"paddingInner": 0.2, "paddingOuter": 0.1},
        "axis": {
            "title": plot.x_label,
            "labelLimit": 280,
            "maxExtent": 330,
            "labelPadding": 6,
            "ticks": False,
            "domain": False,
        },
    }


def _colour(plot: Plot) -> dict[str, Any]:
    if plot.points.series:
        return {
            "field": "series",
            "type": "nominal",
            "scale": colour_scale(plot.points),
            "legend": legend(plot),
        }
    if plot.points.others is None:
        return {"value": COLOURS[0]}
    names = [str(point.x) for point in plot.points.points]
    colours = [FAINT if name == plot.points.others else COLOURS[0] for name in names]
    return {"field": "x", "type": "nominal", "scale": {"domain": names, "range": colours}, "legend": None}


def _labels(rows: Sequence[dict[str, Any]], place: dict[str, Any]) -> list[dict[str, Any]]:
    """Beyond the end of each bar, which for a negative value is its left one; where there is no value, at
    zero."""
    right = [row if row["value"] is not None else {**row, "value": 0} for row in rows]
    sides = (
        ("left", _LABEL_GAP_PX, [row for row in right if row["value"] >= 0]),
        ("right", -_LABEL_GAP_PX, [row for row in right if row["value"] < 0]),
    )
    return [
        {
            "data": {"values": side},
            "mark": {"type": "text", "align": align, "dx": shift, "baseline": "middle", "fontSize": 11},
            "encoding": {**place, "text": {"field": "label", "type": "nominal"}},
        }
        for align, shift, side in sides
        if side
    ]
