"""Tokens that stand for personal data in everything a run records, and the way back for those entitled.

Within one run a value has one token, whichever step or worker met it first; in another run it has another
number, so that tokens tell nothing across runs.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from ledger.db import Database
from ledger.run_lock import lock_run
from ledger.schema import PiiTokenRow

_TOKENS = cast(Table, PiiTokenRow.__table__).c
_OF_RUN = select(_TOKENS.token, _TOKENS.value).where(_TOKENS.run_id == bindparam("run"))
_TOKEN = re.compile(r"\[[A-Z]+(?:_[A-Z]+)*_[1-9]\d*\]")


@dataclass(frozen=True, slots=True)
class PersonalValue:
    """`kind` names what it is, in small letters: `email`, `phone`."""

    kind: str
    value: str

    @property
    def digest(self) -> str:
        """Equal for two spellings of one value: capitals and separators do not count."""
        normal = re.sub(r"[\s().\-/]", "", self.value) if "@" not in self.value else self.value
        return hashlib.sha256(normal.casefold().encode("utf-8", "replace")).hexdigest()


def tokens_in_text(text: str) -> set[str]:
    """What looks like a token, whether it stands for anything or not."""
    return set(_TOKEN.findall(text))


def without_tokens(text: str) -> str:
    return _TOKEN.sub(" ", text)


def assign_tokens(db: Database, run_id: str, values: Sequence[PersonalValue]) -> dict[PersonalValue, str]:
    """Each value's token: the one it has in this run, or a new one."""
    if not values:
        return {}
    with db.record() as session:
        # Locked, or two parallel steps would give out the same number.
        lock_run(session, run_id)
        rows = list(session.scalars(select(PiiTokenRow).where(PiiTokenRow.run_id == run_id)))
        known = {(row.kind, row.digest): row.token for row in rows}
        used = Counter(row.kind for row in rows)
        assigned = {}
        for value in values:
            key = (value.kind, value.digest)
            if key not in known:
                used[value.kind] += 1
                known[key] = f"[{value.kind.upper()}_{used[value.kind]}]"
                session.add(_row(run_id, value, known[key]))
            assigned[value] = known[key]
        return assigned


def list_tokens(db: Database, run_id: str) -> dict[str, str]:
    """By token, the value it stands for in this run."""
    with db.read() as session:
        return tokens_of(session, run_id)


def tokens_of(session: Session, run_id: str) -> dict[str, str]:
    """For a reader that has a transaction already."""
    return {row.token: row.value for row in session.connection().execute(_OF_RUN, {"run": run_id})}


def reveal(text: str, tokens: Mapping[str, str]) -> str:
    """The text with each of these tokens replaced by its value; what only looks like one stays."""
    return _TOKEN.sub(lambda match: tokens.get(match[0], match[0]), text)


def reveal_in(data: Any, tokens: Mapping[str, str]) -> Any:
    """The same for every string in JSON data."""
    if isinstance(data, str):
        return reveal(data, tokens)
    if isinstance(data, dict):
        return {key: reveal_in(item, tokens) for key, item in data.items()}
    if isinstance(data, list | tuple):
        return [reveal_in(item, tokens) for item in data]
    return data


def _row(run_id: str, value: PersonalValue, token: str) -> PiiTokenRow:
    return PiiTokenRow(run_id=run_id, token=token, kind=value.kind, value=value.value, digest=value.digest)
