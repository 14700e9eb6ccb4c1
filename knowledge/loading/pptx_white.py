"""White text on white slides: nobody reads it, except a machine.

Only where nothing on the slide, its layout or its master can lie beneath the text: no background but a white
one, no picture, no filled shape. Text in tables and diagrams counts as seen, since their styles fill them.
"""

import re
from collections.abc import Iterator
from typing import Any

from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml.ns import qn
from pptx.slide import Slide

from knowledge.loading.hidden import note_hidden
from knowledge.loading.white import is_near_white

_FILLS = (qn("a:gradFill"), qn("a:blipFill"), qn("a:pattFill"), qn("a:grpFill"))
_PLAIN_BACKGROUND = "1001"
_LIGHT = re.compile(rb'<a:lt1>\s*<a:(?:sysClr\b[^>]*\blastClr|srgbClr\b[^>]*\bval)="([0-9A-Fa-f]{6})"')


def take_white_text(slide: Slide) -> None:
    """Takes it out of the slide, and notes it as hidden text."""
    white = [run for run in slide._element.iter(qn("a:r"), qn("a:fld")) if _is_white_run(run)]
    if not white or any(_may_be_dark(each) for each in _layers(slide)) or not _is_light(slide):
        return
    for run in white:
        note_hidden("".join(text.text or "" for text in run.iter(qn("a:t"))))
        run.getparent().remove(run)


def _layers(slide: Slide) -> Iterator[Any]:
    layout = slide.slide_layout
    return iter((slide._element, layout._element, layout.slide_master._element))


def _is_white_run(run: Any) -> bool:
    body = next(run.iterancestors(qn("p:txBody")), None)
    properties = run.find(qn("a:rPr"))
    if body is None or (properties is not None and properties.find(qn("a:highlight")) is not None):
        return False
    fill = None if properties is None else properties.find(qn("a:solidFill"))
    if fill is None:
        fill = next((each for each in body.findall(f"{qn('a:lstStyle')}//{qn('a:solidFill')}")), None)
    return fill is not None and _is_white(fill)


def _is_white(fill: Any) -> bool:
    """Of a fill by one colour, without a tint of it."""
    color = next(iter(fill), None)
    if color is None or len(color):
        return False
    value = str(color.get("val", ""))
    return value in {"bg1", "lt1"} if color.tag == qn("a:schemeClr") else is_near_white(value)


def _may_be_dark(layer: Any) -> bool:
    if next(layer.iter(qn("p:pic")), None) is not None:
        return True
    background = next(layer.iter(qn("p:bg")), None)
    if background is not None and not _is_white_background(background):
        return True
    return any(map(_is_filled, layer.iter(qn("p:sp"), qn("p:cxnSp"))))


def _is_white_background(background: Any) -> bool:
    reference = background.find(qn("p:bgRef"))
    if reference is not None:
        return reference.get("idx") == _PLAIN_BACKGROUND and _is_white(reference)
    fill = background.find(f"{qn('p:bgPr')}/{qn('a:solidFill')}")
    return fill is not None and _is_white(fill)


def _is_filled(shape: Any) -> bool:
    properties = shape.find(qn("p:spPr"))
    for fill in () if properties is None else properties:
        if fill.tag == qn("a:noFill"):
            return False
        if fill.tag == qn("a:solidFill"):
            return not _is_white(fill)
        if fill.tag in _FILLS:
            return True
    by_style = shape.find(f"{qn('p:style')}/{qn('a:fillRef')}")
    return by_style is not None and by_style.get("idx") != "0"


def _is_light(slide: Slide) -> bool:
    """Whether what the theme calls its light colour is white, and the background is that."""
    master = slide.slide_layout.slide_master
    mapping = next(master._element.iter(qn("p:clrMap")), None)
    overridden = any(layer.find(f".//{qn('a:overrideClrMapping')}") is not None for layer in _layers(slide))
    light = _LIGHT.search(master.part.part_related_by(RELATIONSHIP_TYPE.THEME).blob)
    is_mapped = mapping is not None and mapping.get("bg1") == "lt1" and not overridden
    return is_mapped and light is not None and is_near_white(light[1].decode())
