"""`python -m knowledge.loading.child LIMITS`: parses the files that come in on its standard input, a socket.

It runs apart from the process it serves, with an empty environment and within limits of memory, processor
time and files, so that a hostile file can take down nothing but itself. It ends when its parent does.
"""

import os
import resource
import socket
import sys
from pathlib import Path

from pydantic import TypeAdapter

from knowledge.loading.answer import ANSWER, READY, REQUEST, Answer, receive
from knowledge.loading.blocks import FileStatus, LoadedFile
from knowledge.loading.limits import ParserLimits
from knowledge.loading.load import load_file

_CPU_GRACE_S = 5
_MOST_WRITTEN_BYTES = 1024
_STATM = Path("/proc/self/statm")


def main(arguments: list[str]) -> int:
    limits = TypeAdapter(ParserLimits).validate_json(arguments[0])
    channel = _take_channel()
    _limit_process(limits)
    channel.sendall(READY)
    for served in range(1, limits.files_per_child + 1):
        try:
            name, content = _receive_request(channel)
        except EOFError:
            break
        _limit_cpu(limits)
        loaded = load_file(name, content)
        leaves = served == limits.files_per_child or _resident_bytes() > limits.recycle_bytes
        answer = _encode(loaded, limits, leaves=leaves)
        channel.sendall(ANSWER.pack(len(answer)))
        channel.sendall(answer)
        if leaves:
            break
    return 0


def _take_channel() -> socket.socket:
    """The socket moves away from standard input, and all three standard streams lead nowhere: what a parser
    prints can neither reach a terminal nor mix into an answer, nor does a program it starts inherit it."""
    channel = socket.socket(fileno=os.dup(0))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    return channel


def _limit_process(limits: ParserLimits) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # No more than the runtime under pandoc needs for a counter of its own; Python turns the signal into an
    # OSError.
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_WRITTEN_BYTES, _MOST_WRITTEN_BYTES))
    if sys.platform != "darwin":  # which refuses or ignores it
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))


def _limit_cpu(limits: ParserLimits) -> None:
    """For this file alone, and a little longer than its parent waits: it ends a parse whose parent is
    gone."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used_s = int(usage.ru_utime + usage.ru_stime)
    allowed_s = used_s + int(limits.wall_s) + _CPU_GRACE_S
    resource.setrlimit(resource.RLIMIT_CPU, (allowed_s, resource.RLIM_INFINITY))


def _receive_request(channel: socket.socket) -> tuple[str, bytes]:
    name_size, content_size = REQUEST.unpack(receive(channel, REQUEST.size))
    name = receive(channel, name_size).decode("utf-8", "replace")
    return name, bytes(receive(channel, content_size))


def _encode(loaded: LoadedFile, limits: ParserLimits, *, leaves: bool) -> bytes:
    try:
        answer = Answer(file=loaded, leaves=leaves).model_dump_json().encode()
    except MemoryError:
        answer = None
    if answer is not None and len(answer) <= limits.answer_bytes:
        return answer
    reason = f"its text has more than the {limits.answer_bytes // 1024**2} MB that Crewdesk reads"
    too_large = LoadedFile(FileStatus.TOO_LARGE, reason)
    return Answer(file=too_large, leaves=True).model_dump_json().encode()


def _resident_bytes() -> int:
    try:
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    except OSError:
        # Elsewhere only the highest ever is told, in bytes on macOS; a child may then leave earlier than it
        # needs.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
