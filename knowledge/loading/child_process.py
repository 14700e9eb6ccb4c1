"""The child as its parent holds it: started bare, spoken to over a socket, ended with all it has started."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict

from knowledge.loading.answer import ANSWER, READY, REQUEST, Answer, AnswerTooLong, receive, set_timeout
from knowledge.loading.blocks import FileStatus
from knowledge.loading.limits import ParserLimits
from ledger.errors import CrewdeskError, ErrorKind

_PROGRAM = "knowledge.loading.child"
_LAST_WORDS_S = 5.0
# Killed by the system, out of processor time, or aborted, as parsers in C++ do when they get no more memory.
_SPENT = frozenset({signal.SIGKILL, signal.SIGXCPU, signal.SIGABRT})


class ParserUnavailable(CrewdeskError):
    """No child process could be started, whatever file it was for."""

    code = "parser_unavailable"
    kind = ErrorKind.UNAVAILABLE
    worth_retrying = True


class ChildProcess:
    """Raises ParserUnavailable if it does not start."""

    def __init__(self, limits: ParserLimits) -> None:
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = _start(theirs, limits)
        try:
            ready = receive(self._channel, len(READY), time.monotonic() + limits.start_s)
        except (TimeoutError, EOFError, ConnectionError):
            ready = bytearray()
        if ready != READY:
            self.end()
            raise ParserUnavailable("The process that reads files does not start; see `crewdesk doctor`.")

    def is_ready(self) -> bool:
        """Whether it lives and is silent: what it says unasked would be taken for its next answer."""
        self._channel.setblocking(False)
        try:
            self._channel.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return self._process.poll() is None
        except ConnectionError:
            return False
        return False

    def send(self, name: str, content: bytes, deadline: float) -> None:
        """Raises ConnectionError if the child is gone, TimeoutError at the deadline."""
        encoded = name.encode("utf-8", "replace")
        for part in (REQUEST.pack(len(encoded), len(content)), encoded, content):
            set_timeout(self._channel, deadline)
            self._channel.sendall(part)

    def receive_answer(self, deadline: float, most_bytes: int) -> Answer:
        """Raises EOFError if the child dies, ValidationError or AnswerTooLong for what is no answer."""
        (size,) = ANSWER.unpack(receive(self._channel, ANSWER.size, deadline))
        if size > most_bytes:
            raise AnswerTooLong
        return Answer.model_validate_json(bytes(receive(self._channel, size, deadline)))

    def why_died(self) -> tuple[FileStatus, str]:
        """Status and reason of the file on which it died."""
        try:
            code = self._process.wait(_LAST_WORDS_S)
        except subprocess.TimeoutExpired:
            return FileStatus.CORRUPT, "its parser fell silent"
        if -code in _SPENT:
            return FileStatus.TOO_LARGE, "reading it takes more memory or time than it may"
        cause = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return FileStatus.CORRUPT, f"its parser crashed ({cause})"

    def end(self) -> None:
        """There is nothing it could want to save."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._channel.close()


def _start(theirs: socket.socket, limits: ParserLimits) -> "subprocess.Popen[bytes]":
    # -P: a module that lies in the current folder is not imported.
    command = [sys.executable, "-P", "-B", "-m", _PROGRAM, json.dumps(asdict(limits))]
    try:
        return subprocess.Popen(
            command,
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            # Ctrl-C in a terminal is for its parent, and all it starts can be ended together.
            start_new_session=True,
        )
    except OSError as error:
        raise ParserUnavailable(f"The process that reads files does not start ({error}).") from error


def _environment() -> dict[str, str]:
    """Nothing of the parent's, whose secrets a hostile file must not find; only where Python finds its
    modules."""
    return {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONUTF8": "1",
        "PATH": os.defpath,
        "LC_ALL": "C.UTF-8",
        # One thread is enough, and each more reserves address space.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
