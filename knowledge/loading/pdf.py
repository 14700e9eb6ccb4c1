"""PDF: the text layer page by page; a short line set larger than the body is a heading, a ruled table whole.

Text that is drawn so that no reader sees it is left out of the blocks and noted as hidden.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import inf
from statistics import median

import pypdfium2
from pypdfium2 import raw

from knowledge.loading.blocks import (
    Block,
    BlockKind,
    FileStatus,
    LoadedFile,
    Unreadable,
    clean_text,
    make_block,
)
from knowledge.loading.pdf_page import Line, PdfPage, read_page
from knowledge.loading.pdf_tables import FoundTable, find_tables
from knowledge.loading.text import parse_text

_LONGEST_HEADING = 120
_HEADING_RATIO = 1.12
_DEEPEST_HEADING = 6
# A size that so many lines have is no heading's, however small the print that has the most letters.
_MOST_HEADING_LINES = 0.25
_PARAGRAPH_GAP_RATIO = 1.5
_PROGRAM_TITLES = ("microsoft word - ", "microsoft powerpoint - ", "untitled", "(anonymous)")


def load_pdf(content: bytes) -> LoadedFile:
    document = _open(content)
    try:
        pages = [read_page(document, index) for index in range(len(document))]
        title = _title(document)
    finally:
        document.close()
    if not any(page.lines for page in pages):
        return _without_text(pages, title)
    tables = find_tables(content, pages)
    levels = _heading_levels(pages)
    blocks = [block for page in pages for block in _page_blocks(page, levels, tables.get(page.index, []))]
    return LoadedFile(FileStatus.OK, blocks=tuple(blocks), title=title)


def _open(content: bytes) -> pypdfium2.PdfDocument:
    try:
        # Without a password the empty one is tried, which many files are encrypted with.
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if error.err_code in {raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY}:
            raise Unreadable(FileStatus.ENCRYPTED, "it is protected by a password") from error
        raise Unreadable(FileStatus.CORRUPT, "it is not a whole PDF") from error
    if not len(document):
        raise Unreadable(FileStatus.CORRUPT, "it is a PDF without any page that can be read")
    return document


def _title(document: pypdfium2.PdfDocument) -> str | None:
    """Not what a program put there of itself."""
    title = clean_text(document.get_metadata_value("Title"))
    return None if title.lower().startswith(_PROGRAM_TITLES) else title or None


def _without_text(pages: list[PdfPage], title: str | None) -> LoadedFile:
    if any(page.has_picture for page in pages):
        reason = "its pages are pictures without a text layer; it would need OCR"
        return LoadedFile(FileStatus.SCANNED, reason, title=title)
    return LoadedFile(FileStatus.EMPTY, "there is no text in it", title=title)


def _heading_levels(pages: list[PdfPage]) -> dict[float, int]:
    """Sizes of type well above the most common one that few lines have, the largest first."""
    lines = [line for page in pages for line in page.lines]
    letters: Counter[float] = Counter()
    for line in lines:
        letters[line.size] += len(line.text)
    body = letters.most_common(1)[0][0]
    uses = Counter(line.size for line in lines)
    most = max(3, _MOST_HEADING_LINES * len(lines))
    sizes = sorted(
        (size for size in uses if size > body * _HEADING_RATIO and uses[size] <= most), reverse=True
    )
    return {size: min(rank, _DEEPEST_HEADING) for rank, size in enumerate(sizes, start=1)}


def _page_blocks(page: PdfPage, levels: dict[float, int], tables: list[FoundTable]) -> list[Block]:
    """A table stands where the first of its lines does."""
    place = f"page {page.index + 1}"
    blocks: list[Block] = []
    run: list[str] = []
    given: set[int] = set()
    paragraph_gap = _paragraph_gap(page.lines)
    above: Line | None = None

    def end_run() -> None:
        if run:
            blocks.extend(parse_text("\n".join(run), place))
            run.clear()

    for line in page.lines:
        if above is not None and line.y - above.y > paragraph_gap:
            run.append("")
        above = line
        table = next((table for table in tables if table.holds(line)), None)
        if table is not None:
            end_run()
            if id(table) not in given:
                given.add(id(table))
                blocks.extend(filter(None, [table.block(place)]))
        elif _is_heading(line, levels) and (
            heading := make_block(BlockKind.HEADING, line.text, levels[line.size], place)
        ):
            end_run()
            blocks.append(heading)
        else:
            run.append(line.text)
    end_run()
    return blocks


def _paragraph_gap(lines: Sequence[Line]) -> float:
    """Lines of one paragraph stand as close as most lines of the page."""
    gaps = [gap for above, line in pairwise(lines) if (gap := line.y - above.y) > 1]
    return _PARAGRAPH_GAP_RATIO * median(gaps) if gaps else inf


def _is_heading(line: Line, levels: dict[float, int]) -> bool:
    text = clean_text(line.text)
    return line.size in levels and 2 < len(text) <= _LONGEST_HEADING and any(map(str.isalpha, text))
