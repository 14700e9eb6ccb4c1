"""What a Word style says about a paragraph: heading, list, hidden. A style builds on another; the nearest
that speaks decides."""

import re
from collections.abc import Iterator
from typing import Any

from docx.document import Document
from docx.oxml.ns import qn

from knowledge.loading.docx_white import has_ground, has_page_grounds, is_white

_HEADING = re.compile(r"^heading \d$", re.IGNORECASE)
_OFF = {"0", "false", "off", "none"}
_DEEPEST = 20


class Styles:
    def __init__(self, document: Document) -> None:
        elements = document.styles.element.findall(qn("w:style"))
        self._by_id = {style.get(qn("w:styleId")): style for style in elements}
        self._default = next(
            (
                style.get(qn("w:styleId"))
                for style in elements
                if style.get(qn("w:type")) == "paragraph" and style.get(qn("w:default")) in {"1", "true"}
            ),
            None,
        )
        self._names: dict[str | None, str] = {}
        self._has_page_grounds = has_page_grounds(document)

    def name(self, paragraph: Any) -> str:
        """The name of its style, or of the first heading style that one builds on; an outline level makes a
        heading too."""
        properties = paragraph.find(qn("w:pPr"))
        own_level = None if properties is None else properties.find(qn("w:outlineLvl"))
        if (level := _heading_of(own_level)) is not None:
            return level
        style_id = _style_id(properties, "w:pStyle") or self._default
        if style_id not in self._names:
            self._names[style_id] = self._find_name(style_id)
        return self._names[style_id]

    def _find_name(self, style_id: str | None) -> str:
        own = ""
        for style in self._chain(style_id):
            name = style.find(qn("w:name"))
            text = "" if name is None else str(name.get(qn("w:val"), ""))
            if _HEADING.match(text):
                return text
            level = _heading_of(style.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}"))
            if level is not None:
                return level
            own = own or text
        return own

    def list_of(self, paragraph: Any) -> tuple[str | None, int]:
        """The list it is in, if any, and how deep, from 0."""
        properties = paragraph.find(qn("w:pPr"))
        number = None if properties is None else properties.find(qn("w:numPr"))
        depth = _depth(number)
        if (list_id := _list_id(number)) is None:
            for style in self._chain(_style_id(properties, "w:pStyle")):
                number = style.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
                depth = _depth(number) if depth is None else depth
                if (list_id := _list_id(number)) is not None:
                    break
        # 0 takes a paragraph out of the list of its style.
        return (None if list_id == "0" else list_id), depth or 0

    def hides(self, paragraph: Any, run: Any) -> bool:
        """Whether Word does not show a run: by its own properties or those of its styles."""
        run_properties = run.find(qn("w:rPr"))
        if run_properties is not None:
            size = run_properties.find(qn("w:sz"))
            # In half points: nobody reads one point.
            if size is not None and size.get(qn("w:val")) in {"0", "1", "2"}:
                return True
        chain = [each for each in self._run_properties(paragraph, run_properties) if each is not None]
        vanish = next((found for each in chain if (found := each.find(qn("w:vanish"))) is not None), None)
        if vanish is not None and vanish.get(qn("w:val"), "1") not in _OFF:
            return True
        if self._has_page_grounds or not is_white(chain):
            return False
        styles = self._chain(_style_id(paragraph.find(qn("w:pPr")), "w:pStyle"))
        return not has_ground(paragraph, styles, self._chain)

    def _run_properties(self, paragraph: Any, own: Any | None) -> Iterator[Any]:
        yield own
        for style in self._chain(_style_id(own, "w:rStyle")):
            yield style.find(qn("w:rPr"))
        for style in self._chain(_style_id(paragraph.find(qn("w:pPr")), "w:pStyle")):
            yield style.find(qn("w:rPr"))

    def _chain(self, style_id: str | None) -> Iterator[Any]:
        for _ in range(_DEEPEST):
            style = self._by_id.get(style_id)
            if style is None:
                return
            yield style
            based_on = style.find(qn("w:basedOn"))
            style_id = None if based_on is None else based_on.get(qn("w:val"))


def _style_id(properties: Any | None, kind: str) -> str | None:
    style = None if properties is None else properties.find(qn(kind))
    return None if style is None else style.get(qn("w:val"))


def _heading_of(outline_level: Any | None) -> str | None:
    value = "" if outline_level is None else str(outline_level.get(qn("w:val"), ""))
    return f"heading {int(value) + 1}" if re.fullmatch("[0-8]", value) else None


def _depth(number: Any | None) -> int | None:
    level = None if number is None else number.find(qn("w:ilvl"))
    value = "" if level is None else str(level.get(qn("w:val"), ""))
    return int(value) if re.fullmatch("[0-8]", value) else None


def _list_id(number: Any | None) -> str | None:
    own = None if number is None else number.find(qn("w:numId"))
    return None if own is None else own.get(qn("w:val"))
