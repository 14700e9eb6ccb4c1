"""What a run began with, besides its graph: crews, tools and models by the hash of their content, and the run
it repeats, if it repeats one.

A crew's spec is kept under its hash, so that a run can finish with it after the file has changed.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.db import ROW_LOCK, Database, insert_into, now_in
from ledger.schema import PinnedSpecRow, RunRow


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
        run = session.get_one(RunRow, run_id, with_for_update=ROW_LOCK)
        if run.pins is None:
            run.pins = pins.model_dump(mode="json")
            _keep(session, specs)
        return Pins.model_validate(run.pins)


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
