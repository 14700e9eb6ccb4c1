"""Tables out of a grid of cells: what a spreadsheet holds is parted at its blank rows and columns.

Every filled cell comes to be in exactly one block. Each line of a table knows which cells it was made of.
"""

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass

from knowledge.loading.blocks import CELL_SEPARATOR, Block, BlockKind, FileStatus, Unreadable, one_line

MOST_CELLS = 400_000
# Between the label and the value of a form, in columns.
_WIDEST_GAP = 4


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
    rows: Iterable[GridRow],
    label: Label,
    place: str | None = None,
    *,
    hidden_columns: Set[int] = frozenset(),
) -> list[Block]:
    """Hidden columns are blank but part no table.

    Raises Unreadable if there are more cells than are read of one file.
    """
    return [
        block
        for band in _bands(rows)
        for columns in _column_groups(band, hidden_columns)
        for block in _region_blocks(band, columns, label, place)
    ]


_Line = tuple[int, dict[int, str]]  # a row's number, and its filled cells by column


def _bands(rows: Iterable[GridRow]) -> Iterator[list[_Line]]:
    """Rows between blank rows."""
    band: list[_Line] = []
    filled = 0
    for row in rows:
        cells = {index: text for index, cell in enumerate(row.cells) if cell and (text := one_line(cell))}
        filled += len(cells)
        if filled > MOST_CELLS:
            raise Unreadable(
                FileStatus.TOO_LARGE,
                f"it has more than {MOST_CELLS} filled cells; split it or export what is needed",
            )
        if cells:
            band.append((row.number, cells))
        elif band:
            yield band
            band = []
    if band:
        yield band


def _column_groups(band: list[_Line], hidden: Set[int]) -> list[list[int]]:
    """The filled columns of each of the tables that stand side by side.

    A single column a little beyond a blank one belongs to its neighbour, as labels and values of a form do.
    """
    groups: list[list[int]] = []
    for index in sorted({index for _, cells in band for index in cells}):
        if groups and all(between in hidden for between in range(groups[-1][-1] + 1, index)):
            groups[-1].append(index)
        else:
            groups.append([index])
    if len(band) > 1 and all(len(group) > 1 for group in groups):
        return groups
    joined = groups[:1]
    for group in groups[1:]:
        if group[0] - joined[-1][-1] <= _WIDEST_GAP:
            joined[-1].extend(group)
        else:
            joined.append(group)
    return joined


def _region_blocks(band: list[_Line], columns: list[int], label: Label, place: str | None) -> Iterator[Block]:
    """Columns and rows without any text are left out."""
    lines = [(number, [cells.get(index, "") for index in columns]) for number, cells in band]
    lines = [line for line in lines if any(line[1])]
    # Lines of one cell above a table are its title, not its header.
    titles = 0
    while titles < len(lines) and sum(map(bool, lines[titles][1])) == 1:
        titles += 1
    if titles:
        yield _block(BlockKind.PARAGRAPH, lines[:titles], columns, label, place)
    if titles < len(lines):
        yield _block(BlockKind.TABLE, lines[titles:], columns, label, place)


def _block(
    kind: BlockKind, lines: list[tuple[int, list[str]]], columns: list[int], label: Label, place: str | None
) -> Block:
    texts, labels = [], []
    for number, cells in lines:
        last = max(index for index, cell in enumerate(cells) if cell)
        # A short row keeps its columns; blank ones after the last cell say nothing.
        first = 0 if kind is BlockKind.TABLE else last
        texts.append(CELL_SEPARATOR.join(cells[first : last + 1]))
        labels.append(label(number, columns[first], columns[last]))
    return Block(kind, "\n".join(texts), place=place, rows=tuple(labels))
