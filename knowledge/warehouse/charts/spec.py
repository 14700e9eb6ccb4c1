"""The Vega-Lite spec of a chart.

It is built of constants and of data; texts of others stand in it only as values and titles, which Vega-Lite
writes as they are. It has no address besides the name of its own schema, no expression and no parameter.
"""

import textwrap
from collections.abc import Sequence
from typing import Any

from knowledge.warehouse.charts.bars import draw_bars
from knowledge.warehouse.charts.line import draw_lines
from knowledge.warehouse.charts.plot import FONT, GRID, INK, PALE, Plot
from knowledge.warehouse.result import NumberResult, Verdict
from knowledge.warehouse.wording import show_with_unit

VEGA_LITE = "6.4"
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_WRAP_TITLE, _WRAP_NOTE, _MOST_NOTE_LINES = 72, 110, 6


def build_spec(plot: Plot) -> dict[str, Any]:
    """As JSON has it; equal for equal plots."""
    view = draw_lines(plot) if plot.kind == "line" else draw_bars(plot)
    return {
        "$schema": SCHEMA,
        "title": _title(plot, view.notes),
        **view.parts,
        "config": _config(),
    }


def describe_plot(plot: Plot) -> str:
    """What is to be seen, for those who cannot see it and for a message without the picture."""
    form = {"line": "Line chart", "bars": "Bar chart", "grouped bars": "Grouped bar chart"}[plot.kind]
    places = len({point.x for point in plot.points.points})
    column = plot.result.columns[plot.layout.y]
    low, high = (show_with_unit(end(plot.values), column) for end in (min, max))
    return f"{form}: {column.label} by {plot.x_label}, {places:,} values on its axis, from {low} to {high}."


def tell_state(result: NumberResult) -> str:
    """As-of and quality, in one line."""
    as_of = f"As of {result.as_of:%Y-%m-%d %H:%M %Z}".rstrip() if result.as_of else "As of an unknown time"
    worst = [found for found in result.quality.findings if found.verdict is result.quality.verdict]
    if result.quality.verdict is Verdict.PASS:
        return f"{as_of} · Quality: pass"
    return f"{as_of} · Quality: {result.quality.verdict}" + (f" - {worst[0].sentence}" if worst else "")


def _title(plot: Plot, notes: Sequence[str]) -> dict[str, Any]:
    told = [tell_state(plot.result), " ".join((*plot.points.notes, *notes))]
    lines = [line for text in told for line in textwrap.wrap(text, _WRAP_NOTE)]
    return {
        "text": textwrap.wrap(plot.title, _WRAP_TITLE),
        "subtitle": lines[:_MOST_NOTE_LINES],
        "anchor": "start",
        "frame": "bounds",
        "fontSize": 16,
        "fontWeight": "bold",
        "color": INK,
        "subtitleColor": PALE,
        "subtitleFontSize": 11,
        "subtitlePadding": 5,
        "offset": 14,
    }


def _config() -> dict[str, Any]:
    return {
        "background": "#FFFFFF",
        "font": FONT,
        "padding": 16,
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
        },
        "legend": {"labelColor": INK, "labelFontSize": 11, "titleColor": PALE, "titleFontWeight": "normal"},
        "text": {"color": INK},
    }
