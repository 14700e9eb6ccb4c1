"""Makes the raw rows those of the product: each value of its column's type, each row once.

Everything is done by DuckDB over whole columns. Afterwards the table `conformed` holds the rows that may be
served, `held` the numbers of those that may not, with the reasons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge.warehouse.loading.column_plan import (
    BAD,
    FILLED,
    LEFT_OUT,
    MISSING,
    NEEDED,
    ColumnPlan,
    check_date_formats,
    plan_column,
)
from knowledge.warehouse.loading.readings import DecimalSign, comma_evidence, point_evidence, rounds
from knowledge.warehouse.loading.source import identifier, literal
from knowledge.warehouse.loading.workbench import Workbench
from knowledge.warehouse.spec import ColumnType, DataProduct

# Stands among the counts for the rows as a whole; no column can have that name.
ALL_ROWS = "*"


@dataclass(frozen=True, slots=True)
class Conformed:
    """`counts` by column and rule, `reasons` how many rows were held for each; a row may have several."""

    read: int
    rows: int
    held: int
    counts: dict[str, dict[str, int]]
    reasons: dict[str, int]


def conform(bench: Workbench, product: DataProduct, types: Mapping[str, str]) -> Conformed:
    """`types` are DuckDB's of `raw`. Raises SourceUnreadable where a rule of the product makes no sense."""
    plans = _plan(bench, product, types)
    _read_values(bench, plans)
    read, counts = _count(bench, plans)
    _count_rounded(bench, product, types, counts)
    _hold_bad(bench, plans)
    dropped, conflicts = _settle_keys(bench, product)
    bench.run(
        "DELETE FROM conformed WHERE _row IN (SELECT _row FROM held UNION ALL SELECT _row FROM dropped)"
    )
    rows, held = bench.row("SELECT (SELECT count(*) FROM conformed), (SELECT count(*) FROM held)")
    whole = {
        "read": read,
        "duplicates_dropped": dropped,
        "key_conflicts": conflicts,
        "quarantined": held,
    }
    counts[ALL_ROWS] = {rule: count for rule, count in whole.items() if count or rule == "read"}
    names = ", ".join(identifier(column.name) for column in product.columns)
    bench.run(f"CREATE VIEW product_rows AS SELECT {names} FROM conformed")
    reasons = bench.rows(
        "SELECT reason, count(*) FROM (SELECT unnest(reasons) AS reason FROM held) "
        "GROUP BY reason ORDER BY count(*) DESC, reason"
    )
    return Conformed(read, rows, held, counts, dict(reasons))


def _plan(bench: Workbench, product: DataProduct, types: Mapping[str, str]) -> list[ColumnPlan]:
    signs = _decimal_signs(bench, product, types)
    plans = []
    for index, column in enumerate(product.columns):
        check_date_formats(bench, column)
        sign = signs.get(column.name, DecimalSign.UNKNOWN)
        in_key = column.name in product.primary_key
        plans.append(plan_column(bench, index, column, types[column.name], sign, in_key=in_key))
    return plans


def _decimal_signs(
    bench: Workbench, product: DataProduct, types: Mapping[str, str]
) -> dict[str, DecimalSign]:
    """Of each column of numbers that came as text, told by its values."""
    numbers = [
        column.name
        for column in product.columns
        if column.type in (ColumnType.DECIMAL, ColumnType.FLOAT) and types[column.name] == "VARCHAR"
    ]
    if not numbers:
        return {}
    texts = [f"trim({identifier(name)})" for name in numbers]
    found = bench.row(
        "SELECT "
        + ", ".join(f"bool_or({point_evidence(t)}), bool_or({comma_evidence(t)})" for t in texts)
        + " FROM raw"
    )
    signs = {
        (True, False): DecimalSign.POINT,
        (False, True): DecimalSign.COMMA,
        (True, True): DecimalSign.MIXED,
        (False, False): DecimalSign.UNKNOWN,
    }
    return {
        name: signs[bool(found[2 * index]), bool(found[2 * index + 1])] for index, name in enumerate(numbers)
    }


def _read_values(bench: Workbench, plans: Sequence[ColumnPlan]) -> None:
    def layer(parts: list[list[str]]) -> str:
        return ", ".join(["_row", *(part for column in parts for part in column)])

    cleaned = layer([plan.clean_layer for plan in plans]).replace("_row", "rowid AS _row", 1)
    bench.run(
        f"CREATE TABLE conformed AS SELECT {layer([plan.value_layer for plan in plans])} FROM ("
        f"SELECT {layer([plan.reading_layer for plan in plans])} FROM (SELECT {cleaned} FROM raw))"
    )


