"""A thread that does one thing again and again until it is stopped, and survives that thing's failures."""

import threading
from collections.abc import Callable

from ledger.errors import CrewdeskError
from ledger.log import get_logger

_log = get_logger(__name__)

PAUSE_AFTER_FAILURE_S = 1.0


class SteadyLoop:
    """Calls `step` at once again while it returns True, else after `interval_s` or a `wake`."""

    def __init__(self, name: str, step: Callable[[], bool], interval_s: float) -> None:
        self._name = name
        self._step = step
        self._interval_s = interval_s
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._woken.set()

    def stop(self, timeout_s: float) -> None:
        """Lets the step at hand finish."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            if not self._step_safely():
                # A wake that came after the step looked is kept in the event; nothing is slept over.
                self._woken.wait(self._interval_s)

    def _step_safely(self) -> bool:
        try:
            return self._step()
        except CrewdeskError as error:
            _log.warning("loop_step_failed", loop=self._name, reason=str(error))
        except Exception:  # noqa: BLE001 - last resort: a thread that died here would leave people without answers
            _log.exception("loop_step_crashed", loop=self._name)
        self._stopping.wait(PAUSE_AFTER_FAILURE_S)
        return False
