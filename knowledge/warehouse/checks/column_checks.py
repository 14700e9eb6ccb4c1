"""Checks of one column that hold row by row: a value is there, in range, among the accepted ones, of the
right form. All of a product's are counted in one query."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import ibis
from ibis.expr.types import BooleanValue

from knowledge.warehouse.check_spec import Accepted, Completeness, Matches, Range
from knowledge.warehouse.checks.subject import (
    NUMBERS,
    CannotCheck,
    Subject,
    counted,
    expected,
    has_value,
    in_percent,
    result,
)
from knowledge.warehouse.checks.values import typed_value, upper_bound
from knowledge.warehouse.spec import Column, ColumnType
from ledger.data_products import CheckResult, CheckState

ColumnCheck = Completeness | Range | Accepted | Matches

_ORDERED = NUMBERS | {ColumnType.DATE, ColumnType.TIMESTAMP}
_NAMED_VALUES = 5


@dataclass(frozen=True, slots=True)
class Rule:
    """A column check as expressions: rows that are `wrong`, of those it speaks of. The wording is in two
    halves so that one row and several read alike: `1 of 9 values in x is not ...`."""

    check: ColumnCheck
    speaks_of: BooleanValue
    wrong: BooleanValue
    noun: str
    singular: str
    plural: str
    should: str


def make_rule(subject: Subject, check: ColumnCheck) -> Rule:
    """Raises CannotCheck."""
    column = subject.column(check.column)
    present = has_value(column)
    if isinstance(check, Completeness):
        name, ending = check.column, " have one"
        return Rule(
            check, ibis.literal(True), ~present, "row", f"has no value in {name}", f"have no value in {name}",
            ending,
        )  # fmt: skip
    declared = subject.product.column(check.column)
    if declared is None:
        raise CannotCheck(f"The product declares no column {check.column}.")
    match check:
        case Range():
            wrong, what = _outside(subject, check, declared)
        case Accepted():
            values = [typed_value(declared, value, subject.today) for value in check.values]
            wrong, what = (
                column.notin(values),
                _accepted_words(check, is_guarded=subject.is_guarded(check.column)),
            )
        case Matches():
            # Anchors of the text, not of a line: RE2's `$` would do before a final line break.
            wrong = ~column.cast("string").re_search(rf"\A(?:{check.pattern})\z")
            what = "of the expected form"
    noun = f"value in {check.column}"
    return Rule(check, present, present & wrong, noun, f"is not {what}", f"are not {what}", " be")


def count_rules(subject: Subject, rules: Sequence[Rule]) -> list[CheckResult]:
    """One query for all of them."""
    sums = {}
    for number, rule in enumerate(rules):
        sums[f"all_{number}"] = rule.speaks_of.sum() if rule.noun != "row" else subject.rows.count()
        sums[f"wrong_{number}"] = rule.wrong.sum()
    [row] = subject.rows.aggregate(**sums).to_pyarrow().to_pylist()
    return [
        _judge(rule, row[f"all_{number}"] or 0, row[f"wrong_{number}"] or 0)
        for number, rule in enumerate(rules)
    ]


def _judge(rule: Rule, total: int, wrong: int) -> CheckResult:
    if not total:
        sentence = f"There is no {rule.noun}, so there was nothing to check."
        return result(rule.check, CheckState.UNKNOWN, sentence)
    share = (total - wrong) / total
    holds = share >= rule.check.at_least
    state = CheckState.PASS if holds else CheckState.FAIL
    if not wrong:
        return result(rule.check, state, f"{_all_of(total, rule)}.", share)
    verb = rule.singular if wrong == 1 else rule.plural
    sentence = (
        f"{wrong:,} of {_of(total, rule.noun)} ({in_percent(wrong / total)}) {verb}; "
        f"{expected(rule.check.at_least, rule.should)}."
    )
    return result(rule.check, state, sentence, share)


def _all_of(total: int, rule: Rule) -> str:
    if total == 1:
        right = rule.singular.replace("has no ", "has a ").replace("is not ", "is ")
        return f"The only {rule.noun} {right}"
    right = rule.plural.replace("have no ", "have a ").replace("are not ", "are ")
    return f"All {_of(total, rule.noun)} {right}"


def _of(total: int, noun: str) -> str:
    first, _, rest = noun.partition(" ")
    return f"{counted(total, first)} {rest}".rstrip()


def _outside(subject: Subject, check: Range, declared: Column) -> tuple[BooleanValue, str]:
    if declared.type not in _ORDERED:
        raise CannotCheck(f"{check.column} is a {declared.type.value}, which has no range.")
    column = subject.column(check.column)
    parts: list[BooleanValue] = []
    if check.least is not None:
        parts.append(column < typed_value(declared, check.least, subject.today))
    if check.most is not None:
        bound, is_within = upper_bound(declared, check.most, subject.today)
        parts.append(column > bound if is_within else column >= bound)
    return reduce(or_, parts), _range_words(check, is_guarded=subject.is_guarded(check.column))


def _range_words(check: Range, *, is_guarded: bool) -> str:
    if is_guarded:
        return "in the expected range"
    least, most = (None if bound is None else _bound(bound) for bound in (check.least, check.most))
    if least is not None and most is not None:
        return f"between {least} and {most}"
    return f"at least {least}" if least is not None else f"at most {most}"


def _bound(bound: float | str) -> str:
    return (
        f"{bound:g}" if isinstance(bound, float) and bound.is_integer() and abs(bound) < 1e6 else str(bound)
    )


def _accepted_words(check: Accepted, *, is_guarded: bool) -> str:
    if is_guarded or len(check.values) > _NAMED_VALUES:
        return f"among the {len(check.values):,} accepted values"
    named = [str(value).lower() if isinstance(value, bool) else str(value) for value in check.values]
    return named[0] if len(named) == 1 else f"one of {', '.join(named)}"
