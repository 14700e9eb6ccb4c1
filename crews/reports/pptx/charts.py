"""Charts of the slides: PowerPoint's own, which a person can change, with the exact values behind them."""

from typing import Any

from pptx.chart.chart import Chart as NativeChart
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION
from pptx.oxml.ns import qn
from pptx.slide import Slide
from pptx.util import Pt

from crews.reports.chart_labels import (
    axis_of,
    category_names,
    decimals_in,
    describe_chart,
    series_colours,
    series_names,
)
from crews.reports.office_numbers import office_format
from crews.reports.pptx.slides import FONT, Box, colour
from crews.reports.tables import Chart
from crews.reports.theme import INK, PALE, SERIES
from knowledge.warehouse.charts.plot import GRID

_TYPES = {
    "bar": XL_CHART_TYPE.BAR_CLUSTERED,
    "line": XL_CHART_TYPE.LINE,
    "column stacked": XL_CHART_TYPE.COLUMN_STACKED,
    "share": XL_CHART_TYPE.DOUGHNUT,
}
_MOST_LABELLED, _MANY_PLACES, _MOST_NAMED = 24, 16, 14


def add_chart(slide: Slide, box: Box, chart: Chart) -> None:
    data: Any = CategoryChartData(number_format=office_format(chart.measure))
    data.categories = category_names(chart)
    for name, series in zip(series_names(chart), chart.series, strict=True):
        data.add_series(name, [None if value is None else float(value) for value in series.values])
    shapes: Any = slide.shapes
    frame = shapes.add_chart(
        _TYPES[chart.form], *(Pt(side) for side in (box.left, box.top, box.width, box.height)), data
    )
    frame._element.nvGraphicFramePr.cNvPr.set("descr", describe_chart(chart))
    native = frame.chart
    native.font.name, native.font.size = FONT, Pt(12)
    native.font.color.rgb = colour(INK)
    native.has_title = False
    native.has_legend = len(chart.series) > 1 or chart.form == "share"
    if native.has_legend:
        native.legend.include_in_layout = False
        side = XL_LEGEND_POSITION.RIGHT if chart.form == "share" else XL_LEGEND_POSITION.TOP
        native.legend.position = side
    if chart.form == "share":
        _paint_parts(native, chart)
    else:
        _paint_series(native, chart)
        _name_axes(native, chart)


def _paint_parts(native: NativeChart, chart: Chart) -> None:
    native.legend.font.size = Pt(14)
    for at in range(len(chart.categories)):
        point = native.plots[0].series[0].points[at]
        point.format.fill.solid()
        point.format.fill.fore_color.rgb = colour(SERIES[at])
    plot: Any = native.plots[0]
    plot.has_data_labels = True
    labels = plot.data_labels
    labels.show_percentage, labels.show_value = True, False
    labels.number_format, labels.number_format_is_linked = "0.0%", False
    labels.font.size, labels.font.bold = Pt(13), True
    labels.font.color.rgb = colour("#FFFFFF")


def _paint_series(native: NativeChart, chart: Chart) -> None:
    plot = native.plots[0]
    for series, shade in zip(plot.series, series_colours(chart), strict=True):
        if chart.form == "line":
            series.format.line.color.rgb = colour(shade)
            series.format.line.width = Pt(2.25)
            series.smooth = False
            continue
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = colour(shade)
        series.invert_if_negative = False
    if chart.form == "column stacked":
        plot.gap_width, plot.overlap = 45, 100
    if chart.form == "bar":
        plot.gap_width = 40 if len(chart.series) == 1 else 60
        if len(chart.series) > 1:
            plot.overlap = 0
        if len(chart.categories) * len(chart.series) <= _MOST_LABELLED:
            _label_bars(plot, chart)


def _label_bars(plot: Any, chart: Chart) -> None:
    plot.has_data_labels = True
    labels = plot.data_labels
    factor = axis_of(chart).factor
    decimals = decimals_in(chart, factor)
    labels.number_format = office_format(chart.measure, factor, scaled_decimals=decimals)
    labels.number_format_is_linked = False
    labels.position = XL_LABEL_POSITION.OUTSIDE_END
    labels.font.size = Pt(11)


def _name_axes(native: NativeChart, chart: Chart) -> None:
    values, places = native.value_axis, native.category_axis
    axis = axis_of(chart)
    for named, title in ((values, axis.title), (places, chart.category_label)):
        if chart.form == "bar" and named is places:
            # What the bars are is told by their names.
            continue
        named.has_title = True
        frame = named.axis_title.text_frame
        frame.text = title
        font = frame.paragraphs[0].runs[0].font
        font.size, font.bold, font.name = Pt(11), False, FONT
        font.color.rgb = colour(PALE)
    values.tick_labels.number_format = office_format(chart.measure, axis.factor, whole=True)
    values.tick_labels.number_format_is_linked = False
    values.major_gridlines.format.line.color.rgb = colour(GRID)
    values.format.line.fill.background()
    places.format.line.color.rgb = colour(PALE)
    places.has_major_gridlines = False
    # Below a negative value its name would be hidden by the column.
    places.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    places.tick_labels.font.size = Pt(
        9 if chart.form == "bar" and len(chart.categories) > _MANY_PLACES else 12
    )
    every = -(-len(chart.categories) // _MOST_NAMED)
    if every > 1 and chart.form != "bar":
        places._element.insert_element_before(
            places._element.makeelement(qn("c:tickLblSkip"), {"val": str(every)}),
            "c:tickMarkSkip",
            "c:noMultiLvlLbl",
            "c:extLst",
        )
    if chart.form == "bar":
        # The first at the top, as it is read.
        places.reverse_order = True
        values.tick_label_position = XL_TICK_LABEL_POSITION.HIGH
