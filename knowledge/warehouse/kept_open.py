"""Things that are costly to open and used by one thread at a time, kept for the next who needs the same."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar


class _Closes(Protocol):
    def close(self) -> None: ...


T = TypeVar("T", bound=_Closes)


class KeptOpen(Generic[T]):
    """Up to `most` that nobody uses, of which the longest unused one is closed first; two who need the same
    at the same time get one each."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._idle: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def use(self, key: Hashable, make: Callable[[], T]) -> Iterator[T]:
        """What fails in between is closed, not kept."""
        with self._lock:
            item = self._idle.pop(key, None)
        item = item or make()
        try:
            yield item
        except BaseException:
            item.close()
            raise
        self._keep(key, item)

    def close(self) -> None:
        with self._lock:
            items = list(self._idle.values())
            self._idle.clear()
        for item in items:
            item.close()

    def _keep(self, key: Hashable, item: T) -> None:
        surplus = []
        with self._lock:
            if key in self._idle:
                surplus.append(item)
            else:
                self._idle[key] = item
            while len(self._idle) > self._most:
                surplus.append(self._idle.popitem(last=False)[1])
        for each in surplus:
            each.close()
