"""Parses files in a child process, so that a hostile or broken one costs its own parse only.

A child serves many files, since starting one takes about 0.2 s; it is replaced when it has died, run out of
time or grown. A file that takes its child over can lie about itself and what that child reads after it, and
can harm nothing else: what a child says is checked as what anybody says.
"""

import threading
import time
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from knowledge.loading.answer import AnswerTooLong, is_plausible
from knowledge.loading.blocks import FileStatus, LoadedFile
from knowledge.loading.child_process import ChildProcess, ParserUnavailable
from knowledge.loading.limits import ParserLimits


class Parser:
    """Starts its child with the first file. Threads may share one, and then wait for each other; to parse
    side by side, give each its own. Made before a fork, it must not be used on both sides of it."""

    def __init__(self, limits: ParserLimits | None = None) -> None:
        self._limits = limits or ParserLimits()
        self._lock = threading.Lock()
        self._child: ChildProcess | None = None

    def parse(self, name: str, content: bytes) -> LoadedFile:
        """Never raises for the file's sake; raises ParserUnavailable if no child can be started."""
        with self._lock:
            try:
                return self._parse(name, content)
            except ConnectionError:
                # The child was gone before it had taken the file in; what killed it was something else.
                self._end_child()
            try:
                return self._parse(name, content)
            except ConnectionError as error:
                self._end_child()
                raise ParserUnavailable(
                    "The process that reads files dies before it is given one."
                ) from error

    def close(self) -> None:
        with self._lock:
            self._end_child()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _parse(self, name: str, content: bytes) -> LoadedFile:
        child = self._ready_child()
        deadline = time.monotonic() + self._limits.wall_s
        is_settled = False
        try:
            child.send(name, content, deadline)
            answer = child.receive_answer(deadline, self._limits.answer_bytes)
            is_settled = not answer.leaves
        except TimeoutError:
            reason = f"reading it took longer than {self._limits.wall_s:.0f} seconds"
            return LoadedFile(FileStatus.TOO_LARGE, reason)
        except EOFError:
            return LoadedFile(*child.why_died())
        except (ValidationError, AnswerTooLong):
            return _without_sense()
        finally:
            # A child that was left half-way would give this file's answer to the next.
            if not is_settled:
                self._end_child()
        return answer.file if is_plausible(answer.file) else _without_sense()

    def _ready_child(self) -> ChildProcess:
        if self._child is not None and not self._child.is_ready():
            self._end_child()
        if self._child is None:
            self._child = ChildProcess(self._limits)
        return self._child

    def _end_child(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


def _without_sense() -> LoadedFile:
    return LoadedFile(FileStatus.CORRUPT, "its parser gave an answer that cannot be right")
