"""Checks that hold one row against others: of the same product for uniqueness, of another for references."""

from dataclasses import dataclass
from functools import reduce
from operator import or_

import ibis

from knowledge.warehouse.check_spec import Reference, Unique
from knowledge.warehouse.checks.subject import (
    CannotCheck,
    Subject,
    counted,
    expected,
    has_value,
    in_percent,
    result,
)
from ledger.data_products import CheckResult, CheckState


@dataclass(frozen=True, slots=True)
class Looked:
    """A result, and the rows that are wrong: not fetched yet."""

    result: CheckResult
    wrong: ibis.Table


def check_unique(subject: Subject, check: Unique) -> Looked:
    """Raises CannotCheck."""
    columns = [subject.column(name) for name in check.columns]
    rows = subject.rows.filter(reduce(or_, [column.notnull() for column in columns]))
    groups = rows.group_by(list(check.columns)).aggregate(_times=rows.count())
    [row] = (
        groups.aggregate(
            total=groups["_times"].sum(),
            wrong=groups["_times"].sum(where=groups["_times"] > 1),
        )
        .to_pyarrow()
        .to_pylist()
    )
    total, wrong = int(row["total"] or 0), int(row["wrong"] or 0)
    what = " and ".join(check.columns)
    if not total:
        found = result(
            check, CheckState.UNKNOWN, f"No row has a value in {what}, so there was nothing to check."
        )
    elif wrong:
        sentence = (
            f"{wrong:,} of {counted(total, 'row')} ({in_percent(wrong / total)}) share their {what} with "
            "another; none should."
        )
        found = result(check, CheckState.FAIL, sentence, 1 - wrong / total)
    else:
        found = result(check, CheckState.PASS, f"No two of {counted(total, 'row')} share their {what}.", 1.0)
    numbered = rows.mutate(_times=rows.count().over(ibis.window(group_by=list(check.columns))))
    return Looked(found, numbered.filter(numbered["_times"] > 1).drop("_times"))


def check_reference(subject: Subject, check: Reference) -> Looked:
    """Raises CannotCheck, also where the other product has no rows to look into."""
    column = subject.column(check.column)
    # A product's own earlier load would not know the rows that are new in this one.
    own = check.to_product == subject.product.name
    other = subject.rows if own else subject.others(check.to_product)
    if other is None:
        raise CannotCheck(f"{check.to_product} has no published rows to look into.")
    if check.to_column not in other.columns:
        raise CannotCheck(f"The published rows of {check.to_product} have no column {check.to_column}.")
    known = other.select(_known=other[check.to_column]).distinct()
    rows = subject.rows.filter(has_value(column))
    mine, theirs = rows[check.column], known["_known"]
    if mine.type().is_string() != theirs.type().is_string():
        mine, theirs = mine.cast("string"), theirs.cast("string")
    orphans = rows.anti_join(known, mine == theirs)
    wrong, total = (
        table.aggregate(n=table.count()).to_pyarrow().to_pylist()[0]["n"] for table in (orphans, rows)
    )
    return Looked(_judge_reference(check, total, wrong), orphans)


def _judge_reference(check: Reference, total: int, wrong: int) -> CheckResult:
    values = f"{counted(total, 'value')} in {check.column}"
    if not total:
        sentence = f"There is no value in {check.column}, so there was nothing to check."
        return result(check, CheckState.UNKNOWN, sentence)
    share = (total - wrong) / total
    if not wrong:
        verb = "occurs" if total == 1 else "occur"
        return result(check, CheckState.PASS, f"All of {values} {verb} in {check.to}.", share)
    verb = "does not occur" if wrong == 1 else "do not occur"
    sentence = (
        f"{wrong:,} of {values} ({in_percent(wrong / total)}) {verb} in {check.to}; "
        f"{expected(check.at_least, '')}."
    )
    return result(check, CheckState.PASS if share >= check.at_least else CheckState.FAIL, sentence, share)
