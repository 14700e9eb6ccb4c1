"""How long a Socket Mode connection has been silent.

A connection can stall while its client takes it for open, so only what arrived counts: an envelope, or an
answer to a ping.
"""

import threading
import time
from collections.abc import Callable


class Pulse:
    """`clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._heard_s = clock()
        self._last_pong: float | None = None

    def heard(self) -> None:
        with self._lock:
            self._heard_s = self._clock()

    def see_pong(self, sent_at: float | None) -> None:
        """`sent_at` marks the last ping that was answered; only a new mark is news."""
        with self._lock:
            if sent_at is not None and sent_at != self._last_pong:
                self._last_pong, self._heard_s = sent_at, self._clock()

    def silent_s(self) -> float:
        with self._lock:
            return self._clock() - self._heard_s
