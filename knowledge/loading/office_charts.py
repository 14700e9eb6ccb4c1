"""The title and the figures of a chart in PowerPoint, Word or Excel, whatever its kind, as a table."""

from typing import Any

from lxml import etree

from knowledge.loading.blocks import Block, BlockKind, make_block, make_table

_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_MOST_POINTS = 5_000


def parse_chart(xml: bytes, place: str | None = None) -> list[Block]:
    """The title as a paragraph; one line per category, one column per series."""
    root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
    blocks = [make_block(BlockKind.PARAGRAPH, chart_title(root), place=place), _figures(root, place)]
    return [block for block in blocks if block]


def chart_title(root: Any) -> str:
    title = root.find(f"{_CHART}chart/{_CHART}title")
    return "" if title is None else "".join(node.text or "" for node in title.iter(f"{_DRAWING}t"))


def _figures(root: Any, place: str | None) -> Block | None:
    series = list(root.iter(f"{_CHART}ser"))
    names = [_words(item.find(f"{_CHART}tx")) for item in series]
    columns = [_points(_first(item, "val", "yVal")) for item in series]
    categories: dict[int, str] = {}
    for item in series:
        categories = _points(_first(item, "cat", "xVal")) | categories
    indexes = sorted(set(categories).union(*columns)) if columns else []
    if not indexes or len(indexes) * len(series) > _MOST_POINTS:
        return None
    rows = [[categories.get(index, ""), *(column.get(index, "") for column in columns)] for index in indexes]
    return make_table([["", *names], *rows], place)


def _first(series: Any, *names: str) -> Any | None:
    return next((found for name in names if (found := series.find(f"{_CHART}{name}")) is not None), None)


def _words(element: Any | None) -> str:
    return "" if element is None else " ".join(node.text or "" for node in element.iter(f"{_CHART}v"))


def _points(element: Any | None) -> dict[int, str]:
    """By index; where categories have several levels, the innermost comes first."""
    points: dict[int, str] = {}
    if element is None:
        return points
    for point in element.iter(f"{_CHART}pt"):
        index, value = point.get("idx", ""), point.findtext(f"{_CHART}v")
        if index.isdecimal() and value:
            points.setdefault(int(index), _written(value))
    return points


def _written(value: str) -> str:
    """Without the noise of binary fractions."""
    try:
        return f"{float(value):.12g}" if "." in value else value
    except ValueError:
        return value
