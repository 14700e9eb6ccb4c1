"""A report's chart as a picture, for the formats that have no charts of their own.

The description is built of constants and of data; texts of others are values in it, which are drawn as they
are.
"""

from decimal import Decimal
from typing import Any, Literal

from crews.reports.chart_labels import (
    axis_of,
    call_share,
    category_names,
    label_value,
    part_shares,
    series_colours,
    series_names,
    values_of,
)
from crews.reports.fonts import FAMILY, font_folders
from crews.reports.tables import Chart
from crews.reports.theme import INK, PALE, SERIES
from crews.reports.view import width_of
from knowledge.warehouse.charts.number_axis import NumberAxis, bar_domain, line_domain
from knowledge.warehouse.charts.plot import GRID
from knowledge.warehouse.charts.render import render_spec
from knowledge.warehouse.charts.spec import SCHEMA

_WIDTH_PX, _HEIGHT_PX = 560, 170
_RING_PX = 200
_LEAST_LABELLED = Decimal("0.04")
_BAR_PX, _GROUP_GAP_PX = 18, 9
_MOST_TICKS = 12
_MOST_DOTS = 30
_LETTER_PX, _LABEL_GAP_PX = 6, 8


def draw_chart(chart: Chart, fmt: Literal["png", "svg"]) -> bytes:
    """Without its title, which the page has. Equal bytes for equal charts."""
    return render_spec(chart_spec(chart), fmt, fonts=font_folders())


def chart_spec(chart: Chart) -> dict[str, Any]:
    """Vega-Lite, as JSON has it."""
    axis = axis_of(chart)
    draw = {"bar": _bars, "line": _lines, "column stacked": _columns, "share": _share}[chart.form]
    return {"$schema": SCHEMA, **draw(chart, axis), "config": _CONFIG}


def _bars(chart: Chart, axis: NumberAxis) -> dict[str, Any]:
    rows = _rows(chart, axis)
    values = values_of(chart) or [axis.factor * 0]
    low, high = bar_domain(values, [row["label"] for row in rows], _WIDTH_PX)
    several = len(chart.series) > 1
    place: dict[str, Any] = {
        "x": _measure(axis, {"domain": [axis.place(low), axis.place(high)], "nice": False}),
        "y": {
            "field": "x",
            "type": "nominal",
            "sort": category_names(chart),
            "scale": {"paddingInner": 0.25, "paddingOuter": 0.1},
            "axis": {"title": None, "labelLimit": 260, "ticks": False, "domain": False, "labelPadding": 6},
        },
    }
    if several:
        place["yOffset"] = {"field": "series", "sort": series_names(chart), "scale": {"paddingInner": 0.08}}
    group_px = _BAR_PX * len(chart.series) + (_GROUP_GAP_PX if several else 6)
    return {
        "width": _WIDTH_PX,
        "height": group_px * len(chart.categories),
        "layer": [
            {"data": {"values": rows}, "mark": "bar", "encoding": {**place, "color": _colour(chart)}},
            *_bar_labels(rows, place),
        ],
    }


def _bar_labels(rows: list[dict[str, Any]], place: dict[str, Any]) -> list[dict[str, Any]]:
    """Beyond the end of each bar, which for a negative value is its left one."""
    zero = [row if row["value"] is not None else {**row, "value": 0} for row in rows]
    sides = (
        ("left", 4, [row for row in zero if row["value"] >= 0]),
        ("right", -4, [row for row in zero if row["value"] < 0]),
    )
    return [
        {
            "data": {"values": side},
            "mark": {"type": "text", "align": align, "dx": shift, "baseline": "middle"},
            "encoding": {**place, "text": {"field": "label", "type": "nominal"}},
        }
        for align, shift, side in sides
        if side
    ]


def _columns(chart: Chart, axis: NumberAxis) -> dict[str, Any]:
    return {
        "width": _WIDTH_PX,
        "height": _HEIGHT_PX,
        "data": {"values": _rows(chart, axis)},
        "mark": {"type": "bar"},
        "encoding": {
            "x": _places(chart, {"paddingInner": 0.3, "paddingOuter": 0.15}),
            "y": _measure(axis, {"zero": True}),
            "color": _colour(chart),
            "order": {"field": "order", "type": "quantitative"},
        },
    }


