"""Bars on stderr while documents are ingested: files read, passages embedded, how fast, how much longer.

Where nobody watches, nothing is printed.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    from knowledge.ingest_report import IngestProgress

_PHASES = {
    "checking": "Looking for changes",
    "reading": "Reading files",
    "embedding": "Embedding passages",
    "finishing": "Switching documents",
}


@contextmanager
def progress_bars() -> Iterator[Callable[["IngestProgress"], None]]:
    if not sys.stderr.isatty():
        yield lambda _progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:<20}"),
        BarColumn(),
        MofNCompleteColumn(),
        _rate_column(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks = {phase: bars.add_task(name, total=None, visible=False) for phase, name in _PHASES.items()}

        def show(progress: "IngestProgress") -> None:
            # `reading` tells which file it is at, so the last one is never counted as done by itself.
            done = progress.done + 1 if progress.path is not None else progress.done
            bars.update(tasks[progress.phase], completed=done, total=progress.total, visible=True)

        yield show


def _rate_column() -> "ProgressColumn":
    from rich.progress import ProgressColumn
    from rich.text import Text

    class RateColumn(ProgressColumn):
        def render(self, task: "Task") -> "Text":
            return Text(f"{task.speed:,.0f}/s" if task.speed else "")

    return RateColumn()
