"""What a load's rows look like, in few enough figures to be kept with it: later loads are compared with it,
and people see it in the catalog. No value of a guarded column is in it."""

from datetime import date
from math import isfinite
from typing import Any

import ibis

from knowledge.warehouse.check_spec import Distribution
from knowledge.warehouse.checks.examples import plain
from knowledge.warehouse.checks.shares import LEAST_GUARDED, draw_shares
from knowledge.warehouse.checks.subject import NUMBERS, Subject, has_value
from knowledge.warehouse.spec import Column, ColumnType, DataProduct

_WITH_RANGE = NUMBERS | {ColumnType.DATE, ColumnType.TIMESTAMP}


def profile_rows(product: DataProduct, rows: ibis.Table) -> dict[str, Any]:
    """As JSON: `rows`, and by column `missing`, `distinct` (about), for numbers and dates `least` and `most`,
    for numbers `mean` and `deviation`, and for those whose distribution is checked `shares`."""
    subject = Subject(product, rows, lambda _: None, (), date.min)
    columns = [column for column in product.columns if column.name in rows.columns]
    aggregates = {"rows": rows.count()}
    for number, column in enumerate(columns):
        aggregates |= {f"{name}:{number}": figure for name, figure in _figures(subject, column).items()}
    [found] = rows.aggregate(**aggregates).to_pyarrow().to_pylist()
    profile: dict[str, dict[str, Any]] = {}
    for number, column in enumerate(columns):
        ending = f":{number}"
        figures = {key.removesuffix(ending): v for key, v in found.items() if key.endswith(ending)}
        profile[column.name] = _told(subject, column, figures, found["rows"])
    for name in dict.fromkeys(
        check.column for check in product.checks if isinstance(check, Distribution) and check.psi is not None
    ):
        if name in profile and (shares := draw_shares(subject, name, profile[name])):
            profile[name]["shares"] = shares.to_json()
    return {"rows": found["rows"], "columns": profile}


def _figures(subject: Subject, column: Column) -> dict[str, ibis.Scalar]:
    values = subject.rows[column.name]
    present = has_value(values)
    figures = {"missing": (~present).sum(), "distinct": values.approx_nunique(where=present)}
    if column.type in _WITH_RANGE and not subject.is_guarded(column.name):
        figures |= {"least": values.min(where=present), "most": values.max(where=present)}
    if column.type in NUMBERS:
        number = values.cast("float64")
        figures["mean"] = number.mean(where=present)
        figures["deviation"] = number.std(how="sample", where=present)
    return figures


def _told(subject: Subject, column: Column, figures: dict[str, Any], rows: int) -> dict[str, Any]:
    missing = figures["missing"] or 0
    told: dict[str, Any] = {"missing": missing, "distinct": figures["distinct"] or 0}
    told |= {name: plain(figures[name]) for name in ("least", "most") if name in figures}
    if subject.is_guarded(column.name) and rows - missing < LEAST_GUARDED:
        return told
    for name in ("mean", "deviation"):
        figure = figures.get(name)
        if figure is not None and isfinite(figure):
            told[name] = figure
    return told
