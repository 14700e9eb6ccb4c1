"""Comma-separated files and their kin: one table, whatever parts the cells.

Lines of uneven length are read as they are.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator

from knowledge.loading.blocks import FileStatus, LoadedFile
from knowledge.loading.encoding import decode_text
from knowledge.loading.grid import GridRow, grid_blocks

# In the order in which they are preferred where two fit equally well: a comma may be that of `1,5`.
_DELIMITERS = ("\t", ";", "|", ",")
_SAMPLE_LINES = 300
_SAMPLE_CHARS = 200_000
# Excel's own hint.
_STATED = re.compile(r"sep=([,;|:\t])\n", re.IGNORECASE)
_LONGEST_CELL = 10_000_000


def load_csv(content: bytes) -> LoadedFile:
    csv.field_size_limit(_LONGEST_CELL)
    text = decode_text(content)
    stated = _STATED.match(text)
    delimiter = stated[1] if stated else find_delimiter(text)
    rows = _rows(text, delimiter)
    if stated:
        next(rows, None)
    return LoadedFile(FileStatus.OK, blocks=tuple(grid_blocks(rows, _row_label)))


def find_delimiter(text: str) -> str:
    """The one that parts most lines into the same number of cells, two at least.

    `csv.Sniffer` takes letters and blanks for delimiters and gives up on uneven lines.
    """
    sample = text[:_SAMPLE_CHARS].split("\n")[:_SAMPLE_LINES]
    shares = {delimiter: _even_share(sample, delimiter) for delimiter in _DELIMITERS}
    return max(_DELIMITERS, key=lambda delimiter: shares[delimiter])


def _even_share(lines: list[str], delimiter: str) -> float:
    """Which share of the lines has the most common number of cells; 0 where that is one cell."""
    widths = Counter(len(cells) for cells in csv.reader(lines, delimiter=delimiter) if cells)
    if not widths:
        return 0.0
    width, count = widths.most_common(1)[0]
    return count / widths.total() if width > 1 else 0.0


def _row_label(number: int, _first: int, _last: int) -> str:
    return f"row {number}"


def _rows(text: str, delimiter: str) -> Iterator[GridRow]:
    # A row with line breaks within its quotes counts once, as in a spreadsheet.
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    for number, cells in enumerate(reader, start=1):
        yield GridRow(number, cells)
