"""What every loader gives: blocks in reading order, or a status that says why there are none."""

import re
from dataclasses import dataclass
from enum import StrEnum
from textwrap import dedent

from knowledge.loading.hidden import note_zero_width


class BlockKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE = "table"


class FileStatus(StrEnum):
    OK = "ok"
    EMPTY = "empty"
    CORRUPT = "corrupt"
    ENCRYPTED = "encrypted"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too_large"
    SCANNED = "scanned"
    DUPLICATE = "duplicate"
    SUSPICIOUS = "suspicious"
    PII = "pii"


@dataclass(frozen=True, slots=True)
class Block:
    """`level` is a heading's rank or a list item's depth, from 1; `place` says where in the file it stands,
    as a reader would: `page 3`, `slide 2`, `sheet Sales`.

    A list item's text begins with its marker. A table's text has one line per row, cells parted by ` | `,
    the header first; a sheet's table gives the cells of each line in `rows`, such as `A2:D2`.
    """

    kind: BlockKind
    text: str
    level: int = 0
    place: str | None = None
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """`title` is what the file itself says it is called; `hidden` is text in it that its reader would not
    see."""

    status: FileStatus
    reason: str | None = None
    blocks: tuple[Block, ...] = ()
    title: str | None = None
    hidden: tuple[str, ...] = ()


class Unreadable(Exception):
    """A loader's way out: this file has no blocks, for this reason."""

    def __init__(self, status: FileStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


CELL_SEPARATOR = " | "
# What a person cannot see and a database may not store: controls, zero-width and bidirectional marks, tags
# and variation selectors beyond the basic plane, lone surrogates.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ud800-\udfff"
    "\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
_SPACES = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r" ?\n[ \n]*")


def clean_text(text: str) -> str:
    """Without invisible characters, runs of spaces and blank lines; line breaks stay."""
    note_zero_width(text)
    visible = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _BREAKS.sub("\n", _SPACES.sub(" ", visible)).strip()


def clean_preformatted(text: str) -> str:
    """As `clean_text`, but each line keeps how far it is indented: in code and YAML that tells."""
    note_zero_width(text)
    visible = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).expandtabs(4)
    return "\n".join(line.rstrip() for line in dedent(visible).split("\n") if line.strip())


def is_clean(text: str) -> bool:
    """Whether the text holds nothing that `clean_text` would take out as invisible."""
    return _INVISIBLE.search(text) is None


def one_line(text: str) -> str:
    return clean_text(text).replace("\n", " ")


def make_block(kind: BlockKind, text: str, level: int = 0, place: str | None = None) -> Block | None:
    """None where nothing visible is left of the text."""
    cleaned = one_line(text) if kind is BlockKind.HEADING else clean_text(text)
    return Block(kind, cleaned, level, place) if cleaned else None


def make_preformatted(text: str) -> Block | None:
    """A paragraph whose lines stay as they are indented."""
    cleaned = clean_preformatted(text)
    return Block(BlockKind.PARAGRAPH, cleaned) if cleaned else None


def make_table(rows: list[list[str]], place: str | None = None) -> Block | None:
    """Rows without any text are left out."""
    lines = [[one_line(cell) for cell in row] for row in rows]
    text = "\n".join(CELL_SEPARATOR.join(cells) for cells in lines if any(cells))
    return Block(BlockKind.TABLE, text, place=place) if text else None
