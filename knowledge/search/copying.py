"""Copies the folder of an index as it lies on the disk.

An index reserves room for what may come, 200 MB for a handful of passages, as holes in its files, which take
no place; a plain copy fills them all with zeros.
"""

import errno
import os
import shutil
from pathlib import Path
from typing import BinaryIO

_CHUNK_BYTES = 1 << 20


def copy_index_folder(source: Path, target: Path) -> None:
    """Content, links and times. `target` may be there; what is in it under other names stays."""
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, copy_function=_copy_with_holes)


def _copy_with_holes(source: str, target: str) -> None:
    with Path(source).open("rb") as read, Path(target).open("wb") as write:
        size = os.fstat(read.fileno()).st_size
        at = _next_data(read, 0, size)
        while at < size:
            end = os.lseek(read.fileno(), at, os.SEEK_HOLE)
            _copy_range(read, write, at, end)
            at = _next_data(read, end, size)
        write.truncate(size)
    shutil.copystat(source, target)


def _copy_range(read: BinaryIO, write: BinaryIO, start: int, end: int) -> None:
    read.seek(start)
    write.seek(start)
    while chunk := read.read(min(_CHUNK_BYTES, end - read.tell())):
        write.write(chunk)


def _next_data(file: BinaryIO, start: int, size: int) -> int:
    """Where the next byte lies that is in no hole; `size` where there is none."""
    try:
        return os.lseek(file.fileno(), start, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return size
