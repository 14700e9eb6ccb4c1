"""PDF: the text layer page by page; a short line set larger than the body is a heading."""

import io
import logging
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pypdf import PageObject, PasswordType, PdfReader
from pypdf.errors import DependencyError, PdfReadError

from knowledge.loading.blocks import Block, BlockKind, FileStatus, Unreadable, clean_text, make_block
from knowledge.loading.text import parse_text

_LONGEST_HEADING = 120
_HEADING_RATIO = 1.12


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    size: float
    place: str


def load_pdf(content: bytes) -> list[Block]:
    # It tells of every flaw it mends; what matters to a reader is in the file's status.
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    pages = [_read_lines(page, number) for number, page in enumerate(_open(content).pages, start=1)]
    sizes: Counter[float] = Counter()
    for line in (line for lines in pages for line in lines):
        sizes[line.size] += len(line.text)
    if not sizes:
        return []
    body = sizes.most_common(1)[0][0]
    ranks = sorted({size for size in sizes if size > body * _HEADING_RATIO}, reverse=True)
    levels = {size: min(rank, 6) for rank, size in enumerate(ranks, start=1)}
    return [block for lines in pages for block in _page_blocks(lines, levels)]


def _open(content: bytes) -> PdfReader:
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED:
            raise Unreadable(FileStatus.ENCRYPTED, "it is protected by a password")
    except DependencyError as error:
        raise Unreadable(
            FileStatus.ENCRYPTED, f"it is encrypted in a way that is not read ({error})"
        ) from error
    except PdfReadError as error:
        raise Unreadable(FileStatus.CORRUPT, f"it is not a whole PDF ({error})") from error
    return reader


def _read_lines(page: PageObject, number: int) -> list[_Line]:
    parts: list[tuple[str, float]] = []

    def visit(text: str, cm: list[float], tm: list[float], _font: Any, font_size: float) -> None:
        # What is seen is the font's size as scaled by the text matrix and the page's own.
        scale = (abs(tm[3]) or abs(tm[1]) or 1.0) * (abs(cm[3]) or abs(cm[1]) or 1.0)
        parts.append((text, round(font_size * scale, 1)))

    page.extract_text(visitor_text=visit)
    lines: list[_Line] = []
    text, weights = "", Counter[float]()
    for part, size in [*parts, ("\n", 0.0)]:
        for index, piece in enumerate(part.split("\n")):
            if index:
                lines.append(_Line(text, weights.most_common(1)[0][0] if weights else 0.0, f"page {number}"))
                text, weights = "", Counter()
            text += piece
            if piece.strip():
                weights[size] += len(piece.strip())
    return lines


def _page_blocks(lines: list[_Line], levels: dict[float, int]) -> list[Block]:
    blocks: list[Block] = []
    run: list[str] = []
    for line in [*lines, None]:
        if line is not None and not _is_heading(line, levels):
            run.append(line.text)
            continue
        if run:
            blocks.extend(parse_text("\n".join(run), lines[0].place))
            run = []
        if line is not None and (
            heading := make_block(BlockKind.HEADING, line.text, levels[line.size], line.place)
        ):
            blocks.append(heading)
    return blocks


def _is_heading(line: _Line, levels: dict[float, int]) -> bool:
    text = clean_text(line.text)
    return line.size in levels and 2 < len(text) <= _LONGEST_HEADING and any(map(str.isalpha, text))
