"""What a stand-in received, in order, readable from any thread, with waiting that has a deadline."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Journal(Generic[T]):
    """An append-only list; reading gives a snapshot, so an entry never changes under an assertion."""

    def __init__(self) -> None:
        self._entries: list[T] = []
        self._changed = threading.Condition()

    def append(self, entry: T) -> None:
        with self._changed:
            self._entries.append(entry)
            self._changed.notify_all()

    def append_indexed(self, build: Callable[[int], T]) -> T:
        """Appends what `build` makes of the entry's own index."""
        with self._changed:
            entry = build(len(self._entries))
            self._entries.append(entry)
            self._changed.notify_all()
            return entry

    def snapshot(self) -> tuple[T, ...]:
        with self._changed:
            return tuple(self._entries)

    def clear(self) -> None:
        with self._changed:
            self._entries.clear()

    def wait_for(self, count: int, timeout_s: float = 10.0) -> tuple[T, ...]:
        """The entries once there are at least `count`; raises TimeoutError saying how many came."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._entries) >= count, timeout_s):
                raise TimeoutError(f"{len(self._entries)} of {count} entries within {timeout_s} s")
            return tuple(self._entries)

    def wait_until(self, wanted: Callable[[T], bool], timeout_s: float = 10.0) -> T:
        """The first entry that `wanted` accepts; raises TimeoutError showing what came instead."""
        with self._changed:
            if not self._changed.wait_for(lambda: any(map(wanted, self._entries)), timeout_s):
                raise TimeoutError(f"no such entry within {timeout_s} s among {self._entries!r}")
            return next(filter(wanted, self._entries))

    def __len__(self) -> int:
        return len(self.snapshot())

    def __getitem__(self, index: int) -> T:
        return self.snapshot()[index]

    def __iter__(self) -> Iterator[T]:
        return iter(self.snapshot())

    def __repr__(self) -> str:
        return f"Journal({list(self.snapshot())!r})"


class Latch:
    """A gate a test opens once; a server's coroutine waits at it without holding a thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = False
        self._wakers: list[Callable[[], Any]] = []
        self._reached = threading.Event()

    def release(self) -> None:
        with self._lock:
            self._open = True
            wakers, self._wakers = self._wakers, []
        for wake in wakers:
            wake()

    async def passed(self) -> None:
        """Returns once the gate is open."""
        loop, opened = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            if not self._open:
                self._wakers.append(lambda: _wake(loop, opened))
            else:
                opened.set()
        self._reached.set()
        await opened.wait()

    def wait_reached(self, timeout_s: float = 10.0) -> None:
        """Returns once somebody stands at the gate; raises TimeoutError when nobody came."""
        if not self._reached.wait(timeout_s):
            raise TimeoutError(f"nothing reached the gate within {timeout_s} s")


def _wake(loop: asyncio.AbstractEventLoop, opened: asyncio.Event) -> None:
    # A server that was stopped meanwhile took its waiters with it.
    if not loop.is_closed():
        loop.call_soon_threadsafe(opened.set)
