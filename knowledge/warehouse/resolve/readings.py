"""A query in a sentence, so that whoever asked can see how they were understood."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from knowledge.warehouse.query import MetricFilter, MetricQuery
from knowledge.warehouse.resolve.calendar import spell, spell_period
from knowledge.warehouse.result import Value

_OPERATORS = {"=": "is", "!=": "is not", "in": "is one of", "not in": "is none of", "contains": "contains",
              "is null": "is missing", "is not null": "is known", "<": "below", "<=": "at most", ">": "over",
              ">=": "at least"}  # fmt: skip


def reading_of(query: MetricQuery, *, is_listing: bool = False) -> str:
    """Such as "Net revenue by region, 1 July to 30 September 2026, against 1 April to 30 June 2026"."""
    labels = [label_of(name) for name in query.dimensions]
    if is_listing:
        head = f"{_joined(labels)} with {_joined([label_of(name) for name in query.metrics])}"
    else:
        by = [*labels, *([f"{query.grain.value}"] if query.grain else [])]
        head = _joined([label_of(name) for name in query.metrics])
        head += f" by {_joined(by)}" if by else ""
    parts = [head, *(_spell_filter(item) for item in query.filters)]
    parts += [f"{label_of(name)} {_OPERATORS[sign]} {value:,}" for name, sign, value in query.having]
    if query.period:
        parts.append(spell_period(query.period))
    if query.compare_to:
        parts.append(f"against {spell_period(query.compare_to)}")
    if query.share:
        parts.append("with each one's share of the whole")
    if query.order_by and query.limit:
        end = "highest" if query.order_by[0][1] == "desc" else "lowest"
        many = f"the {query.limit} with the" if query.limit > 1 else "the one with the"
        parts.append(f"{many} {end} {label_of(query.order_by[0][0])}")
    sentence = ", ".join(parts)
    return sentence[:1].upper() + sentence[1:]


def label_of(name: str) -> str:
    """`orders.net_revenue` as people say it."""
    return name.rpartition(".")[2].replace("_", " ")


def _spell_filter(item: MetricFilter) -> str:
    label = label_of(item.dimension)
    if isinstance(item.value, bool):
        denied = item.value is (item.operator != "=")
        return f"not {_flag(label)}" if denied else _flag(label)
    if isinstance(item.value, date):
        return f"{label} {'from' if item.operator == '>=' else 'before'} {spell(item.value)}"
    if item.value is None:
        return f"{label} {_OPERATORS[item.operator]}"
    return " ".join([label, _OPERATORS[item.operator], _spell_value(item.value)]).strip()


def _flag(label: str) -> str:
    for opening in ("is ", "was "):
        label = label.removeprefix(opening)
    return label


def _spell_value(value: Value | tuple[Value, ...]) -> str:
    if isinstance(value, tuple):
        return _joined([str(item) for item in value])
    if isinstance(value, Decimal | int | float):
        return f"{value:,}"
    return "" if value is None else str(value)


def _joined(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
