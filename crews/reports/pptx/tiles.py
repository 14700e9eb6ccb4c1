"""Key figures on a slide, beside each other."""

from collections.abc import Sequence

from pptx.slide import Slide
from pptx.util import Pt

from crews.reports.citing import marks
from crews.reports.document import Report, Tile
from crews.reports.numbers import show_short, show_with_unit
from crews.reports.pptx.measure import fit_line, fitting_size, text_width
from crews.reports.pptx.slides import FONT, Box, add_rectangle, add_text, colour
from crews.reports.theme import ACCENT, ARROWS, NAVY, PALE, WASH, change_colour

ACROSS = 3
HEIGHT, GAP = 104, 14
_PAD = 12
_VALUE_SIZES = (28, 24, 20, 16, 12)


def rows_of(count: int) -> int:
    return -(-count // ACROSS)


def add_tiles(slide: Slide, box: Box, tiles: Sequence[Tile], report: Report) -> None:
    across = min(ACROSS, len(tiles))
    width = (box.width - GAP * (across - 1)) / across
    for at, tile in enumerate(tiles):
        left = box.left + (at % across) * (width + GAP)
        top = box.top + (at // across) * (HEIGHT + GAP)
        _add_tile(slide, Box(left, top, width, HEIGHT), tile, marks(report, tile.cites))


def _add_tile(slide: Slide, box: Box, tile: Tile, cites: str) -> None:
    add_rectangle(slide, box, WASH)
    add_rectangle(slide, Box(box.left, box.top, box.width, 3), ACCENT)
    left, width = box.left + _PAD, box.width - 2 * _PAD
    label = fit_line(tile.label, width - text_width(cites, 13), 13)
    add_text(slide, Box(left, box.top + 12, width, 20), f"{label} {cites}".strip(), 13, PALE)
    value, unit = show_short(tile.value, tile.column), tile.column.unit or ""
    unit = fit_line(unit, width / 3, 13)
    room = width - text_width(f" {unit}", 13)
    size = fitting_size(value, room, 36, _VALUE_SIZES)
    shown = fit_line(value, room, size)
    frame = add_text(slide, Box(left, box.top + 32, width, 38), shown, size, NAVY, bold=True)
    if unit:
        run = frame.paragraphs[0].add_run()
        run.text = f" {unit}"
        run.font.size, run.font.name, run.font.color.rgb = Pt(13), FONT, colour(PALE)
    if tile.change is not None and tile.change_column is not None and tile.direction is not None:
        moved = (
            f"{ARROWS[tile.direction]} {show_with_unit(tile.change, tile.change_column)} {tile.compared_with}"
        )
        place = Box(left, box.top + 74, width, 20)
        add_text(slide, place, fit_line(moved.strip(), width * 0.94, 13), 13, change_colour(tile), bold=True)
