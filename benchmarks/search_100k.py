"""As `search`, over five times as many passages."""

from pathlib import Path

from benchmarks.measurement import Measurement
from benchmarks.search import measure_at

TITLE = "Hybrid search, 100,000 passages"


def measure(ground: Path) -> list[Measurement]:
    return measure_at(ground, 100_000)
