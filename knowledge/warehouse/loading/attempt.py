"""One attempt to load a product: what it comes to is recorded, whatever it is.

Bad data never raises: the load is kept back with its reason, and the last good version goes on being served.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import duckdb
import ibis  # type: ignore[import-untyped, unused-ignore]
from ibis.common.exceptions import IbisError  # type: ignore[import-untyped, unused-ignore]

from knowledge.warehouse.check_spec import RowCount
from knowledge.warehouse.checks import profile_rows, run_checks
from knowledge.warehouse.errors import NotLoaded, SourceUnreadable
from knowledge.warehouse.loading.conform import ALL_ROWS, Conformed, conform
from knowledge.warehouse.loading.extract import digest_rows, extract
from knowledge.warehouse.loading.freshness import find_as_of, refuse_late
from knowledge.warehouse.loading.origin import find_origin
from knowledge.warehouse.loading.publish import (
    SCRATCH,
    record_published,
    remove_old_files,
    write_rows,
)
from knowledge.warehouse.loading.quarantine import SUFFIX, write_kept_back
from knowledge.warehouse.loading.schema_change import refuse_change
from knowledge.warehouse.loading.source import Origin, complaint
from knowledge.warehouse.loading.workbench import Workbench, open_workbench
from knowledge.warehouse.spec import DataProduct
from knowledge.warehouse.warehouse import Warehouse
from ledger.data_products import LoadState, ProductLoad, list_loads, record_load, renew_load
from ledger.ids import new_id

_HISTORY = 60


@dataclass(frozen=True, slots=True)
class Turn:
    """What the loads of one turn share; `served` and `latest` follow what they publish."""

    warehouse: Warehouse
    now: datetime
    connections: Mapping[str, str]
    served: dict[str, ProductLoad] = field(default_factory=dict)
    latest: dict[str, ProductLoad] = field(default_factory=dict)


def attempt_load(turn: Turn, product: DataProduct) -> ProductLoad:
    folder = _folder_of(turn, product)
    remove_old_files(turn.warehouse.db, product.name, folder, turn.now)
    draft = _draft(product, turn.now)
    try:
        origin = find_origin(turn.warehouse.catalog, turn.served, product)
        draft = replace(draft, as_of=origin.as_of, fingerprint=_fingerprint(product, origin.digest))
        if origin.digest is not None and _is_unchanged(turn, draft):
            return turn.served[product.name]
        if refused := refuse_change(product, turn.served.get(product.name)):
            return _keep_back(turn, draft, refused)
        folder.mkdir(parents=True, exist_ok=True)
        served = _served_files(turn, product)
        with open_workbench(folder / f"{draft.id}{SCRATCH}", folder, origin.files, served) as bench:
            return _load_rows(turn, product, bench, origin, draft)
    except SourceUnreadable as error:
        return _keep_back(turn, draft, str(error))
    except (duckdb.Error, IbisError) as error:
        return _keep_back(turn, draft, f"It cannot be loaded: {complaint(error)}.")
    except OSError as error:
        return _keep_back(turn, draft, f"It cannot be loaded: {error.strerror or error}.")


def _load_rows(
    turn: Turn, product: DataProduct, bench: Workbench, origin: Origin, draft: ProductLoad
) -> ProductLoad:
    extracted = extract(bench, product, origin.files, turn.warehouse.catalog.folder, turn.connections)
    if origin.digest is None:
        draft = replace(draft, fingerprint=_fingerprint(product, digest_rows(bench)))
        if _is_unchanged(turn, draft):
            return _renew(turn, product)
    try:
        conformed = conform(bench, product, extracted.types)
        as_of = find_as_of(bench, product, origin.as_of, turn.now)
    except duckdb.Error as error:
        return _keep_back(turn, draft, f"Its rows cannot be conformed: {complaint(error)}.")
    if extracted.ignored:
        conformed.counts[ALL_ROWS]["ignored_columns"] = len(extracted.ignored)
    draft = replace(
        draft, as_of=as_of, rows=conformed.rows, kept_back=conformed.held, counts=conformed.counts
    )
    if conformed.held:
        path = _folder_of(turn, product) / f"{draft.id}{SUFFIX}"
        write_kept_back(bench, product, draft.id, conformed, path)
    late = refuse_late(product, as_of, turn.served.get(product.name), turn.now)
    if refused := _refuse_held(product, conformed) or _refuse_empty(turn, product, conformed) or late:
        return _keep_back(turn, draft, refused)
    return _check_and_publish(turn, product, bench, draft)


def _check_and_publish(turn: Turn, product: DataProduct, bench: Workbench, draft: ProductLoad) -> ProductLoad:
    rows = bench.ibis.table("product_rows")

    def others(name: str) -> ibis.Table | None:
        if name == product.name:
            return rows
        if name not in bench.served:
            return None
        table, domain = bench.open_product(name)
        return bench.ibis.table(table, database=domain)

    history = list_loads(turn.warehouse.db, product.name, _HISTORY, state=LoadState.PUBLISHED)
    checks = run_checks(product, rows, others, history, turn.now.date())
    draft = replace(draft, checks=checks)
    failed = [check for check in draft.failed if check.severity == "block"]
    if failed:
        told = " ".join(f"The check {check.check} failed: {check.sentence}" for check in failed)
        return _keep_back(turn, draft, told)
    path = _folder_of(turn, product) / f"{draft.id}.parquet"
    load = replace(
        draft,
        state=LoadState.PUBLISHED,
        profile=profile_rows(product, rows),
        size_bytes=write_rows(bench, path),
        file=f"{product.name}/{path.name}",
    )
    record_published(turn.warehouse.db, load)
    turn.served[product.name] = turn.latest[product.name] = load
    return load


def _draft(product: DataProduct, now: datetime) -> ProductLoad:
    return ProductLoad(
        id=new_id(),
        product=product.name,
        state=LoadState.KEPT_BACK,
        reason=None,
        schema_version=product.version,
        columns=tuple((column.name, column.type.value) for column in product.columns),
        loaded_at=now,
        as_of=None,
        rows=0,
        kept_back=0,
        size_bytes=0,
        file=None,
        fingerprint=_fingerprint(product, None),
    )


def _keep_back(turn: Turn, draft: ProductLoad, reason: str) -> ProductLoad:
    load = replace(draft, reason=reason)
    record_load(turn.warehouse.db, load)
    turn.latest[load.product] = load
    return load


def _served_files(turn: Turn, product: DataProduct) -> dict[str, Path]:
    """Of all other products, so that checks can refer to them."""
    files = {}
    for name, load in turn.served.items():
        try:
            path = turn.warehouse.file_of(load)
        except NotLoaded:
            continue
        if name != product.name:
            files[name] = path.resolve()
    return files


def _is_unchanged(turn: Turn, draft: ProductLoad) -> bool:
    served, latest = turn.served.get(draft.product), turn.latest.get(draft.product)
    if served is None or latest is None or served.id != latest.id:
        return False
    file = turn.warehouse.folder / (served.file or "")
    return served.fingerprint == draft.fingerprint and file.is_file()


def _fingerprint(product: DataProduct, digest: str | None) -> str:
    text = f"{product.model_dump_json()}\n{digest or ''}"
    return hashlib.sha256(text.encode()).hexdigest()


def _renew(turn: Turn, product: DataProduct) -> ProductLoad:
    """The same rows as before, read just now from a database: where no column says what moment they speak
    for, it is this one."""
    served = turn.served[product.name]
    if product.freshness is not None and product.freshness.column is not None:
        return served
    load = replace(served, as_of=turn.now)
    renew_load(turn.warehouse.db, load.id, turn.now)
    turn.served[product.name] = turn.latest[product.name] = load
    return load


def _refuse_empty(turn: Turn, product: DataProduct, conformed: Conformed) -> str | None:
    """A source that was cut off looks like one that has nothing left; whoever means that says so."""
    served = turn.served.get(product.name)
    may_be_empty = any(isinstance(check, RowCount) and check.least == 0 for check in product.checks)
    if conformed.rows or may_be_empty or served is None or not served.rows:
        return None
    return (
        f"It holds no row, and what is served has {served.rows:,}; a check of the row count with `least: 0` "
        "lets it be empty."
    )


def _refuse_held(product: DataProduct, conformed: Conformed) -> str | None:
    most = product.most_kept_back
    if not conformed.held or (conformed.held <= most * conformed.read and conformed.rows):
        return None
    shown = list(conformed.reasons.items())[:3]
    reasons = "; ".join(f"{reason} ({count:,})" for reason, count in shown)
    return f"{conformed.held:,} of {conformed.read:,} rows do not conform, more than {most:.0%}: {reasons}."


def _folder_of(turn: Turn, product: DataProduct) -> Path:
    return (turn.warehouse.folder / product.name).resolve()
