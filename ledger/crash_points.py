"""Named places where a process can be told to die, so that every half-done state is reachable by a test.

Armed by `CREWDESK_CRASH_AT`; the process then ends with status 137, as if killed by SIGKILL.
"""

import os

_armed: str | None = None


def arm_crash_point(name: str | None) -> None:
    global _armed
    _armed = name


def crash_point(name: str) -> None:
    if _armed == name:
        os._exit(137)
