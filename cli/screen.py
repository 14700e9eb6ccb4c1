"""What a person sees: results on stdout, progress on stderr and only where stderr is a terminal.

Text from documents and models goes through `printable` first, so that none of it can steer the terminal.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from pydantic import BaseModel
from rich.console import Console
from rich.status import Status
from rich.table import Table

_WIDTH_WITHOUT_TERMINAL = 100
# Columns that hold an address or the name of a team.
_NAMES = frozenset({"by", "team", "group"})
_WIDEST_NAME = 16
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: object) -> str:
    """Without control characters and direction marks; line breaks and tabs stay."""
    return _CONTROL.sub("", str(text))


def open_screen() -> Console:
    return _console(sys.stdout)


def print_json(shape: BaseModel) -> None:
    """The only thing on stdout of a command called with `--json`."""
    sys.stdout.write(shape.model_dump_json(indent=2) + "\n")


def list_table(headings: Sequence[str], last: str) -> Table:
    """An empty table of one line a row. What a person copies or looks for first keeps its width; names are
    cut to a few letters, and the last column takes the room that is left."""
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in headings:
        widest = _WIDEST_NAME if heading in _NAMES else None
        table.add_column(heading, overflow="ellipsis", no_wrap=True, max_width=widest)
    table.add_column(last, overflow="ellipsis", no_wrap=True, ratio=1)
    return table


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
