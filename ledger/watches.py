"""People who got no figure because the data was not fit, and are answered by themselves once it is.

A watch asks the very question again, for the same audience and to the same place, and does so once.
"""

from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.db import Database, insert_into, now_in
from ledger.deliveries import DeliveryTarget
from ledger.errors import (
    CrewdeskError,
    ErrorKind,
    NotFound,
    NotPermitted,
    UnknownPrincipal,
    UnknownWorkflow,
)
from ledger.evidence import BLOCKED, evidence_in
from ledger.people import Principal
from ledger.result import AbstainReason
from ledger.runs import RunRequest, submit_run
from ledger.schema import PrincipalRow, RunRow, RunState, WatchRow


class NothingToWatch(CrewdeskError):
    code = "nothing_to_watch"
    kind: ClassVar[ErrorKind] = ErrorKind.USAGE


@dataclass(frozen=True, slots=True)
class Watch:
    """`products` are those that have to be fit again."""

    run_id: str
    products: tuple[str, ...]


def watch_run(db: Database, run_id: str, asker: Principal | None = None) -> Watch:
    """Has this run's question asked again once its data is fit; doing it twice changes nothing. With an
    `asker`, nobody else's run is there. Raises NotFound, NothingToWatch."""
    with db.write() as session:
        run = session.get(RunRow, run_id)
        if run is None or (asker is not None and run.principal_id != asker.id):
            raise NotFound(f"There is no run {run_id}.")
        products = _blocked_products(session, run)
        if not products:
            raise NothingToWatch(
                "This run was not refused for the state of the data, so there is nothing to wait for."
            )
        values = {"run_id": run.id, "products": products, "created_at": now_in(session)}
        made = insert_into(session)(WatchRow).values(**values).on_conflict_do_nothing()
        if session.execute(made.returning(WatchRow.run_id)).scalar_one_or_none() is not None:
            email = session.get_one(PrincipalRow, run.principal_id).email
            append_audit(session, email, "run.watched", run.id, {"products": products})
        return Watch(run.id, tuple(products))


def blocked_run_in(db: Database, thread: str, asker: Principal) -> str | None:
    """The last run of this thread and asker, if the state of the data was why it gave no figure."""
    query = select(RunRow).where(RunRow.thread == thread, RunRow.principal_id == asker.id)
    with db.read() as session:
        run = session.scalars(query.order_by(RunRow.created_at.desc(), RunRow.id.desc()).limit(1)).first()
        return run.id if run is not None and _blocked_products(session, run) else None


def open_watches(db: Database) -> list[Watch]:
    """In the order they were asked for."""
    query = select(WatchRow).where(WatchRow.settled_at.is_(None)).order_by(WatchRow.created_at)
    with db.read() as session:
        return [Watch(row.run_id, tuple(row.products)) for row in session.scalars(query)]


def ask_again(db: Database, watch: Watch) -> str | None:
    """Submits the question anew and returns the new run's id; None if nobody may ask it any more."""
    # Whoever dies in between finds the same run by its external id.
    try:
        again = submit_run(db, _request(db, watch)).run_id
    except (UnknownPrincipal, NotPermitted, UnknownWorkflow):
        again = None
    with db.write() as session:
        row = session.get_one(WatchRow, watch.run_id)
        row.settled_at, row.again_run_id = now_in(session), again
    return again


def _request(db: Database, watch: Watch) -> RunRequest:
    with db.read() as session:
        run = session.get_one(RunRow, watch.run_id)
        return RunRequest(
            workflow=run.workflow,
            principal=session.get_one(PrincipalRow, run.principal_id).email,
            question=run.question,
            source="watch",
            external_id=run.id,
            thread=run.thread,
            audience_groups=None if run.audience_groups is None else tuple(run.audience_groups),
            deliver_to=DeliveryTarget.model_validate(run.deliver_to) if run.deliver_to else None,
        )


def _blocked_products(session: Session, run: RunRow) -> list[str]:
    """Empty unless the run ended for want of fit data."""
    if run.state != RunState.ABSTAINED or (run.result or {}).get("reason") != AbstainReason.BLOCKED:
        return []
    blocked = [item.finding for item in evidence_in(session, run.id) if item.finding.kind == BLOCKED]
    return sorted({product for finding in blocked for product in finding.details["products"]})
