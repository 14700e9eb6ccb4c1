"""Ends a call at its deadline, whatever the other side does: a provider that sends its answer a byte at a
time satisfies every timeout an SDK knows, as each of them is for one read.

The call runs in a thread of its own and is left to itself when its time is up or the step is cancelled; what
it still brings is dropped.
"""

import contextvars
import threading
import time
from collections.abc import Callable
from typing import Any

# How soon a cancelled step is let go.
_LOOK_S = 0.25


class CallTimedOut(Exception):
    """The call did not end in its time."""


class CallAbandoned(Exception):
    """Nobody wants the answer any more."""


def call_within(seconds: float, work: Callable[[], Any], cancelled: threading.Event) -> Any:
    """What `work` returns or raises. Raises CallTimedOut, CallAbandoned."""
    outcome: dict[str, Any] = {}
    done = threading.Event()

    def run() -> None:
        try:
            outcome["reply"] = work()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits, whatever it is
            outcome["error"] = error
        finally:
            done.set()

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="timed-call", daemon=True).start()
    deadline = time.monotonic() + seconds
    while not done.wait(max(0.0, min(_LOOK_S, deadline - time.monotonic()))):
        if cancelled.is_set():
            raise CallAbandoned("the step was cancelled meanwhile")
        if time.monotonic() >= deadline:
            raise CallTimedOut(f"no whole answer within {seconds:.0f} s")
    if "error" in outcome:
        raise outcome["error"]
    return outcome["reply"]
