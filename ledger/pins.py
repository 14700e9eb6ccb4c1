"""What a run began with, besides its graph: crews, tools and models by the hash of their content, and the run
it repeats, if it repeats one.

A crew's spec is kept under its hash, so that a run can finish with it after the file has changed.
"""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from ledger.db import Database, insert_into, now_in
from ledger.schema import PinnedSpecRow, RunRow

_RUNS = cast(Table, RunRow.__table__)
_OF_RUN = _RUNS.c.id == bindparam("run")
_HELD = select(_RUNS.c.pins).where(_OF_RUN).with_for_update(key_share=True)
_PIN = update(_RUNS).where(_OF_RUN).values(pins=bindparam("as"))


class Pins(BaseModel):
    """Hashes by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    crews: dict[str, str]
    tools: dict[str, str]
    models: dict[str, str]


class Replay(BaseModel):
    """`of` is the original run, `by` the address of whoever replays it and pays for it; `model` the candidate
    that speaks instead of the record."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    of: str
    by: str
    model: str | None = None


def pin_run(db: Database, run_id: str, pins: Pins, specs: Mapping[str, BaseModel]) -> Pins:
    """Pins the run unless it is pinned; returns what holds. `specs` are the crews' by hash."""
    # A power cut that loses the pins loses all that was done with them: what is durable later makes durable
    # what came before.
    with db.record() as session:
        connection = session.connection()
        held = connection.execute(_HELD, {"run": run_id}).scalar_one()
        if held is not None:
            return Pins.model_validate(held)
        connection.execute(_PIN, {"run": run_id, "as": pins.model_dump(mode="json")})
        _keep(session, specs)
        return pins


def _keep(session: Session, specs: Mapping[str, BaseModel]) -> None:
    kept = set(session.scalars(select(PinnedSpecRow.version).where(PinnedSpecRow.version.in_(specs))))
    for version in specs.keys() - kept:
        spec = specs[version]
        values = {"name": getattr(spec, "name", ""), "spec": spec.model_dump(mode="json", by_alias=True)}
        session.execute(
            insert_into(session)(PinnedSpecRow)
            .values(version=version, kept_at=now_in(session), **values)
            .on_conflict_do_nothing(index_elements=["version"])
        )


def pinned_spec(db: Database, version: str) -> dict[str, Any] | None:
    with db.read() as session:
        row = session.get(PinnedSpecRow, version)
        return None if row is None else row.spec
