"""What a parsing child and its parent say to each other over one socket.

The child is not trusted: a hostile file may have taken it over. So it answers in JSON of bounded size, which
is checked against a model before anything of it is used; nothing is ever unpickled.
"""

import socket
import struct
import time

from pydantic import BaseModel, ConfigDict

from knowledge.loading.blocks import Block, FileStatus, LoadedFile, is_clean

READY = b"\x06"
REQUEST = struct.Struct("!IQ")  # length of the name, length of the content
ANSWER = struct.Struct("!Q")  # length of the JSON

_DEEPEST_LEVEL = 1000


class AnswerTooLong(Exception):
    """The child says that it will send more than anybody asked for."""


class Answer(BaseModel):
    """`leaves` says that the child goes after this answer, to be replaced by a fresh one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: LoadedFile
    leaves: bool


def is_plausible(file: LoadedFile) -> bool:
    """Whether the rest of Crewdesk may rely on it as on what our loaders give: text that a database stores,
    blocks if it is readable, and a reason if not."""
    texts = (file.reason or "", file.title or "", *file.hidden)
    return (
        (file.status is FileStatus.OK) == bool(file.blocks)
        and (file.status is FileStatus.OK or bool(file.reason))
        and all(map(is_clean, texts))
        and all(map(_is_plausible_block, file.blocks))
    )


def _is_plausible_block(block: Block) -> bool:
    texts = (block.text, block.place or "", *block.rows)
    return bool(block.text) and 0 <= block.level <= _DEEPEST_LEVEL and all(map(is_clean, texts))


def receive(channel: socket.socket, size: int, deadline: float | None = None) -> bytearray:
    """Exactly so many bytes. Raises EOFError if the other side is gone, TimeoutError at the deadline, which
    is in seconds of `time.monotonic`."""
    received = bytearray(size)
    view = memoryview(received)
    while view:
        set_timeout(channel, deadline)
        count = channel.recv_into(view)
        if not count:
            raise EOFError
        view = view[count:]
    return received


def set_timeout(channel: socket.socket, deadline: float | None) -> None:
    """Raises TimeoutError if the deadline is over."""
    if deadline is None:
        channel.settimeout(None)
        return
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    channel.settimeout(left_s)
