"""The numbers and bullets Word puts before paragraphs: they are not in the text but in `numbering.xml`.

People refer to clauses by these numbers, so they are counted as Word counts them.
"""

import re
from dataclasses import dataclass
from typing import Any

from docx.oxml.ns import qn

_BULLET = "-"
_PLACE = re.compile(r"%(\d)")
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"))
_ROMAN_SMALL = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass(frozen=True, slots=True)
class _Level:
    format: str
    text: str
    start: int


class ListMarkers:
    def __init__(self, numbering: Any | None) -> None:
        """`numbering` is the root of `numbering.xml`, if there is one."""
        self._levels: dict[str, dict[int, _Level]] = {}
        self._abstract_of: dict[str, str] = {}
        self._counts: dict[str, list[int]] = {}
        self._restarted: set[str] = set()
        self._restarts: dict[str, dict[int, int]] = {}
        if numbering is not None:
            self._read(numbering)

    def _read(self, numbering: Any) -> None:
        for abstract in numbering.findall(qn("w:abstractNum")):
            levels = {
                _number(level.get(qn("w:ilvl")), 0): _read_level(level)
                for level in abstract.findall(qn("w:lvl"))
            }
            self._levels[_value(abstract, "w:abstractNumId", "")] = levels
        for number in numbering.findall(qn("w:num")):
            own = _value(number, "w:numId", "")
            self._abstract_of[own] = _child_value(number, "w:abstractNumId", "")
            self._restarts[own] = {
                _number(override.get(qn("w:ilvl")), 0): _number(
                    _child_value(override, "w:startOverride", "1"), 1
                )
                for override in number.findall(qn("w:lvlOverride"))
                if override.find(qn("w:startOverride")) is not None
            }

    def next_marker(self, list_id: str, depth: int) -> str:
        """The marker of the next paragraph of that list at that depth (from 0); "" where it shows none."""
        abstract = self._abstract_of.get(list_id, "")
        levels = self._levels.get(abstract, {})
        level = levels.get(depth)
        if level is None or level.format == "bullet":
            return _BULLET
        counts = self._counts.setdefault(abstract, [])
        self._restart(list_id, counts)
        del counts[depth + 1 :]
        while len(counts) <= depth:
            above = levels.get(len(counts))
            counts.append((above.start if above else 1) - 1)
        counts[depth] += 1
        return _PLACE.sub(lambda place: _shown(counts, levels, int(place[1]) - 1), level.text).strip()

    def _restart(self, list_id: str, counts: list[int]) -> None:
        """A list of its own that shares its shape with another begins anew."""
        if list_id in self._restarted:
            return
        self._restarted.add(list_id)
        for depth, start in sorted(self._restarts.get(list_id, {}).items()):
            if depth < len(counts):
                counts[depth] = start - 1


def _shown(counts: list[int], levels: dict[int, _Level], depth: int) -> str:
    if depth >= len(counts):
        return ""
    level = levels.get(depth)
    # A number of a level that was never reached shows its start.
    number = max(counts[depth], level.start if level else 1)
    return _write(number, level.format if level else "decimal")


def _read_level(level: Any) -> _Level:
    return _Level(
        format=_child_value(level, "w:numFmt", "decimal"),
        text=_child_value(level, "w:lvlText", ""),
        start=_number(_child_value(level, "w:start", "1"), 1),
    )


def _write(number: int, form: str) -> str:
    match form:
        case "none":
            return ""
        case "lowerLetter":
            return _letters(number)
        case "upperLetter":
            return _letters(number).upper()
        case "lowerRoman":
            return _roman(number)
        case "upperRoman":
            return _roman(number).upper()
        case "decimalZero":
            return f"{number:02d}"
    return str(number)


def _letters(number: int) -> str:
    """a to z, then aa, bb, as Word goes on."""
    repeats, letter = divmod(max(number, 1) - 1, 26)
    return chr(ord("a") + letter) * min(repeats + 1, 5)


def _roman(number: int) -> str:
    if not 0 < number < 4000:
        return str(number)
    text = ""
    for value, sign in _ROMAN + _ROMAN_SMALL:
        count, number = divmod(number, value)
        text += sign * count
    return text


def _number(text: str | None, default: int) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,6}", text) else default


def _value(element: Any, name: str, default: str) -> str:
    return str(element.get(qn(name), default))


def _child_value(element: Any, name: str, default: str) -> str:
    child = element.find(qn(name))
    return default if child is None else _value(child, "w:val", default)
