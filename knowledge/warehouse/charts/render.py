"""A chart as a picture. Nothing is fetched: no address at all is allowed to the renderer."""

import json
from functools import cache
from typing import Any, Literal

import vl_convert

from knowledge.warehouse.charts.chart import Chart
from knowledge.warehouse.charts.spec import VEGA_LITE
from ledger.errors import InvalidInput

_LEAST_SCALE, _MOST_SCALE = 0.5, 4.0


def render_chart(chart: Chart, fmt: Literal["png", "svg"] = "png", scale: float = 2.0) -> bytes:
    """Equal bytes for equal charts. `scale` is pixels for each unit of the spec, 0.5 to 4, and of no meaning
    to SVG. Raises InvalidInput."""
    if not _LEAST_SCALE <= scale <= _MOST_SCALE:
        raise InvalidInput(f"A chart is drawn at a scale of {_LEAST_SCALE} to {_MOST_SCALE}, not {scale}.")
    return render_spec(chart.spec, fmt, scale)


def render_spec(
    spec: dict[str, Any], fmt: Literal["png", "svg"], scale: float = 2.0, fonts: tuple[str, ...] = ()
) -> bytes:
    """A Vega-Lite description of our own making; `fonts` are folders it may take its fonts from."""
    for folder in fonts:
        _register(folder)
    text = json.dumps(spec, allow_nan=False)
    if fmt == "svg":
        svg: str = vl_convert.vegalite_to_svg(text, vl_version=VEGA_LITE, allowed_base_urls=[])
        return svg.encode()
    png: bytes = vl_convert.vegalite_to_png(text, vl_version=VEGA_LITE, scale=scale, allowed_base_urls=[])
    return png


@cache
def _register(folder: str) -> None:
    vl_convert.register_font_directory(folder)