def _count(bench: Workbench, plans: Sequence[ColumnPlan]) -> tuple[int, dict[str, dict[str, int]]]:
    asked: list[tuple[str, str, str]] = []
    for plan in plans:
        name, r = plan.column.name, f"r{plan.index}"
        asked.append((name, "missing", f"{r} IN ({MISSING}, {FILLED}, {NEEDED})"))
        asked.append((name, "filled", f"{r} = {FILLED}"))
        asked.append((name, "left_out", f"{r} = {LEFT_OUT}"))
        asked.append((name, "quarantined", f"{r} IN ({NEEDED}, {BAD})"))
        asked += [
            (name, reading.rule, f"{r} = {n}")
            for n, reading in enumerate(plan.readings, start=1)
            if reading.rule
        ]
        if plan.is_mapped:
            asked.append((name, "mapped", f"m{plan.index}"))
    sums = "".join(f", count(*) FILTER ({condition})" for _, _, condition in asked)
    read, *found = bench.row(f"SELECT count(*){sums} FROM conformed")
    counts: dict[str, dict[str, int]] = {}
    for (name, rule, _), count in zip(asked, found, strict=True):
        if count:
            counts.setdefault(name, {})
            counts[name][rule] = counts[name].get(rule, 0) + count
    return read, counts


def _count_rounded(
    bench: Workbench, product: DataProduct, types: Mapping[str, str], counts: dict[str, dict[str, int]]
) -> None:
    """How many values have more places than a decimal keeps."""
    decimals = [column.name for column in product.columns if column.type is ColumnType.DECIMAL]
    if not decimals:
        return
    tests = [f"count(*) FILTER ({rounds(identifier(name), types[name])})" for name in decimals]
    found = bench.row(f"SELECT {', '.join(tests)} FROM raw")
    for name, count in zip(decimals, found, strict=True):
        if count:
            counts.setdefault(name, {})["rounded"] = count


def _hold_bad(bench: Workbench, plans: Sequence[ColumnPlan]) -> None:
    bad = " OR ".join(f"r{plan.index} IN ({NEEDED}, {BAD})" for plan in plans)
    reasons = ", ".join(
        f"CASE r{plan.index} "
        + " ".join(f"WHEN {code} THEN {literal(reason)}" for code, reason in plan.reasons.items())
        + " END"
        for plan in plans
    )
    bench.run(
        f"CREATE TABLE held AS SELECT _row, list_filter([{reasons}], lambda x: x IS NOT NULL) AS reasons "
        f"FROM conformed WHERE {bad}"
    )


def _settle_keys(bench: Workbench, product: DataProduct) -> tuple[int, int]:
    """Of rows that are the same in everything one stays; of rows that only share their key none does. How
    many were dropped, and how many held."""
    bench.run("CREATE TABLE dropped (_row BIGINT)")
    if not product.primary_key:
        return 0, 0
    key = ", ".join(identifier(name) for name in product.primary_key)
    columns = ", ".join(identifier(column.name) for column in product.columns)
    sound = "(FROM conformed ANTI JOIN held USING (_row))"
    bench.run(f"CREATE TABLE shared AS SELECT {key} FROM {sound} GROUP BY {key} HAVING count(*) > 1")
    bench.run(
        f"CREATE TABLE rivals AS SELECT _row, min(_row) OVER (PARTITION BY {columns}) AS same_as, "
        f"count(*) OVER (PARTITION BY {key}) AS with_key, count(*) OVER (PARTITION BY {columns}) AS alike "
        f"FROM {sound} SEMI JOIN shared USING ({key})"
    )
    bench.run("INSERT INTO dropped SELECT _row FROM rivals WHERE with_key = alike AND _row <> same_as")
    reason = f"other rows have the same {' and '.join(product.primary_key)}, but not the same values"
    bench.run(f"INSERT INTO held SELECT _row, [{literal(reason)}] FROM rivals WHERE with_key <> alike")
    dropped, conflicts = bench.row(
        "SELECT (SELECT count(*) FROM dropped), count(*) FILTER (with_key <> alike) FROM rivals"
    )
    return dropped, conflicts
