"""The latest rows of one product that have a value, within one scope's rights: what a status is read from."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis

from knowledge.search.access import AccessScope
from knowledge.warehouse.disclosure import told_within_rights
from knowledge.warehouse.errors import QueryRefused, UnknownData
from knowledge.warehouse.quality import judge_quality
from knowledge.warehouse.result import Quality, Verdict
from knowledge.warehouse.statement import run_statement, statement_of
from knowledge.warehouse.tables import open_tables
from knowledge.warehouse.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class LatestRows:
    """Newest first; none where quality keeps them back."""

    rows: tuple[dict[str, Any], ...]
    as_of: datetime | None
    quality: Quality


def latest_rows(
    warehouse: Warehouse,
    scope: AccessScope,
    product: str,
    now: datetime,
    *,
    column: str,
    value: str,
    by: str,
    limit: int,
) -> LatestRows:
    """Rows whose `column` is `value`, the latest by the column `by` first. Raises UnknownData, NotLoaded,
    QueryRefused."""
    with open_tables(warehouse, scope) as tables:
        table = tables.table(product)
        for name in (column, by):
            if name not in table.columns:
                raise UnknownData(f"{product} has no column {name}.")
            if name in tables.masked(product):
                raise QueryRefused(f"{product}.{name} is masked for you, so rows cannot be found by it.")
        quality = told_within_rights(judge_quality(warehouse, [product], now), [product], tables)
        as_of = tables.load(product).as_of
        if quality.verdict is Verdict.BLOCK:
            return LatestRows((), as_of, quality)
        found = table.filter(table[column] == value).order_by(ibis.desc(table[by])).limit(limit)
        ran = run_statement(tables.connection, statement_of(found))
        rows = tuple(dict(zip(table.columns, row, strict=True)) for row in ran.rows)
        return LatestRows(rows, as_of, quality)
