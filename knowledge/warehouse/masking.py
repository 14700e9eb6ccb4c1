"""What stands in place of a value somebody may not see.

A hash is keyed with a salt of this installation alone: it says which values are equal within one column, and
cannot be got by hashing guesses elsewhere.
"""

import os
import secrets
from pathlib import Path

import ibis
from ibis.expr import types as ir

from knowledge.warehouse.spec import Column, MaskKind
from ledger.errors import WorkspaceInvalid

_SALT_FILE = "mask.salt"
_SALT_LENGTH = 64
_HASH_LENGTH = 12
_HIDDEN = "***"
_SHORTEST_IN_PART = 3


def mask_column(table: ir.Table, product: str, column: Column, kind: MaskKind, salt: str) -> ir.Value:
    """Named as the column; text, but for `null`, which keeps the type. What a kind cannot be made of is left
    out whole."""
    value = table[column.name]
    if kind is MaskKind.HASH:
        masked = _hash(value, f"{salt}:{product}.{column.name}:")
    elif kind is MaskKind.PARTIAL and isinstance(value, ir.StringValue):
        masked = _part(value)
    elif kind is MaskKind.BUCKET and isinstance(value, ir.NumericValue) and column.bucket:
        masked = _range(value, column.bucket)
    elif kind is MaskKind.BUCKET and isinstance(value, ir.DateValue | ir.TimestampValue):
        masked = value.year().cast("string")
    else:
        masked = ibis.null(value.type().copy(nullable=True))
    return masked.name(column.name)


def read_salt(folder: Path) -> str:
    """Made at the first call, once, whoever calls first. Raises WorkspaceInvalid if it was damaged."""
    path = folder / _SALT_FILE
    if not path.exists():
        _make_salt(path)
    salt = path.read_text(encoding="ascii", errors="replace").strip()
    if len(salt) != _SALT_LENGTH or not salt.isalnum():
        raise WorkspaceInvalid(
            f"{path} is damaged; restore it, or remove it to have a new one made (hashes of masked values "
            "will be others from then on)."
        )
    return salt


def _make_salt(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{_SALT_FILE}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(_SALT_LENGTH // 2))
    try:
        # Linked, not renamed: whoever comes second keeps the first one's salt.
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _hash(value: ir.Value, key: str) -> ir.StringValue:
    text: ir.StringValue = ibis.literal(key) + value.cast("string")
    return text.hexdigest("sha256").left(_HASH_LENGTH)


def _part(value: ir.StringValue) -> ir.StringValue:
    """The first letter, where it is not most of the value; of an address for mail, that it is one. A domain
    may be one person's own."""
    name = value.split("@")[0]
    hidden = (name.length() >= _SHORTEST_IN_PART).ifelse(name.left(1), "") + _HIDDEN
    return value.contains("@").ifelse(hidden + "@" + _HIDDEN, hidden)


def _range(value: ir.NumericValue, width: float) -> ir.StringValue:
    whole = float(width).is_integer()
    low = (value.cast("float64") / width).floor() * width
    ends = [end.cast("int64") if whole else end for end in (low, low + width)]
    return ends[0].cast("string") + " to under " + ends[1].cast("string")
