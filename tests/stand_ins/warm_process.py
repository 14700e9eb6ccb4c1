"""A program in a process of its own, forked of one that has imported what crews and commands need.

Importing CrewAI takes a processor five seconds, and most commands less than one for all the rest. From there
on it is the real program, down to what a signal does to it and its exit status.
"""

import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.stand_ins.warm_imports"])


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended; below 0 its status is the signal that killed it."""

    status: int
    out: str
    err: str


class WarmProcess:
    """Runs `program`, which reads its arguments from `sys.argv`, in this environment and folder."""

    def __init__(
        self,
        program: Callable[[], None],
        arguments: Sequence[str],
        env: Mapping[str, str] = os.environ,
        cwd: Path | None = None,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="crewdesk-process-")
        self._out, self._err = (Path(self._folder.name) / name for name in ("out", "err"))
        self._process = _FORKS.Process(
            target=_run,
            args=(program, list(arguments), dict(env), cwd or Path.cwd(), self._out, self._err),
        )
        self._process.start()

    def send_signal(self, number: signal.Signals) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def end(self, timeout_s: float = 60.0) -> Ended:
        """Waits for it. One that does not end is killed; raises TimeoutError with what it said so far."""
        self._process.join(timeout_s)
        late = self._process.exitcode is None
        if late:
            self._process.kill()
            self._process.join()
        assert self._process.exitcode is not None
        ended = Ended(self._process.exitcode, self._out.read_text(), self._err.read_text())
        self._process.close()
        self._folder.cleanup()
        if late:
            raise TimeoutError(ended)
        return ended


def _run(
    program: Callable[[], None],
    arguments: list[str],
    env: dict[str, str],
    cwd: Path,
    out: Path,
    err: Path,
) -> None:
    for file, path in ((sys.stdout, out), (sys.stderr, err)):
        written = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(written, file.fileno())
        os.close(written)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = [program.__module__, *arguments]
    program()
