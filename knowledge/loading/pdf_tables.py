"""Finds the ruled tables of a PDF's pages.

Only a plain grid counts: where cells are merged, the lines of the text layer read better than the cells
found.
"""

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.loading.blocks import Block, make_table
from knowledge.loading.pdf_page import Line, PdfPage

if TYPE_CHECKING:
    from pdfplumber.page import Page

# Looking for tables takes about 60 ms a page, and longer the more is drawn on it.
_MOST_PAGES = 60
_FEWEST_RULES = 3
_MOST_RULES = 1500
_MOST_LINES = 300
_FEWEST_ROWS = 2
_FEWEST_COLUMNS = 2
_MOST_LINES_IN_CELL = 4


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
        and _FEWEST_RULES <= page.rules <= _MOST_RULES
        and _FEWEST_ROWS <= len(page.lines) <= _MOST_LINES
    )


def _tables_of(page: "Page") -> list[FoundTable]:
    tables: list[FoundTable] = []
    for table in page.find_tables():
        rows = table.extract()
        if _is_plain_grid(rows):
            texts = tuple(tuple(cell or "" for cell in row) for row in rows)
            tables.append(FoundTable(*table.bbox, texts))
    return tables


def _is_plain_grid(rows: list[list[str | None]]) -> bool:
    """A cell that is None is covered by a merged one; many lines in one cell mean that rules are missing."""
    return (
        len(rows) >= _FEWEST_ROWS
        and len(rows[0]) >= _FEWEST_COLUMNS
        and all(cell is not None and cell.count("\n") < _MOST_LINES_IN_CELL for row in rows for cell in row)
    )
