"""Tables out of a grid of cells: what a spreadsheet holds is parted at its blank rows and columns.

Every filled cell comes to be in exactly one block. Each line of a table knows which cells it was made of.
"""

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass

from knowledge.loading.blocks import CELL_SEPARATOR, Block, BlockKind, FileStatus, Unreadable, one_line

MOST_CELLS = 400_000


@dataclass(frozen=True, slots=True)
class GridRow:
    """`number` counts from 1, as a spreadsheet shows it; `cells` begin at the first column."""

    number: int
    cells: list[str]


Label = Callable[[int, int, int], str]  # of a row's number, its first and its last column, from 0


def cell_label(number: int, first: int, last: int) -> str:
    """Such as `A2:D2`."""
    start, end = f"{column_name(first)}{number}", f"{column_name(last)}{number}"
    return start if first == last else f"{start}:{end}"


def column_name(index: int) -> str:
    name = ""
    index += 1
    while index:
        index, letter = divmod(index - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def grid_blocks(
    rows: Iterable[GridRow], label: Label, place: str | None = None, *, hidden_columns: Set[int] = frozenset()
) -> list[Block]:
    """Hidden columns are blank but part no table.

    Raises Unreadable if there are more cells than are read of one file.
    """
    return [
        block
        for band in _bands(rows)
        for first, last in _column_ranges(band, hidden_columns)
        for block in _region_blocks(band, first, last, label, place)
    ]


def _bands(rows: Iterable[GridRow]) -> Iterator[list[GridRow]]:
    """Rows between blank rows, each cell cleaned."""
    band: list[GridRow] = []
    filled = 0
    for row in rows:
        cells = [one_line(cell) if cell else "" for cell in row.cells]
        count = sum(map(bool, cells))
        filled += count
        if filled > MOST_CELLS:
            raise Unreadable(
                FileStatus.TOO_LARGE,
                f"it has more than {MOST_CELLS} filled cells; split it or export what is needed",
            )
        if band and not count:
            yield band
            band = []
        if count:
            band.append(GridRow(row.number, cells))
    if band:
        yield band


def _column_ranges(band: list[GridRow], hidden: Set[int]) -> list[tuple[int, int]]:
    """Where tables stand side by side; a single column beyond a blank one belongs to its neighbour, as labels
    and values of a form do."""
    used = sorted({index for row in band for index, cell in enumerate(row.cells) if cell})
    ranges = [[used[0], used[0]]]
    for index in used[1:]:
        if all(between in hidden for between in range(ranges[-1][1] + 1, index)):
            ranges[-1][1] = index
        else:
            ranges.append([index, index])
    if len(band) == 1 or any(first == last for first, last in ranges):
        return [(used[0], used[-1])]
    return [(first, last) for first, last in ranges]


def _region_blocks(
    band: list[GridRow], first: int, last: int, label: Label, place: str | None
) -> Iterator[Block]:
    lines = [(row.number, row.cells[first : last + 1]) for row in band]
    filled = [line for line in lines if any(line[1])]
    # Lines of one cell above a table are its title, not its header.
    titles = 0
    while titles < len(filled) and sum(map(bool, filled[titles][1])) == 1:
        titles += 1
    table = filled[titles:]
    if filled[:titles]:
        yield _lines_block(BlockKind.PARAGRAPH, filled[:titles], first, label, place)
    if table:
        yield _lines_block(BlockKind.TABLE, table, first, label, place)


def _lines_block(
    kind: BlockKind, lines: list[tuple[int, list[str]]], first: int, label: Label, place: str | None
) -> Block:
    texts, labels = [], []
    for number, cells in lines:
        filled = [index for index, cell in enumerate(cells) if cell]
        if kind is BlockKind.TABLE:
            width = filled[-1] + 1
            # A short row keeps its columns; blank ones after the last cell say nothing.
            texts.append(CELL_SEPARATOR.join(cells[:width]))
            labels.append(label(number, first, first + width - 1))
        else:
            texts.append(cells[filled[0]])
            labels.append(label(number, first + filled[0], first + filled[0]))
    return Block(kind, "\n".join(texts), place=place, rows=tuple(labels))
