"""Finds the ruled tables of a PDF's pages.

Only a plain grid counts: where cells are merged, the lines of the text layer read better than the cells
found.
"""

import io
import logging
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from knowledge.loading.blocks import Block, make_table
from knowledge.loading.pdf_page import Line, PdfPage

if TYPE_CHECKING:
    from pdfplumber.page import Page
    from pdfplumber.table import Table

# Looking for tables takes about 60 ms a page, and longer the more is drawn on it.
_MOST_PAGES = 60
_FEWEST_RULES = 3
_MOST_RULES = 1500
_MOST_LINES = 300
_FEWEST_ROWS = 3
_MOST_LINES_IN_CELL = 4
# In points: wider than the space between two words of any usual size.
_NARROWEST_GUTTER = 7.0


@dataclass(frozen=True, slots=True)
class FoundTable:
    """The box is in points from the upper left corner of the page."""

    left: float
    top: float
    right: float
    bottom: float
    rows: tuple[tuple[str, ...], ...]

    def holds(self, line: Line) -> bool:
        return self.left <= line.x <= self.right and self.top <= line.y <= self.bottom

    def block(self, place: str) -> Block | None:
        return make_table([list(row) for row in self.rows], place)


def find_tables(content: bytes, pages: Sequence[PdfPage]) -> dict[int, list[FoundTable]]:
    """By the page's index; pages without rules, or with a drawing's worth of them, are not looked at."""
    ruled = [page.index for page in pages if _may_hold_tables(page)][:_MOST_PAGES]
    if not ruled:
        return {}
    import pdfplumber

    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    found: dict[int, list[FoundTable]] = {}
    try:
        with pdfplumber.open(io.BytesIO(content), pages=[index + 1 for index in ruled]) as document:
            for page in document.pages:
                found[page.page_number - 1] = _tables_of(page)
                page.close()
    except Exception:  # noqa: BLE001 - a second parser, which may stumble where the first did not: then without
        return found
    return found


def _may_hold_tables(page: PdfPage) -> bool:
    return (
        not page.is_rotated
        and not page.hides_text  # the second parser would not know what is hidden
        and _FEWEST_RULES <= page.rules <= _MOST_RULES
        and _FEWEST_ROWS <= len(page.lines) <= _MOST_LINES
    )


def _tables_of(page: "Page") -> list[FoundTable]:
    tables: list[FoundTable] = []
    for table in page.find_tables():
        rows = table.extract()
        if _is_plain_grid(rows):
            texts = tuple(tuple(cell or "" for cell in row) for row in rows)
            if len(rows[0]) == 1:
                texts = _split_columns(page, table)
            tables.append(FoundTable(*table.bbox, texts))
    return tables


def _is_plain_grid(rows: list[list[str | None]]) -> bool:
    """A cell that is None is covered by a merged one; many lines in one cell mean that rules are missing."""
    return len(rows) >= _FEWEST_ROWS and all(
        cell is not None and cell.count("\n") < _MOST_LINES_IN_CELL for row in rows for cell in row
    )


def _split_columns(page: "Page", table: "Table") -> tuple[tuple[str, ...], ...]:
    """A table without vertical rules has its columns where no row has a word."""
    rows = [page.crop(row.bbox, strict=False).extract_words() for row in table.rows]
    starts = _column_starts([word for words in rows for word in words])
    return tuple(_cells(words, starts) for words in rows)


def _column_starts(words: list[dict[str, Any]]) -> list[float]:
    """The left edges of what stands between gutters that run through all rows."""
    starts: list[float] = []
    reach = -inf
    for word in sorted(words, key=lambda word: float(word["x0"])):
        if word["x0"] - reach > _NARROWEST_GUTTER:
            starts.append(word["x0"])
        reach = max(reach, word["x1"])
    return starts


def _cells(words: list[dict[str, Any]], starts: list[float]) -> tuple[str, ...]:
    cells: list[list[str]] = [[] for _ in starts]
    for word in words:
        cells[bisect_right(starts, word["x0"]) - 1].append(word["text"])
    return tuple(" ".join(cell) for cell in cells)
