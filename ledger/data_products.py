"""The record of every load of a data product: what is served, what was kept back and why, and what each check
came to.

The newest published load is the one that is served; one that was kept back changes nothing about it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Over, Select, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from ledger.audit import append_audit
from ledger.db import Database, now_in
from ledger.schema import ProductCheckRow, ProductLoadRow

_ACTOR = "catalog"


class LoadState(StrEnum):
    PUBLISHED = "published"
    KEPT_BACK = "kept_back"


class CheckState(StrEnum):
    """`unknown`: there was too little to compare with, or the check itself could not be made."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`sentence` says for people what was found; `measured` is the share or number that was held against the
    bar; `examples` are a few failing rows, with personal and confidential values masked."""

    check: str
    severity: str
    state: CheckState
    sentence: str
    measured: float | None = None
    examples: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ProductLoad:
    """`columns` are name and type of each as published; `as_of` the moment its data speaks for; `file` the
    published rows, a name within the warehouse's folder; `kept_back` counts rows that did not conform;
    `fingerprint` tells whether the source is another; `counts` what conforming changed, by column."""

    id: str
    product: str
    state: LoadState
    reason: str | None
    schema_version: int
    columns: tuple[tuple[str, str], ...]
    loaded_at: datetime
    as_of: datetime | None
    rows: int
    kept_back: int
    size_bytes: int
    file: str | None
    fingerprint: str
    counts: dict[str, Any] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    checks: tuple[CheckResult, ...] = ()

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        return tuple(check for check in self.checks if check.state is CheckState.FAIL)


def record_load(db: Database, load: ProductLoad) -> None:
    """With its checks, in one transaction: from then on a published one is served."""
    with db.write() as session:
        session.add(
            ProductLoadRow(
                id=load.id,
                product=load.product,
                state=load.state,
                reason=load.reason,
                schema_version=load.schema_version,
                columns=[{"name": name, "type": kind} for name, kind in load.columns],
                loaded_at=load.loaded_at,
                as_of=load.as_of,
                rows=load.rows,
                kept_back=load.kept_back,
                size_bytes=load.size_bytes,
                file=load.file,
                fingerprint=load.fingerprint,
                counts=load.counts,
                profile=load.profile,
            )
        )
        session.flush()
        _add_checks(session, load.id, load.checks)
        detail = {"load": load.id, "rows": load.rows, "reason": load.reason}
        append_audit(session, _ACTOR, f"product.{load.state}", load.product, detail)


def record_checks(db: Database, load_id: str, checks: Iterable[CheckResult]) -> None:
    """What counts from now on; what the same load's checks came to before stays on record."""
    with db.write() as session:
        again = (ProductCheckRow.load_id == load_id, ProductCheckRow.checked_at == now_in(session))
        session.execute(delete(ProductCheckRow).where(*again))
        _add_checks(session, load_id, checks)


def renew_load(db: Database, load_id: str, as_of: datetime) -> None:
    """The same rows were found again: they speak for this moment now."""
    with db.write() as session:
        session.execute(update(ProductLoadRow).where(ProductLoadRow.id == load_id).values(as_of=as_of))


@dataclass(frozen=True, slots=True)
class PastCheck:
    """What a check came to once."""

    load_id: str
    checked_at: datetime
    result: CheckResult


def list_checks(db: Database, product: str, limit: int = 200) -> list[PastCheck]:
    """All that the checks of this product came to, the newest first."""
    query = (
        select(ProductCheckRow)
        .join(ProductLoadRow, ProductLoadRow.id == ProductCheckRow.load_id)
        .where(ProductLoadRow.product == product)
        .order_by(ProductCheckRow.checked_at.desc(), ProductCheckRow.check)
        .limit(limit)
    )
    with db.read() as session:
        return [PastCheck(row.load_id, row.checked_at, _check(row)) for row in session.scalars(query)]


def served_loads(db: Database) -> dict[str, ProductLoad]:
    """By product, the load that is served."""
    return current_loads(db)[0]


def latest_loads(db: Database) -> dict[str, ProductLoad]:
    """By product, the last load that was tried, whatever became of it."""
    return current_loads(db)[1]


def current_loads(db: Database) -> tuple[dict[str, ProductLoad], dict[str, ProductLoad]]:
    """By product, the load that is served, and the last that was tried."""
    with db.read() as session:
        rows = session.execute(_current_query()).all()
        loads = {load.id: load for load in _with_checks(session, [row for row, _, _ in rows])}
    served = [
        loads[row.id] for row, _, of_state in rows if of_state == 1 and row.state == LoadState.PUBLISHED
    ]
    latest = [loads[row.id] for row, place, _ in rows if place == 1]
    return {load.product: load for load in served}, {load.product: load for load in latest}


