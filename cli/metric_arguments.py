"""What people write on the command line about metrics, as a query."""

import re
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from ledger.errors import InvalidInput

if TYPE_CHECKING:
    from knowledge.warehouse.metric_spec import CalendarFile
    from knowledge.warehouse.query import MetricFilter, Operator, Period

_CONDITION = re.compile(
    r"\s*(?P<name>[a-z_][a-z0-9_.]*)\s*"
    r"(?P<operator>!=|<=|>=|=|<|>|\bnot in\b|\bin\b|\bis not null\b|\bis null\b|\bcontains\b)"
    r"\s*(?P<value>.*)",
    re.IGNORECASE | re.DOTALL,
)


class Compared(StrEnum):
    PREVIOUS = "previous"
    YEAR = "year"


def parse_condition(text: str) -> "MetricFilter":
    """Of `region = North`, `channel in web, till`, `amount >= 5`, `region is null`. Raises InvalidInput."""
    from knowledge.warehouse.query import MetricFilter

    match = _CONDITION.fullmatch(text)
    if match is None:
        raise InvalidInput(
            f"--where '{text}' cannot be read; write a dimension, an operator (=, !=, <, <=, >, >=, in, not "
            "in, contains, is null, is not null) and a value, such as 'region = North'."
        )
    operator = cast("Operator", " ".join(match["operator"].lower().split()))
    name, value = match["name"].lower(), match["value"].strip()
    if operator in ("is null", "is not null"):
        if value:
            raise InvalidInput(f"--where '{text}': nothing comes after '{operator}'.")
        return MetricFilter(name, operator)
    if not value:
        raise InvalidInput(f"--where '{text}': there is no value after '{operator}'.")
    if operator in ("in", "not in"):
        values = value.removeprefix("(").removesuffix(")").split(",")
        return MetricFilter(name, operator, tuple(_unquoted(item) for item in values))
    return MetricFilter(name, operator, _unquoted(value))


def parse_period(
    first: datetime | None, last: datetime | None, today: date, calendar: "CalendarFile"
) -> "Period | None":
    """`last` is the last day of it, today unless given. Raises InvalidInput."""
    from knowledge.warehouse.periods import named_period

    if first is None:
        if last is not None:
            raise InvalidInput("--to needs --from: say on which day the period begins.")
        return None
    end = (last.date() if last else today) + timedelta(days=1)
    if first.date() >= end:
        raise InvalidInput("The period ends before it begins: --from has to be no later than --to.")
    return named_period(first.date(), end, calendar)


def compared_period(
    period: "Period | None", compared: Compared | None, calendar: "CalendarFile"
) -> "Period | None":
    """Raises InvalidInput."""
    from knowledge.warehouse.periods import previous_period, year_before

    if compared is None:
        return None
    if period is None:
        raise InvalidInput("--compare needs --from: say which period is compared.")
    return (previous_period if compared is Compared.PREVIOUS else year_before)(period, calendar)


def _unquoted(text: str) -> str:
    value = text.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value
