"""Governed figures in the terminal: the table, and under it what somebody needs to trust it or not."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.screen import printable

if TYPE_CHECKING:
    from knowledge.warehouse.result import ResultColumn, Value

MOST_ROWS = 40
_WORDS = ("string", "date", "timestamp", "boolean")


def print_figures(screen: Console, details: Mapping[str, Any]) -> None:
    """What `knowledge.warehouse.evidence` kept of a result: rows, filters, quality, lineage."""
    from knowledge.warehouse.evidence import rows_of

    columns, rows = rows_of(details)
    screen.print(figures_table(columns, rows[:MOST_ROWS]))
    hidden = details["row_count"] - min(len(rows), MOST_ROWS)
    if hidden > 0:
        screen.print(Text(f"and {hidden:,} more rows", style="dim"))
    if details["too_small"]:
        screen.print(Text(f"{details['too_small']} groups have too few rows to be told of.", style="dim"))


def figures_table(columns: "Sequence[ResultColumn]", rows: "Sequence[Sequence[Value]]") -> Table:
    from knowledge.warehouse.wording import heading, show_value

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        is_text = column.type in _WORDS
        table.add_column(printable(heading(column)), justify="left" if is_text else "right")
    for row in rows:
        shown = (show_value(value, column) for value, column in zip(row, columns, strict=True))
        table.add_row(*(printable(cell) for cell in shown))
    return table
