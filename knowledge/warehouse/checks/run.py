"""All checks of one product over one load's rows: in as few queries as they allow, and none of them ever
raises for what it finds or for what it cannot do."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import duckdb
import ibis
from ibis.common.exceptions import IbisError

from knowledge.warehouse.check_spec import (
    Accepted,
    Check,
    Completeness,
    Distribution,
    Matches,
    Range,
    Reference,
    RowCount,
    Sql,
    Unique,
)
from knowledge.warehouse.checks.column_checks import Rule, count_rules, make_rule
from knowledge.warehouse.checks.examples import pick_examples
from knowledge.warehouse.checks.history_checks import check_distribution, check_row_count
from knowledge.warehouse.checks.row_checks import check_reference, check_unique
from knowledge.warehouse.checks.sql_check import check_sql
from knowledge.warehouse.checks.subject import CannotCheck, Subject, impossible
from knowledge.warehouse.spec import DataProduct
from ledger.data_products import CheckResult, CheckState, LoadState, ProductLoad

_COLUMN_CHECKS = Completeness | Range | Accepted | Matches
_ENGINE = (duckdb.Error, IbisError)
_LONGEST_HISTORY = 30


def run_checks(
    product: DataProduct,
    rows: ibis.Table,
    others: Callable[[str], ibis.Table | None],
    history: Sequence[ProductLoad],
    today: date,
) -> tuple[CheckResult, ...]:
    """In the order of the product's checks. `rows` are the load's, on DuckDB; `others` gives another
    product's served rows on the same connection; `history` is of this product's earlier loads, in any order:
    the last thirty published ones count."""
    published = sorted(
        (load for load in history if load.state is LoadState.PUBLISHED),
        key=lambda load: (load.loaded_at, load.id),
    )
    subject = Subject(product, rows, others, tuple(published[-_LONGEST_HISTORY:]), today)
    of_columns = _run_column_checks(subject)
    return tuple(of_columns.get(check.label) or _run_one(subject, check) for check in product.checks)


def _run_column_checks(subject: Subject) -> dict[str, CheckResult]:
    """By label. One query for all; one each only where the engine refuses them together, so that a bad
    pattern spoils no other check."""
    found: dict[str, CheckResult] = {}
    rules: list[Rule] = []
    for check in subject.product.checks:
        if isinstance(check, _COLUMN_CHECKS):
            try:
                rules.append(make_rule(subject, check))
            except CannotCheck as reason:
                found[check.label] = impossible(check, str(reason))
            except _ENGINE as error:
                found[check.label] = impossible(check, _about(check, error))
    for rule, outcome in zip(rules, _count(subject, rules), strict=True):
        found[rule.check.label] = _with_examples(subject, rule, outcome)
    return found


def _count(subject: Subject, rules: Sequence[Rule]) -> list[CheckResult]:
    if not rules:
        return []
    try:
        return count_rules(subject, rules)
    except _ENGINE as error:
        if len(rules) == 1:
            return [impossible(rules[0].check, _about(rules[0].check, error))]
        return [outcome for rule in rules for outcome in _count(subject, [rule])]


def _with_examples(subject: Subject, rule: Rule, outcome: CheckResult) -> CheckResult:
    if outcome.state is not CheckState.FAIL or outcome.measured is None:
        return outcome
    return replace(outcome, examples=pick_examples(subject, rule.check, subject.rows.filter(rule.wrong)))


def _run_one(subject: Subject, check: Check) -> CheckResult:
    try:
        outcome, examples = _look(subject, check)
    except CannotCheck as reason:
        return impossible(check, str(reason))
    except _ENGINE as error:
        return impossible(check, _about(check, error))
    return replace(outcome, examples=examples)


def _look(subject: Subject, check: Check) -> tuple[CheckResult, tuple[dict[str, Any], ...]]:
    match check:
        case RowCount():
            return check_row_count(subject, check), ()
        case Distribution():
            return check_distribution(subject, check), ()
        case Sql():
            return check_sql(subject, check)
        case Unique():
            looked = check_unique(subject, check)
        case Reference():
            looked = check_reference(subject, check)
        case _:
            raise CannotCheck(f"there is no check of the kind {check.kind}.")
    failed = looked.result.state is CheckState.FAIL
    return looked.result, pick_examples(subject, check, looked.wrong) if failed else ()


def _about(check: Check, error: Exception) -> str:
    """Not in the engine's own words, which may quote a row."""
    if isinstance(check, Matches) and isinstance(error, duckdb.InvalidInputException):
        return "its pattern is no regular expression that RE2 can read."
    return f"the rows do not fit it ({type(error).__name__})."
