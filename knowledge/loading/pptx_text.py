"""The paragraphs of a PowerPoint shape, with the bullets and numbers the slide shows."""

import re
from collections.abc import Iterator
from typing import Any

from pptx.oxml.ns import qn

from knowledge.loading.blocks import Block, BlockKind, make_block
from knowledge.loading.office_math import MATH, math_text

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
# Some type their numbers.
_TYPED_MARKER = re.compile(r"(?:\d{1,3}[.)]|[-*•])\s")
_BREAKS = {qn("a:br"): "\n", qn("a:tab"): "\t"}


def shape_text(element: Any) -> str:
    """Line by line."""
    return "\n".join(text for p in element.iter(qn("a:p")) if (text := _paragraph_text(p)).strip())


def read_paragraphs(element: Any, place: str, *, is_body: bool) -> Iterator[Block]:
    paragraphs = [(p, text) for p in element.iter(qn("a:p")) if (text := _paragraph_text(p)).strip()]
    counts: dict[int, int] = {}
    for paragraph, text in paragraphs:
        properties = paragraph.find(qn("a:pPr"))
        level = _level(properties)
        marker = _marker(properties, level, counts, is_point=is_body and len(paragraphs) > 1)
        if marker:
            item = text.strip() if _TYPED_MARKER.match(text.strip()) else f"{marker} {text.strip()}"
            block = make_block(BlockKind.LIST_ITEM, item, level + 1, place)
        else:
            block = make_block(BlockKind.PARAGRAPH, text, place=place)
        if block:
            yield block


def _marker(properties: Any | None, level: int, counts: dict[int, int], *, is_point: bool) -> str:
    """Counts on while numbered paragraphs of one level follow each other; deeper ones do not interrupt."""
    for deeper in [known for known in counts if known > level]:
        del counts[deeper]
    number = None if properties is None else properties.find(qn("a:buAutoNum"))
    if number is not None:
        start = number.get("startAt", "1")
        counts[level] = counts[level] + 1 if level in counts else int(start) if start.isdecimal() else 1
        return f"{counts[level]}."
    counts.pop(level, None)
    if properties is not None and properties.find(qn("a:buNone")) is not None:
        return ""
    has_bullet = properties is not None and properties.find(qn("a:buChar")) is not None
    return "-" if has_bullet or is_point else ""


def _level(properties: Any | None) -> int:
    value = "0" if properties is None else properties.get("lvl", "0")
    return min(int(value), 8) if value.isdecimal() else 0


def _paragraph_text(element: Any) -> str:
    text = ""
    for child in element:
        if child.tag == qn("a:t"):
            text += child.text or ""
        elif child.tag in _BREAKS:
            text += _BREAKS[child.tag]
        elif child.tag == MATH:
            text += math_text(child)
        elif child.tag != f"{_MC}Fallback" and isinstance(child.tag, str):
            text += _paragraph_text(child)
    return text
