"""Renders a report as PDF.

Typst brings its own compiler and gets a folder in memory: it reads no file, no font of the machine and no
clock.
"""

import json
from collections.abc import Callable
from datetime import UTC
from importlib.resources import files

import typst

from crews.reports.chart_picture import draw_chart
from crews.reports.document import Report
from crews.reports.fonts import FAMILIES, font_folders
from crews.reports.pdf.content import chart_file, page_data

_TEMPLATE = "report.typ"


def render_pdf(report: Report) -> bytes:
    """Equal bytes for equal reports."""
    moment = report.generated_at.astimezone(UTC)
    made = [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second]
    data = {**page_data(report), "fonts": list(FAMILIES), "made": made}
    folder = {
        "main.typ": files("crews.reports.pdf").joinpath(_TEMPLATE).read_bytes(),
        "report.json": json.dumps(data, ensure_ascii=False).encode(),
    }
    for number, chart in enumerate(report.charts(), start=1):
        folder[chart_file(number)] = draw_chart(chart, "svg")
    compile_pages: Callable[..., bytes] = typst.compile
    return compile_pages(
        folder,
        font_paths=list(font_folders()),
        ignore_system_fonts=True,
        timestamp=int(moment.timestamp()),
        package_path="/nonexistent",
        package_cache_path="/nonexistent",
    )