def _lines(chart: Chart, axis: NumberAxis) -> dict[str, Any]:
    low, high, cut = line_domain(values_of(chart) or [axis.factor * 0])
    measure = _measure(axis, {"domain": [axis.place(low), axis.place(high)], "nice": False, "zero": False})
    if cut:
        measure["axis"]["title"] = f"{axis.title}, axis cut"
    dots = len(chart.categories) <= _MOST_DOTS
    return {
        "width": _WIDTH_PX,
        "height": _HEIGHT_PX,
        "data": {"values": _rows(chart, axis)},
        "mark": {"type": "line", "strokeWidth": 2, "point": {"size": 26} if dots else False},
        "encoding": {"x": _places(chart, {"padding": 0.3}), "y": measure, "color": _colour(chart)},
    }


def _share(chart: Chart, axis: NumberAxis) -> dict[str, Any]:
    """A ring, with the shares of its thicker slices around it."""
    names, shares = category_names(chart), part_shares(chart)
    rows = [
        {
            "part": name,
            "order": order,
            "value": axis.place(value),
            "label": call_share(share) if share >= _LEAST_LABELLED else "",
        }
        for order, (name, share, value) in enumerate(zip(names, shares, chart.series[0].values, strict=True))
    ]
    slices = {
        "theta": {"field": "value", "type": "quantitative", "stack": True},
        "order": {"field": "order", "type": "quantitative"},
    }
    colour = {
        "field": "part",
        "type": "nominal",
        "sort": names,
        "scale": {"domain": names, "range": list(SERIES[: len(names)])},
        "legend": {"orient": "right", "labelFontSize": 12, "labelLimit": 300, "offset": 30},
    }
    ring = {"type": "arc", "innerRadius": _RING_PX * 0.24, "outerRadius": _RING_PX * 0.42}
    return {
        "width": _RING_PX * 1.2,
        "height": _RING_PX,
        "data": {"values": rows},
        "layer": [
            {
                "mark": {**ring, "stroke": "#FFFFFF", "strokeWidth": 1.5},
                "encoding": {**slices, "color": colour},
            },
            {
                "mark": {"type": "text", "radius": _RING_PX * 0.54},
                "encoding": {**slices, "text": {"field": "label", "type": "nominal"}},
            },
        ],
    }


def _rows(chart: Chart, axis: NumberAxis) -> list[dict[str, Any]]:
    places = category_names(chart)
    return [
        {
            "x": place,
            "series": name,
            "order": order,
            "value": axis.place(value),
            "label": label_value(value, chart, axis),
        }
        for order, (name, series) in enumerate(zip(series_names(chart), chart.series, strict=True))
        for place, value in zip(places, series.values, strict=True)
    ]


def _measure(axis: NumberAxis, scale: dict[str, Any]) -> dict[str, Any]:
    return {
        "field": "value",
        "type": "quantitative",
        "scale": scale,
        "axis": {"title": axis.title, "format": axis.form, "tickCount": 6, "labelFlush": False},
    }


def _places(chart: Chart, scale: dict[str, Any]) -> dict[str, Any]:
    """Along the bottom: of a line as many are named as have room, of columns each, slanted where that is
    needed."""
    names = category_names(chart)
    room = _WIDTH_PX // (max(map(width_of, names)) * _LETTER_PX + _LABEL_GAP_PX)
    most = max(2, min(room, _MOST_TICKS)) if chart.form == "line" else _MOST_TICKS
    named = names[:: -(-len(names) // most)]
    slanted = len(named) > room
    return {
        "field": "x",
        "type": "ordinal",
        "sort": names,
        "scale": scale,
        "axis": {
            "title": chart.category_label,
            "values": named,
            "labelAngle": -35 if slanted else 0,
            "labelLimit": 130,
            "ticks": False,
            "labelPadding": 6,
        },
    }


def _colour(chart: Chart) -> dict[str, Any]:
    if len(chart.series) == 1:
        return {"value": series_colours(chart)[0]}
    return {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": series_names(chart), "range": series_colours(chart)},
        "legend": {"orient": "top", "columns": 4, "labelLimit": 200},
    }


_CONFIG = {
    "background": "#FFFFFF",
    "font": FAMILY,
    "padding": 2,
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "labelFontSize": 11,
        "titleColor": PALE,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "domainColor": PALE,
        "tickColor": GRID,
        "gridColor": GRID,
    },
    "legend": {"labelColor": INK, "labelFontSize": 11, "title": None, "symbolType": "square"},
    "text": {"color": INK, "fontSize": 11},
}
