"""White text on white paper in Word files: nobody reads it, except a machine.

Whatever may put a darker ground beneath it - shading, a style, a text box, a picture behind the text - makes
it text that is seen.
"""

from collections.abc import Callable, Iterable
from typing import Any

from docx.document import Document
from docx.oxml.ns import qn

from knowledge.loading.white import is_near_white

_PAPER = ("", "auto")
_BOX = qn("w:txbxContent")
_PICTURE = qn("w:pict")
_ANCHOR = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}anchor"

# The style of an id and those it builds on.
Chain = Callable[[str | None], Iterable[Any]]


def has_page_grounds(document: Document) -> bool:
    """Whether the page has a colour, or pictures that lie behind the text."""
    root = document.element
    if root.find(qn("w:background")) is not None or next(root.iter(_PICTURE), None) is not None:
        return True
    return any(anchor.get("behindDoc") in {"1", "true"} for anchor in root.iter(_ANCHOR))


def is_white(run_properties: Iterable[Any]) -> bool:
    """By the nearest of the properties that names a colour; none of them may shade the run."""
    color: str | None = None
    for properties in run_properties:
        if _is_shaded(properties.find(qn("w:shd"))) or _is_highlighted(properties.find(qn("w:highlight"))):
            return False
        named = properties.find(qn("w:color"))
        if color is None and named is not None:
            color = str(named.get(qn("w:val"), ""))
    return color is not None and is_near_white(color)


def has_ground(paragraph: Any, paragraph_styles: Iterable[Any], chain: Chain) -> bool:
    """Whether the paragraph itself or what holds it is shaded, or may be."""
    own = [paragraph, *paragraph_styles]
    if any(_is_shaded(each.find(f"{qn('w:pPr')}/{qn('w:shd')}")) for each in own):
        return True
    for holder in paragraph.iterancestors():
        if holder.tag == _BOX:
            return True
        if holder.tag == qn("w:tc") and _is_shaded(holder.find(f"{qn('w:tcPr')}/{qn('w:shd')}")):
            return True
        if holder.tag == qn("w:tbl") and _is_table_shaded(holder, chain):
            return True
    return False


def _is_table_shaded(table: Any, chain: Chain) -> bool:
    style = table.find(f"{qn('w:tblPr')}/{qn('w:tblStyle')}")
    styles = () if style is None else chain(style.get(qn("w:val")))
    shadings = [shading for each in styles for shading in each.iter(qn("w:shd"))]
    return any(map(_is_shaded, [*shadings, table.find(f"{qn('w:tblPr')}/{qn('w:shd')}")]))


def _is_shaded(shading: Any | None) -> bool:
    if shading is None:
        return False
    fill = str(shading.get(qn("w:fill"), ""))
    # A pattern, or a colour of the theme, may be anything.
    is_plain = shading.get(qn("w:val")) in {None, "clear", "nil"}
    is_themed = shading.get(qn("w:themeFill")) is not None
    return not is_plain or is_themed or not (fill in _PAPER or is_near_white(fill))


def _is_highlighted(highlight: Any | None) -> bool:
    return highlight is not None and highlight.get(qn("w:val")) not in {None, "none", "white"}
