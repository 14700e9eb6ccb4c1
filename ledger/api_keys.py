"""API keys: `cd_<id>_<secret>`, of which only a keyed hash is kept."""

import hashlib
import hmac
import re
import secrets

from ledger.audit import append_audit
from ledger.db import Database, now_in
from ledger.errors import NotFound, NotPermitted, UnknownPrincipal
from ledger.people import Principal, principal_by
from ledger.schema import ApiKeyRow

_KEY = re.compile(r"cd_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_REFUSAL = "This API key is not valid."


def create_api_key(db: Database, secret: bytes, email: str) -> str:
    """The whole key, shown this once. Raises UnknownPrincipal."""
    key_id = secrets.token_hex(6)
    key = f"cd_{key_id}_{secrets.token_urlsafe(32)}"
    with db.write() as session:
        principal = principal_by(session, email=email)
        session.add(
            ApiKeyRow(
                id=key_id, principal_id=principal.id, digest=_digest(secret, key), created_at=now_in(session)
            )
        )
        append_audit(session, principal.email, "api_key.created", key_id, {})
    return key


def revoke_api_key(db: Database, key_id: str) -> None:
    """Raises NotFound."""
    with db.write() as session:
        row = session.get(ApiKeyRow, key_id)
        if row is None:
            raise NotFound(f"There is no API key with the id {key_id}.")
        row.revoked_at = row.revoked_at or now_in(session)
        append_audit(session, "cli", "api_key.revoked", key_id, {})


def principal_for_key(db: Database, secret: bytes, presented: str) -> Principal:
    """Raises NotPermitted, with one and the same sentence whatever is wrong with the key."""
    match = _KEY.fullmatch(presented)
    if match is None:
        raise NotPermitted(_REFUSAL)
    with db.read() as session:
        row = session.get(ApiKeyRow, match[1])
        # Compared even when the row is missing, so that time does not tell which ids exist.
        same = hmac.compare_digest(row.digest if row else "", _digest(secret, presented))
        if row is None or not same or row.revoked_at is not None:
            raise NotPermitted(_REFUSAL)
        try:
            return principal_by(session, principal_id=row.principal_id)
        except UnknownPrincipal:
            raise NotPermitted(_REFUSAL) from None


def _digest(secret: bytes, key: str) -> str:
    return hmac.new(secret, key.encode(), hashlib.sha256).hexdigest()
