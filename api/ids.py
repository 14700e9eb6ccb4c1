"""Ids in addresses: what cannot be one gets the answer of an id nobody has."""

import re

from ledger.errors import NotFound

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def checked_id(noun: str, given: str) -> str:
    """Raises NotFound."""
    if _ID.fullmatch(given) is None:
        raise NotFound(f"There is no {noun} {given[:80]}.")
    return given
