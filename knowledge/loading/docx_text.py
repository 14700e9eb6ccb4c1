"""The text of one Word paragraph as a reader sees it, and what it hides or keeps beside it."""

from dataclasses import dataclass, field
from typing import Any

from docx.oxml.ns import qn

from knowledge.loading.docx_styles import Styles
from knowledge.loading.office_math import MATH, math_text

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_RUN, _TEXT, _BOX = qn("w:r"), qn("w:t"), qn("w:txbxContent")
_BREAKS = {
    qn("w:br"): "\n",
    qn("w:cr"): "\n",
    qn("w:tab"): "\t",
    qn("w:noBreakHyphen"): "-",
    qn("w:ptab"): "\t",
}
_NOTES = {qn("w:footnoteReference"): qn("w:footnote"), qn("w:endnoteReference"): qn("w:endnote")}
# Deleted and moved text, and what is told of a paragraph or a control but not shown.
_SKIPPED = {
    qn("w:del"),
    qn("w:moveFrom"),
    qn("w:pPr"),
    qn("w:rPr"),
    qn("w:sdtPr"),
    qn("w:rt"),
    f"{_MC}Fallback",
}


@dataclass(slots=True)
class ParagraphText:
    """`boxes` are the contents of text boxes anchored in it; `notes` the footnotes it refers to, as (kind,
    id)."""

    visible: str = ""
    hidden: str = ""
    boxes: list[Any] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)


def read_paragraph(paragraph: Any, styles: Styles) -> ParagraphText:
    text = ParagraphText()
    _read(paragraph, paragraph, text, styles, is_hidden=False)
    return text


def _read(element: Any, paragraph: Any, text: ParagraphText, styles: Styles, *, is_hidden: bool) -> None:
    for child in element:
        tag = child.tag
        if tag == _BOX:
            text.boxes.append(child)
        elif tag == MATH:
            before = child.getprevious()
            text.visible += ("\n" if before is not None and before.tag == MATH else "") + math_text(child)
        elif tag in _NOTES:
            text.notes.append((_NOTES[tag], child.get(qn("w:id"))))
        elif tag == _TEXT or tag in _BREAKS:
            piece = _BREAKS.get(tag) or child.text or ""
            if is_hidden:
                text.hidden += piece
            else:
                text.visible += piece
        elif tag not in _SKIPPED and isinstance(tag, str):
            hides = is_hidden or (tag == _RUN and styles.hides(paragraph, child))
            _read(child, paragraph, text, styles, is_hidden=hides)
