"""How long `crewdesk --help` takes, from a shell's point of view."""

import statistics
import subprocess
import time
from pathlib import Path

from benchmarks.measurement import Measurement, below
from benchmarks.processes import CREWDESK, environment

TITLE = "crewdesk --help"
STARTS = 5


def measure(ground: Path) -> list[Measurement]:
    _start(ground)  # reads the files into the system's cache
    seconds = [_start(ground) for _ in range(STARTS)]
    return [
        Measurement(
            what="wall time, median", value=statistics.median(seconds), unit="s", bar=below(0.5),
            note=f"of {STARTS} starts",
        ),
        Measurement(what="wall time, best", value=min(seconds), unit="s"),
    ]


def _start(folder: Path) -> float:
    before = time.perf_counter()
    subprocess.run(
        [CREWDESK, "--help"], cwd=folder, env=environment(), stdout=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - before
