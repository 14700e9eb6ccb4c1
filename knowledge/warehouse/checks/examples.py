"""A few of the rows that failed a check, for whoever has to mend them: enough to find them again, and nothing
personal or confidential."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import ibis

from knowledge.warehouse.check_spec import Check
from knowledge.warehouse.checks.subject import Subject

MOST_EXAMPLES = 5
MASKED = "(masked)"
_LONGEST = 200


def pick_examples(subject: Subject, check: Check, wrong: ibis.Table) -> tuple[dict[str, Any], ...]:
    """At most five, by primary key where there is one, with that and the checked columns."""
    key = [name for name in subject.product.primary_key if name in wrong.columns]
    names = list(dict.fromkeys((*key, *check.of_columns)))
    chosen = wrong.select(names)
    if key:
        chosen = chosen.order_by(key)
    guarded = {name for name in names if subject.is_guarded(name)}
    return tuple(mask_row(row, guarded) for row in chosen.limit(MOST_EXAMPLES).to_pyarrow().to_pylist())


def mask_row(row: Mapping[str, Any], guarded: Iterable[str]) -> dict[str, Any]:
    """As JSON; that a value is missing may be told of any column."""
    hidden = frozenset(guarded)
    return {
        name: MASKED if name in hidden and value is not None else plain(value) for name, value in row.items()
    }


def plain(value: Any) -> str | int | float | bool | None:
    """As it may stand in JSON; no longer than somebody reads."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if abs(value) != float("inf") and value == value else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    text = str(value)
    return text if isinstance(value, Decimal) or len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
