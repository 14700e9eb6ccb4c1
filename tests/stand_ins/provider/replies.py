"""What a scripted model can say, and the ways it can fail to say it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.stand_ins.journal import Latch


@dataclass(frozen=True, slots=True)
class Text:
    """An answer in words; `finish_reason="length"` is one that was cut off by its token limit."""

    content: str
    finish_reason: str = "stop"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool; `arguments` given as a string goes out as it is, well-formed or not."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Empty:
    """A well-formed completion that says nothing and calls nothing."""


@dataclass(frozen=True, slots=True)
class HttpError:
    """An error status with the provider's error JSON; `retry_after` in seconds."""

    status: int
    retry_after: float | None = None
    code: str | None = None
    message: str = "The scripted provider was told to fail here."


@dataclass(frozen=True, slots=True)
class Timeout:
    """Hangs until the latch is released (then says `then`) or the client gives up."""

    latch: Latch = field(default_factory=Latch)
    then: Text | tuple[ToolCall, ...] = Text("late")

    def release(self) -> None:
        self.latch.release()


@dataclass(frozen=True, slots=True)
class CutConnection:
    """Breaks off after `after_bytes` of the body; at 0 the connection is reset before any answer."""

    after_bytes: int = 0
    reply: Text | tuple[ToolCall, ...] = Text("an answer that never arrives whole")


@dataclass(frozen=True, slots=True)
class Trickle:
    """Sends the body in pieces of `chunk_bytes`, `pause_s` apart."""

    reply: Text
    chunk_bytes: int = 1
    pause_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Garbage:
    """Status 200 and these bytes in place of a completion."""

    body: bytes
    content_type: str = "application/json"


Said = Text | Empty | tuple[ToolCall, ...]
Reply = (
    Text | Empty | ToolCall | tuple[ToolCall, ...] | HttpError | Timeout | CutConnection | Trickle | Garbage
)
