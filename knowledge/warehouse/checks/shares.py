"""A column's distribution, as it is kept with a load and counted again for the next one.

Numbers fall into ten ranges that hold a tenth of the baseline each; other values into one group each, as far
as they are frequent, and the rest into one. No value of a guarded column is kept: its texts are hashed, and
its numbers' ranges are drawn from mean and deviation alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import ibis
from ibis.expr.types import NumericColumn, StringColumn

from knowledge.warehouse.checks.subject import NUMBERS, Subject, has_value

RANGES = 10
# Of a guarded column with fewer values even mean and deviation would tell of single ones.
LEAST_GUARDED = 20
_MOST_VALUES = 20
_TENTHS = tuple(number / RANGES for number in range(1, RANGES))


@dataclass(frozen=True, slots=True)
class Shares:
    """Rows by group; the last two groups are the rest and the rows without a value. `edges` part numbers,
    `values` name the groups of others."""

    counts: tuple[int, ...]
    edges: tuple[float, ...] = ()
    values: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"counts": list(self.counts), "edges": list(self.edges), "values": list(self.values)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Shares":
        return cls(tuple(kept["counts"]), tuple(kept["edges"]), tuple(kept["values"]))


def draw_shares(subject: Subject, name: str, statistics: Mapping[str, Any]) -> Shares | None:
    """The baseline for later loads; `statistics` are the column's own, as profiled. None where there is
    nothing to draw it from."""
    if not _is_number(subject, name):
        return count_values(subject, name, _frequent_values(subject, name))
    if subject.is_guarded(name):
        mean, deviation = statistics.get("mean"), statistics.get("deviation")
        if mean is None or not deviation:
            return None
        edges = [NormalDist(mean, deviation).inv_cdf(tenth) for tenth in _TENTHS]
    else:
        found = _number(subject, name)
        row = subject.rows.aggregate(**{f"q{n}": found.quantile(q) for n, q in enumerate(_TENTHS)})
        edges = [edge for edge in row.to_pyarrow().to_pylist()[0].values() if edge is not None]
    return count_ranges(subject, name, sorted(set(edges)))


def count_like(subject: Subject, name: str, baseline: Shares) -> Shares:
    """The same groups as the baseline's, counted in these rows."""
    if _is_number(subject, name):
        return count_ranges(subject, name, baseline.edges)
    return count_values(subject, name, baseline.values)


def count_ranges(subject: Subject, name: str, edges: Sequence[float]) -> Shares:
    number = _number(subject, name)
    above = {f"above_{n}": (number > edge).sum() for n, edge in enumerate(edges)}
    [row] = (
        subject.rows.aggregate(total=subject.rows.count(), present=number.count(), **above)
        .to_pyarrow()
        .to_pylist()
    )
    steps = [row["present"], *(row[f"above_{n}"] or 0 for n in range(len(edges))), 0]
    inside = [upper - lower for upper, lower in pairwise(steps)]
    return Shares((*inside, 0, row["total"] - row["present"]), edges=tuple(edges))


def count_values(subject: Subject, name: str, values: Sequence[str]) -> Shares:
    key = _key(subject, name)
    sums = {f"v{n}": (key == value).sum() for n, value in enumerate(values)}
    [row] = (
        subject.rows.aggregate(total=subject.rows.count(), present=key.count(), **sums)
        .to_pyarrow()
        .to_pylist()
    )
    each = [row[f"v{n}"] or 0 for n in range(len(values))]
    counts = (*each, row["present"] - sum(each), row["total"] - row["present"])
    return Shares(counts, values=tuple(values))


def _frequent_values(subject: Subject, name: str) -> list[str]:
    keyed = subject.rows.select(key=_key(subject, name))
    keyed = keyed.filter(keyed["key"].notnull())
    counted = keyed.group_by("key").aggregate(times=keyed.count())
    frequent = counted.order_by([ibis.desc("times"), "key"]).limit(_MOST_VALUES)
    return [row["key"] for row in frequent.to_pyarrow().to_pylist()]


def _number(subject: Subject, name: str) -> NumericColumn:
    column = subject.column(name)
    return ibis.ifelse(has_value(column), column, None).cast("float64")


def _key(subject: Subject, name: str) -> StringColumn:
    """A value as text. One of a guarded column as a hash with the column's name in it, so that the same
    value looks otherwise elsewhere."""
    text = subject.column(name).cast("string")
    if not subject.is_guarded(name):
        return text
    return (text + f"\x1f{subject.product.name}.{name}").hexdigest("sha256")


def _is_number(subject: Subject, name: str) -> bool:
    column = subject.product.column(name)
    return column is not None and column.type in NUMBERS
