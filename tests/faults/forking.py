"""Forks of a process that has imported everything, so that a trial costs no more than its own work.

Much is imported only where it is needed, in the midst of that work. What one child imported is therefore
imported here before the next is forked.
"""

import importlib
import os
import sys
from collections.abc import Callable
from contextlib import suppress


class Forks:
    """Must not be made in a process that has threads or an open database."""

    def __init__(self) -> None:
        self._told = os.memfd_create("imports")

    def start(self, work: Callable[[], object]) -> int:
        """The process id of a child that does this work and ends with status 0, or 1 if it fails."""
        self._import_what_was_told()
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            work()
            self.tell_imports()
            status = 0
        finally:
            os._exit(status)

    def tell_imports(self) -> None:
        """For a child that will not come to its end."""
        # In one write, as another child may tell of its own at the same time.
        os.write(self._told, "".join(f"{name}\n" for name in sys.modules).encode())

    def _import_what_was_told(self) -> None:
        names = os.pread(self._told, os.fstat(self._told).st_size, 0).decode().split()
        os.ftruncate(self._told, 0)
        os.lseek(self._told, 0, os.SEEK_SET)
        for name in dict.fromkeys(names):
            # Some were made by the import of another, and cannot be found.
            if name not in sys.modules:
                with suppress(ImportError):
                    importlib.import_module(name)
