"""The shapes of a slide in the order a person reads them, and which of them nobody sees."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pptx.oxml.ns import qn
from pptx.slide import Slide

_TITLES = {"title", "ctrTitle"}
# What the layout repeats on every slide.
_REPEATED = {"dt", "ftr", "sldNum", "hdr"}
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_GROUP = qn("p:grpSp")
_SHAPES = {qn("p:sp"), qn("p:graphicFrame"), qn("p:cxnSp"), qn("p:pic")}
# Shapes whose tops differ by less stand in one row and are read from the left.
_ROW_SHARE = 0.04


@dataclass(frozen=True, slots=True)
class Shape:
    """`is_body`: a placeholder whose paragraphs are points of a list."""

    element: Any
    is_title: bool
    is_body: bool
    is_hidden: bool


def place_shapes(slide: Slide, width: int, height: int) -> Iterator[Shape]:
    """The title first, then from top to bottom and left to right; a group stands where its frame does."""
    inherited = {
        shape.placeholder_format.idx: (shape.left, shape.top)
        for shape in slide.slide_layout.shapes
        if shape.is_placeholder
    }
    titles: list[Shape] = []
    placed: list[tuple[int, int, int, list[Shape]]] = []
    for order, element in enumerate(_children(slide.shapes._spTree)):
        left, top, right, bottom = _frame(element, inherited)
        is_outside = bool(width and height) and (left >= width or top >= height or right < 0 or bottom < 0)
        shapes = list(_flatten(element, is_hidden=is_outside))
        titles.extend(shape for shape in shapes if shape.is_title)
        row = int(top / (height * _ROW_SHARE)) if height else 0
        placed.append((row, left, order, [shape for shape in shapes if not shape.is_title]))
    yield from titles
    for *_, shapes in sorted(placed, key=lambda item: item[:3]):
        yield from shapes


def _children(tree: Any) -> Iterator[Any]:
    """Of a shape that comes in two versions the first, which is the fuller one."""
    for child in tree:
        if child.tag == f"{_MC}AlternateContent":
            choice = next((part for part in child if len(part)), None)
            if choice is not None:
                yield from _children(choice)
        elif child.tag == _GROUP or child.tag in _SHAPES:
            yield child


def _flatten(element: Any, *, is_hidden: bool) -> Iterator[Shape]:
    properties = next(element.iter(qn("p:cNvPr")), None)
    hides = is_hidden or (properties is not None and properties.get("hidden") in {"1", "true"})
    if element.tag == _GROUP:
        for child in _children(element):
            yield from _flatten(child, is_hidden=hides)
        return
    placeholder = element.find(f"./*/{qn('p:nvPr')}/{qn('p:ph')}")
    kind = None if placeholder is None else placeholder.get("type", "obj")
    if kind in _REPEATED:
        return
    yield Shape(element, is_title=kind in _TITLES, is_body=kind in {"obj", "body"}, is_hidden=hides)


def _frame(element: Any, inherited: dict[int, tuple[Any, Any]]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom; a placeholder without a place of its own takes that of its layout."""
    for kind in ("a:xfrm", "p:xfrm"):
        frame = next(element.iter(qn(kind)), None)
        offset = None if frame is None else frame.find(qn("a:off"))
        if frame is None or offset is None:
            continue
        extent = frame.find(qn("a:ext"))
        left, top = _length(offset, "x"), _length(offset, "y")
        size = (0, 0) if extent is None else (_length(extent, "cx"), _length(extent, "cy"))
        return left, top, left + size[0], top + size[1]
    placeholder = next(element.iter(qn("p:ph")), None)
    index = "" if placeholder is None else placeholder.get("idx", "0")
    left, top = inherited.get(int(index), (0, 0)) if index.isdecimal() else (0, 0)
    return left or 0, top or 0, left or 0, top or 0


def _length(element: Any, name: str) -> int:
    value = element.get(name, "0")
    return int(value) if value.lstrip("-").isdecimal() else 0
