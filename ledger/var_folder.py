"""The `var/` folder of an embedded installation, held by one process at a time.

The engines under it (the Qdrant shard above all) allow one process; the lock turns their failures into one
sentence and tells the next process that whoever held a lease here before is gone.
"""

import fcntl
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import SettingsInvalid, VarInUse
from ledger.settings import ApiSettings

_SECRET_BYTES = 32


@contextmanager
def hold_var(folder: Path, role: str) -> Iterator[None]:
    """Raises VarInUse if another process holds it, SettingsInvalid if it cannot be written."""
    path = folder / "lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SettingsInvalid(
            f"The folder {folder} cannot be written ({error.strerror}); set CREWDESK_VAR to one that can."
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 200, 0).decode(errors="replace").strip() or "another process"
            raise VarInUse(
                f"The folder {folder} is in use by {holder}; "
                "stop it first, or set CREWDESK_VAR to another folder."
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"`crewdesk {role}` (process {os.getpid()})\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def api_key_secret(settings: ApiSettings) -> bytes:
    """What API keys are hashed with: the one that is set, or this installation's own."""
    if settings.api_key_secret is not None:
        return settings.api_key_secret.get_secret_value().encode()
    return installation_secret(settings.var)


def installation_secret(folder: Path) -> bytes:
    """A random secret made once for this installation, readable by its owner only."""
    path = folder / "api-key-secret"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make_secret(path)
    secret = path.read_bytes()
    if len(secret) < _SECRET_BYTES:
        raise SettingsInvalid(
            f"The file {path} is cut short; restore it, or delete it and make new API keys for everybody."
        )
    return secret


def _make_secret(path: Path) -> None:
    # Linked into place when whole: another process must never read half a secret, nor replace one in use.
    handle, whole = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(_SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(whole)
    except FileExistsError:
        pass
    finally:
        Path(whole).unlink()
