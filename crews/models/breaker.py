"""Keeps a candidate that is down from being asked again and again by every step of this process.

After `TRIPS_AFTER` calls in a row that were given up, nobody asks it for `RESTS_S`; then one caller may, and
what comes of that decides for all.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

TRIPS_AFTER = 3
RESTS_S = 30.0


class Admission(Enum):
    """`PROBE`: the one call after a rest."""

    CALL = auto()
    PROBE = auto()


@dataclass(slots=True)
class CircuitBreaker:
    """Thread-safe. Whoever was admitted tells what came of it: `succeeded`, `failed`, or `left` where the
    call says nothing of the candidate."""

    clock: Callable[[], float] = time.monotonic
    _failures: int = 0
    _opened_at: float | None = None
    _probing: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self) -> Admission | None:
        """None while the candidate rests."""
        with self._lock:
            if self._opened_at is None:
                return Admission.CALL
            if self._probing or self.clock() - self._opened_at < RESTS_S:
                return None
            self._probing = True
            return Admission.PROBE

    def succeeded(self) -> None:
        with self._lock:
            self._failures, self._opened_at, self._probing = 0, None, False

    def failed(self, admission: Admission) -> None:
        with self._lock:
            self._failures += 1
            probed = admission is Admission.PROBE
            # A call that was let in before the others failed tells nothing new.
            if probed or (self._opened_at is None and self._failures >= TRIPS_AFTER):
                self._opened_at = self.clock()
            if probed:
                self._probing = False

    def left(self, admission: Admission) -> None:
        with self._lock:
            if admission is Admission.PROBE:
                self._probing = False
