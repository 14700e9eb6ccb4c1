"""Exported models under `var/models/`: made at first need, once however many processes need them at once.

The folder may be deleted at any time. One that was is filled again, as is one whose file was damaged.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from knowledge.embedding.export_record import EXPORTED, RECIPE, adopt, is_whole
from knowledge.embedding.model_folder import ModelFolder
from ledger.log import get_logger

_EXPORT_S = 600.0

_log = get_logger(__name__)


def exported_model(models: Path, model: ModelFolder) -> Path | None:
    """The model's file for onnxruntime; None, with the reason in the log, where none can be made."""
    key = hashlib.sha256(f"{RECIPE} {model.key}".encode()).hexdigest()
    folder = models / f"{model.title}-{key[:12]}"
    try:
        if not is_whole(folder):
            _export_once(folder, model)
    except (OSError, _ExportFailed, subprocess.TimeoutExpired) as error:
        _log.warning("embedding_model_not_exported", model=model.name, reason=str(error))
        return None
    return folder / EXPORTED


class _ExportFailed(Exception):
    """With the last words of the process."""


def _export_once(folder: Path, model: ModelFolder) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        # Another process may have done it while this one waited.
        if is_whole(folder):
            return
        started = time.monotonic()
        with tempfile.TemporaryDirectory(dir=folder, prefix="draft-") as draft:
            _run_export(model.path, Path(draft))
            adopt(Path(draft), folder)
        _log.info("embedding_model_exported", model=model.name, seconds=round(time.monotonic() - started, 1))


def _run_export(model: Path, draft: Path) -> None:
    # -P: a folder named like one of our packages, where the caller stands, must not be taken for it.
    command = [sys.executable, "-P", "-m", "knowledge.embedding.export", str(model), str(draft)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_EXPORT_S, check=False
    )
    if done.returncode != 0:
        raise _ExportFailed((done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1])


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
