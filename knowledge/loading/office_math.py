"""Formulas of Word and PowerPoint, written in one line as a person would type them."""

from collections.abc import Callable
from typing import Any

_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
MATH = f"{_MATH}oMath"


def math_text(element: Any) -> str:
    """The text of an `m:oMath` or anything in it: `(a + b)/c`, `x^2`, `sqrt(n)`."""
    name = element.tag.removeprefix(_MATH) if isinstance(element.tag, str) else ""
    if name == "t":
        return str(element.text or "")
    if name.endswith("Pr"):
        return ""
    return _SPECIAL.get(name, _inner)(element)


def _inner(element: Any) -> str:
    return "".join(math_text(child) for child in element)


def _part(element: Any, name: str) -> str:
    child = element.find(f"{_MATH}{name}")
    return "" if child is None else math_text(child).strip()


def _grouped(text: str) -> str:
    return text if len(text) <= 1 or text.isalnum() else f"({text})"


def _fraction(element: Any) -> str:
    return f"{_grouped(_part(element, 'num'))}/{_grouped(_part(element, 'den'))}"


def _script(element: Any) -> str:
    below, above = _part(element, "sub"), _part(element, "sup")
    base = _part(element, "e")
    # A fraction is one thing to what stands above it.
    text = f"({base})" if "/" in base and not base.startswith("(") else base
    return text + (f"_{_grouped(below)}" if below else "") + (f"^{_grouped(above)}" if above else "")


def _function(element: Any) -> str:
    name, argument = _part(element, "fName"), _part(element, "e")
    return name + ("" if argument.startswith("(") else " ") + argument


def _limit(element: Any) -> str:
    return f"{_part(element, 'e')}_{_grouped(_part(element, 'lim'))}"


def _root(element: Any) -> str:
    degree = _part(element, "deg")
    return f"root {degree}({_part(element, 'e')})" if degree else f"sqrt({_part(element, 'e')})"


def _sum(element: Any) -> str:
    sign = element.find(f"{_MATH}naryPr/{_MATH}chr")
    text = sign.get(f"{_MATH}val", "∫") if sign is not None else "∫"
    below, above = _part(element, "sub"), _part(element, "sup")
    limits = (f"_{_grouped(below)}" if below else "") + (f"^{_grouped(above)}" if above else "")
    return f"{text}{limits} {_part(element, 'e')}"


def _delimited(element: Any) -> str:
    properties = element.find(f"{_MATH}dPr")
    opening, closing = "(", ")"
    if properties is not None:
        for child in properties:
            if child.tag == f"{_MATH}begChr":
                opening = child.get(f"{_MATH}val", "")
            elif child.tag == f"{_MATH}endChr":
                closing = child.get(f"{_MATH}val", "")
    return opening + ", ".join(math_text(part) for part in element.findall(f"{_MATH}e")) + closing


_SPECIAL: dict[str, Callable[[Any], str]] = {
    "f": _fraction,
    "sSup": _script,
    "sSub": _script,
    "sSubSup": _script,
    "func": _function,
    "limLow": _limit,
    "limUpp": _limit,
    "rad": _root,
    "nary": _sum,
    "d": _delimited,
}
