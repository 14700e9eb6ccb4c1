"""What a process and its files take."""

import resource
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil

MB = 1_000_000


def peak_resident_mb() -> float:
    """Of this process so far, without its children."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (peak if sys.platform == "darwin" else peak * 1024) / MB


def resident_mb() -> float:
    """Of this process now."""
    return float(psutil.Process().memory_info().rss) / MB


def bytes_on_disk(paths: Iterable[Path]) -> int:
    """Of files and of folders with all they hold, as allocated: engines make files with holes in them."""
    files = (file for path in paths for file in (path, *path.rglob("*")) if file.is_file())
    return sum(file.stat().st_blocks * 512 for file in files)
