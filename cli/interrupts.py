"""Ctrl-C that is not lost: a library that is just being imported may swallow what it raises."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def kept_interrupts() -> Iterator[threading.Event]:
    """Set once somebody has interrupted, whatever became of the exception. For the main thread alone."""
    asked = threading.Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        asked.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def give_in(asked: threading.Event) -> None:
    """Raises KeyboardInterrupt if somebody has interrupted."""
    if asked.is_set():
        raise KeyboardInterrupt
