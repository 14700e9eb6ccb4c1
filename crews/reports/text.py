"""Text as every format can hold it: without characters that XML forbids or that turn a line around."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

# Control characters but tab and newline, lone surrogates and what is no character at all: Word, PowerPoint
# and Excel call a file with one of them damaged.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\u2028\u2029]")
# Overrides and isolates change how the text after them is read; right-to-left words need none.
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_MOST = 20_000
LONGEST_LINE = 500


def clean(text: str) -> str:
    return _TURNING.sub("", _FORBIDDEN.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")))


def one_line(text: str) -> str:
    return " ".join(clean(text).split())


def _cleaned(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def _flat(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) else value


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty")
    return text


Prose = Annotated[str, BeforeValidator(_cleaned), AfterValidator(_not_blank), Field(max_length=_MOST)]
Line = Annotated[str, BeforeValidator(_flat), AfterValidator(_not_blank), Field(max_length=LONGEST_LINE)]
# May be empty.
Note = Annotated[str, BeforeValidator(_flat), Field(max_length=_MOST)]
Code = Annotated[str, BeforeValidator(_cleaned), Field(max_length=1_000_000)]


def cut_line(text: str, most: int) -> str:
    """Not longer than so many characters, with an ellipsis where something is left out."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
