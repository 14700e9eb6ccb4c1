"""What a person sees: results on stdout, progress on stderr and only where stderr is a terminal.

Text from documents and models goes through `printable` first, so that none of it can steer the terminal.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from pydantic import BaseModel
from rich.console import Console
from rich.status import Status

_WIDTH_WITHOUT_TERMINAL = 100
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: object) -> str:
    """Without control characters and direction marks; line breaks and tabs stay."""
    return _CONTROL.sub("", str(text))


def open_screen() -> Console:
    return _console(sys.stdout)


def print_json(shape: BaseModel) -> None:
    """The only thing on stdout of a command called with `--json`."""
    sys.stdout.write(shape.model_dump_json(indent=2) + "\n")


@contextmanager
def status_line(first: str) -> Iterator[Status | None]:
    """A line that says what is going on, or None where nobody is watching."""
    if not sys.stderr.isatty():
        yield None
        return
    with _console(sys.stderr).status(first) as status:
        yield status


def _console(file: TextIO) -> Console:
    width = None if file.isatty() else _WIDTH_WITHOUT_TERMINAL
    return Console(file=file, width=width, markup=False, highlight=False, emoji=False)
