"""Charts of the workbook: Excel's own, drawn of the cells beside them."""

from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from crews.reports.chart_labels import axis_of, describe_chart, series_colours
from crews.reports.office_numbers import office_format
from crews.reports.tables import Chart
from crews.reports.text import cut_line
from crews.reports.theme import PALE, SERIES
from knowledge.warehouse.charts.plot import GRID

_TYPES: dict[str, dict[str, str]] = {
    "bar": {"type": "bar"},
    "line": {"type": "line"},
    "column stacked": {"type": "column", "subtype": "stacked"},
    "share": {"type": "doughnut"},
}
_SIZE = {"width": 720, "height": 360}
_LONGEST_ALT = 250
_MOST_NAMED = 14


def add_chart(book: Workbook, sheet: Worksheet, chart: Chart, name: str, first: int, last: int) -> None:
    """`first` and `last` are the rows of its data."""
    native = book.add_chart(_TYPES[chart.form])
    for place, shade in enumerate(series_colours(chart), start=1):
        native.add_series(
            {
                "name": [name, first - 1, place],
                "categories": [name, first, 0, last, 0],
                "values": [name, first, place, last, place],
                **_look(chart, shade),
            }
        )
    axis, title_font = axis_of(chart), {"size": 10, "bold": False, "color": PALE}
    if chart.form != "share":
        values = {
            "name": axis.title,
            "name_font": title_font,
            "num_format": office_format(chart.measure, axis.factor, whole=True),
            "major_gridlines": {"visible": True, "line": {"color": GRID}},
        }
        places: dict[str, Any] = {
            "name": chart.category_label,
            "name_font": title_font,
            "label_position": "low",
        }
        if chart.form != "bar":
            places["interval_unit"] = -(-len(chart.categories) // _MOST_NAMED)
        if chart.form == "bar":
            # The first at the top, which takes the values along with it, but for this.
            places["reverse"] = True
            values["label_position"] = "high"
        upright = chart.form == "bar"
        native.set_x_axis(values if upright else places)
        native.set_y_axis(places if upright else values)
    has_legend = len(chart.series) > 1 or chart.form == "share"
    native.set_legend(
        {"position": "right" if chart.form == "share" else "top"} if has_legend else {"none": True}
    )
    native.set_title({"none": True})
    native.set_size(_SIZE)
    alt = {"description": cut_line(describe_chart(chart), _LONGEST_ALT)}
    sheet.insert_chart(first - 1, len(chart.series) + 3, native, alt)


def _look(chart: Chart, shade: str) -> dict[str, Any]:
    if chart.form == "line":
        return {"line": {"color": shade, "width": 2.25}}
    if chart.form == "share":
        return {"points": [{"fill": {"color": SERIES[at]}} for at in range(len(chart.categories))]}
    return {"fill": {"color": shade}, "gap": 45, "invert_if_negative": False}