def served_ids(db: Database) -> dict[str, str]:
    """By product, the id of the load that is served: a cheap look at whether anything was published."""
    with db.read() as session:
        return {row.product: row.id for row in session.execute(_served_ids_query())}


def list_loads(
    db: Database, product: str, limit: int = 30, *, state: LoadState | None = None
) -> list[ProductLoad]:
    """Newest first; only those in one state where it is given."""
    wanted = [ProductLoadRow.product == product]
    if state is not None:
        wanted.append(ProductLoadRow.state == state)
    query = select(ProductLoadRow).where(*wanted).order_by(*_newest_first()).limit(limit)
    with db.read() as session:
        return _with_checks(session, session.scalars(query).all())


# Each figure asks these three; putting one together takes longer than SQLite takes to answer it.
@cache
def _current_query() -> Select[ProductLoadRow, int, int]:
    ranked = select(
        ProductLoadRow.id,
        _place(ProductLoadRow.product).label("place"),
        _place(ProductLoadRow.product, ProductLoadRow.state).label("place_of_state"),
    ).subquery()
    return (
        select(ProductLoadRow, ranked.c.place, ranked.c.place_of_state)
        .join(ranked, ranked.c.id == ProductLoadRow.id)
        .where(or_(ranked.c.place == 1, ranked.c.place_of_state == 1))
    )


@cache
def _served_ids_query() -> Select[str, str]:
    ranked = (
        select(ProductLoadRow.product, ProductLoadRow.id, _place(ProductLoadRow.product).label("place"))
        .where(ProductLoadRow.state == LoadState.PUBLISHED)
        .subquery()
    )
    return select(ranked.c.product, ranked.c.id).where(ranked.c.place == 1)


@cache
def _newest_checks_query() -> Select[ProductCheckRow]:
    """Of the loads whose ids are given as `loads`."""
    newest = (
        select(ProductCheckRow.load_id, func.max(ProductCheckRow.checked_at).label("at"))
        .where(ProductCheckRow.load_id.in_(bindparam("loads", expanding=True)))
        .group_by(ProductCheckRow.load_id)
        .subquery()
    )
    same = and_(ProductCheckRow.load_id == newest.c.load_id, ProductCheckRow.checked_at == newest.c.at)
    return select(ProductCheckRow).join(newest, same).order_by(ProductCheckRow.check)


def _newest_first() -> tuple[ColumnElement[Any], ...]:
    return ProductLoadRow.loaded_at.desc(), ProductLoadRow.id.desc()


def _place(*within: InstrumentedAttribute[str]) -> Over[int]:
    """The newest is the first."""
    return func.row_number().over(partition_by=within, order_by=_newest_first())


def _with_checks(session: Session, rows: Iterable[ProductLoadRow]) -> list[ProductLoad]:
    rows = list(rows)
    checks: dict[str, list[CheckResult]] = {row.id: [] for row in rows}
    for row in session.scalars(_newest_checks_query(), {"loads": list(checks)}):
        checks[row.load_id].append(_check(row))
    return [_load(row, tuple(checks[row.id])) for row in rows]


def _check(row: ProductCheckRow) -> CheckResult:
    state = CheckState(row.state)
    return CheckResult(row.check, row.severity, state, row.sentence, row.measured, tuple(row.examples))


def _add_checks(session: Session, load_id: str, checks: Iterable[CheckResult]) -> None:
    moment = now_in(session)
    session.add_all(
        ProductCheckRow(
            load_id=load_id,
            check=check.check,
            severity=check.severity,
            state=check.state,
            sentence=check.sentence,
            measured=check.measured,
            examples=list(check.examples),
            checked_at=moment,
        )
        for check in checks
    )


def _load(row: ProductLoadRow, checks: tuple[CheckResult, ...]) -> ProductLoad:
    return ProductLoad(
        id=row.id,
        product=row.product,
        state=LoadState(row.state),
        reason=row.reason,
        schema_version=row.schema_version,
        columns=tuple((column["name"], column["type"]) for column in row.columns),
        loaded_at=row.loaded_at,
        as_of=row.as_of,
        rows=row.rows,
        kept_back=row.kept_back,
        size_bytes=row.size_bytes,
        file=row.file,
        fingerprint=row.fingerprint,
        counts=row.counts,
        profile=row.profile,
        checks=checks,
    )
