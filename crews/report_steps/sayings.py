"""The key figures of a report in a sentence each, by rule: what the floor writes, and what a model may lean
on."""

from collections.abc import Sequence

from crews.report_steps.brief import ReportBrief
from crews.reports.document import Tile
from crews.reports.numbers import show, show_short
from knowledge.warehouse.result import ResultColumn, Value
from knowledge.warehouse.wording import is_points, unit_beside

MOST = 4


def headline_of(tiles: Sequence[Tile], brief: ReportBrief) -> dict[str, list[str]]:
    """By the evidence they stand on, of the first key figures."""
    said: dict[str, list[str]] = {}
    for tile in tiles[:MOST]:
        for label in tile.cites[:1]:
            said.setdefault(label, []).append(_sentence(tile, brief))
    return said


def _sentence(tile: Tile, brief: ReportBrief) -> str:
    verb = "were" if tile.label.endswith("s") else "was"
    told = f"{tile.label} {verb} {_amount(tile.value, tile.column)} in {brief.period.label}"
    if tile.change is None or tile.change_column is None:
        return f"{told}."
    if tile.direction == "flat":
        return f"{told}, as in {brief.against.label}."
    by = show(abs(tile.change), tile.change_column).lstrip("+")
    by = by.replace("pp", "percentage points") if is_points(tile.change_column) else by
    return f"{told}, {by} {'more' if tile.direction == 'up' else 'less'} than in {brief.against.label}."


def _amount(value: Value, column: ResultColumn) -> str:
    shown, unit = show_short(value, column), unit_beside(column)
    return f"{shown} {unit}" if unit and not shown.endswith("%") else shown
