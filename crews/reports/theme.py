"""Colours all formats share. The series are those of the charts elsewhere, which the colour-blind can tell
apart; tones differ in lightness and carry a word besides."""

from crews.reports.document import Tile, Tone
from knowledge.warehouse.charts.plot import COLOURS, FAINT

SERIES = COLOURS
BACK = FAINT
NAVY, ACCENT, INK, PALE, RULE, WASH = "#12324A", "#0072B2", "#1F2933", "#5A6470", "#C9D1D9", "#F3F6F9"
WELCOME, UNWELCOME = "#00705A", "#B84300"
TONE_COLOURS = {Tone.FINDING: ACCENT, Tone.WARNING: "#D55E00", Tone.CAVEAT: PALE}
TONE_WASHES = {Tone.FINDING: "#EAF3F9", Tone.WARNING: "#FDF1E8", Tone.CAVEAT: "#F1F3F5"}
TONE_WORDS = {Tone.FINDING: "Finding", Tone.WARNING: "Warning", Tone.CAVEAT: "Caveat"}
ARROWS = {"up": "▲", "down": "▼", "flat": "■"}


def change_colour(tile: Tile) -> str:
    return PALE if tile.is_welcome is None else WELCOME if tile.is_welcome else UNWELCOME
