"""Ids: time-ordered for rows, derived for whatever may be sent twice.

A trace id, a span id and a delivery id are functions of the run's own ids, so a second sending is
recognised as one.
"""

import hashlib
import uuid

import uuid_utils

_CREWDESK = uuid.UUID("0193c0de-0000-7000-8000-637265776465")


def new_id() -> str:
    """A fresh UUIDv7 (RFC 9562), so that ids sort by the time they were made."""
    return str(uuid_utils.uuid7())


def derive_id(*parts: str) -> str:
    """The UUID that always stands for these parts."""
    return str(uuid.uuid5(_CREWDESK, "/".join(parts)))


def trace_id_for(run_id: str) -> str:
    """32 hex digits; the same value as Langfuse's `create_trace_id(seed=run_id)`."""
    return hashlib.sha256(run_id.encode()).digest()[:16].hex()


def span_id_for(*parts: str) -> str:
    """16 hex digits, the width OpenTelemetry gives a span id."""
    return hashlib.sha256("/".join(parts).encode()).digest()[:8].hex()


def short_id(any_id: str) -> str:
    """The last eight characters: what a person is shown and can search for."""
    return any_id[-8:]
