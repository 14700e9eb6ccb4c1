"""What a product's checks look at, and the words they tell of it in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import ibis
from ibis.expr.types import BooleanValue, Column

from knowledge.warehouse.check_spec import Check
from knowledge.warehouse.spec import Classification, ColumnType, DataProduct
from ledger.data_products import CheckResult, CheckState, ProductLoad

GUARDED = frozenset({Classification.CONFIDENTIAL, Classification.PII})
NUMBERS = frozenset({ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.FLOAT})


class CannotCheck(Exception):
    """The check itself could not be made; the sentence says why, and holds no value of a row."""


@dataclass(frozen=True, slots=True)
class Subject:
    """`history` are published loads, the oldest first; `others` gives the served rows of a product by its
    name, None where it has none."""

    product: DataProduct
    rows: ibis.Table
    others: Callable[[str], ibis.Table | None]
    history: tuple[ProductLoad, ...]
    today: date

    def column(self, name: str) -> Column:
        """Raises CannotCheck where the rows have none of this name."""
        if name not in self.rows.columns:
            raise CannotCheck(f"The rows have no column {name}.")
        return self.rows[name]

    def is_guarded(self, name: str) -> bool:
        """Whether values of this column may not be told: of what is masked for anybody, and of a column that
        nobody declared."""
        column = self.product.column(name)
        if column is None or name in self.product.access.unmasked:
            return True
        return column.classification in GUARDED


def has_value(column: Column) -> BooleanValue:
    """A float that is no number is no value either."""
    return column.notnull() & ~column.isnan() if column.type().is_floating() else column.notnull()


def result(check: Check, state: CheckState, sentence: str, measured: float | None = None) -> CheckResult:
    return CheckResult(check.label, check.severity, state, sentence, measured)


def impossible(check: Check, why: str) -> CheckResult:
    """A check that has to hold and could not be made counts as failed."""
    state = CheckState.FAIL if check.severity == "block" else CheckState.UNKNOWN
    return result(check, state, f"This could not be checked: {why}")


def in_percent(share: float) -> str:
    """`0.3 %`; what is not quite nothing or not quite all never looks like it."""
    percent = share * 100
    if 0 < percent < 0.05:
        return "less than 0.1 %"
    if 99.95 <= percent < 100:
        return "more than 99.9 %"
    return f"{percent:.1f} %".replace(".0 %", " %")


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def expected(at_least: float, verb: str) -> str:
    """`all should`, or `at least 95 % should`, as the end of a sentence."""
    return f"all should{verb}" if at_least == 1 else f"at least {in_percent(at_least)} should{verb}"
