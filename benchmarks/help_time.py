"""How long `crewdesk --help` takes, from a shell's point of view."""

import resource
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
    cpu_before_s = _cpu_of_children_s()
    seconds = [_start(ground) for _ in range(STARTS)]
    cpu_s = (_cpu_of_children_s() - cpu_before_s) / STARTS
    return [
        Measurement(
            what="wall time, median",
            value=statistics.median(seconds),
            unit="s",
            bar=below(0.5),
            note=f"of {STARTS} starts",
        ),
        Measurement(what="wall time, best", value=min(seconds), unit="s"),
        Measurement(what="processor time", value=cpu_s, unit="s", note="what it takes on an idle machine"),
    ]


def _start(folder: Path) -> float:
    before = time.perf_counter()
    subprocess.run([CREWDESK, "--help"], cwd=folder, env=environment(), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - before


def _cpu_of_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
