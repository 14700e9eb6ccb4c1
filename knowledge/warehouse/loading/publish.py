"""Publishes a load's rows: one Parquet file, whole before it has its name, and only then recorded.

A process that dies on the way leaves the last version served; what it left behind goes with a later load.
One process at a time loads into a warehouse.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from knowledge.warehouse.errors import LoadRunning
from knowledge.warehouse.loading.quarantine import SUFFIX
from knowledge.warehouse.loading.source import literal
from knowledge.warehouse.loading.workbench import Workbench
from ledger.crash_points import crash_point
from ledger.data_products import LoadState, ProductLoad, list_loads, record_load
from ledger.db import Database

BEFORE_RECORD = "warehouse.before_record"
KEPT_FILES = 5
# The folder a load works in; it goes with the load, unless that dies.
SCRATCH = ".scratch"
_LEFTOVER_AGE = timedelta(hours=1)
_LOCK = "loading.lock"
# More than anybody looks back; files of loads older than these are leftovers as well.
_REMEMBERED = 200


@contextmanager
def hold_loading(folder: Path) -> Iterator[None]:
    """Raises LoadRunning. The turn ends with the process however it dies."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LoadRunning("Another load is at work in this warehouse; wait until it has ended.") from None
        yield
    finally:
        os.close(handle)


def write_rows(bench: Workbench, path: Path) -> int:
    """The conformed rows as a Parquet file; returns its size in bytes. Only the file's owner can read it."""
    part = path.with_name(f"{path.name}.part")
    bench.run(f"COPY product_rows TO {literal(str(part))} (FORMAT parquet, COMPRESSION zstd)")
    part.chmod(0o600)
    _sync(part)
    part.rename(path)
    _sync(path.parent)
    return path.stat().st_size


def record_published(db: Database, load: ProductLoad) -> None:
    """From here on it is served; its file has to be complete."""
    crash_point(BEFORE_RECORD)
    record_load(db, load)


def remove_old_files(db: Database, product: str, folder: Path, now: datetime) -> None:
    """Keeps the last published files, and the rows kept back by loads that are remembered; removes what no
    load is known of once it is an hour old."""
    if not folder.is_dir():
        return
    loads = list_loads(db, product, _REMEMBERED)
    # Asked for apart: what is served may be older than all that was kept back since.
    published = [load.id for load in list_loads(db, product, _REMEMBERED, state=LoadState.PUBLISHED)]
    kept = {f"{load_id}.parquet" for load_id in published[:KEPT_FILES]}
    kept |= {f"{load.id}{SUFFIX}" for load in loads}
    outlived = {f"{load_id}.parquet" for load_id in published[KEPT_FILES:]}
    for path in folder.iterdir():
        age = now - datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if path.name in outlived or (path.name not in kept and age > _LEFTOVER_AGE):
            _remove(path)


def _remove(path: Path) -> None:
    if path.suffix == SCRATCH:
        shutil.rmtree(path, ignore_errors=True)
    elif path.is_file():
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
