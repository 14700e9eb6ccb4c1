"""What is known of one customer, store or product: the facts the workspace defines once for all of them.

One and all are reckoned by the same expression, so that a table made for training and a profile asked for in
an answer cannot tell different things.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import cast

import ibis
from ibis.expr import types as ir

from knowledge.search.access import AccessScope
from knowledge.warehouse.confidential import (
    confidential,
    refuse_single_values,
    smallest_group,
    with_people,
)
from knowledge.warehouse.disclosure import columns_by_product, refuse_masked, told_within_rights
from knowledge.warehouse.entity_path import key_of_entity
from knowledge.warehouse.errors import QueryRefused, UnknownData
from knowledge.warehouse.metric_filters import filter_condition
from knowledge.warehouse.metric_spec import Entity, Feature, Format
from knowledge.warehouse.plan import Cut, Measure, Part, Plan, measure_of
from knowledge.warehouse.provenance import lineage_of, metric_use, oldest_as_of
from knowledge.warehouse.query import MetricFilter, Period
from knowledge.warehouse.query_metrics import Judge, default_judge, exact, type_in_words
from knowledge.warehouse.result import NumberResult, ResultColumn, Value, Verdict
from knowledge.warehouse.semantic import ROWS, aggregate
from knowledge.warehouse.statement import Ran, run_statement, statement_of
from knowledge.warehouse.tables import PolicedTables, open_tables
from knowledge.warehouse.vocabulary import DimensionRef, MetricRef, Vocabulary, label_of
from knowledge.warehouse.warehouse import Warehouse

_KEY = "entity_key"


@dataclass(frozen=True, slots=True)
class _Fact:
    """A feature as it is reckoned; `smallest` is how many rows it has to be made of to be told."""

    name: str
    plan: Plan
    measure: Measure
    used: tuple[str, ...]
    smallest: int


def profile_entity(
    warehouse: Warehouse,
    scope: AccessScope,
    entity: str,
    key: Value,
    now: datetime,
    judge: Judge | None = None,
) -> NumberResult:
    """One row: the key, its attributes and features. Raises UnknownData if there is no such entity or no such
    one that may be seen, NotLoaded, QueryRefused."""
    result = _reckon(warehouse, scope, entity, now, judge, MetricFilter("key", "=", key))
    if not result.rows and result.quality.verdict is not Verdict.BLOCK:
        raise UnknownData(f"There is no {entity} '{key}'.")
    return result


def feature_table(
    warehouse: Warehouse, scope: AccessScope, entity: str, now: datetime, judge: Judge | None = None
) -> NumberResult:
    """The same for every one there is, by key. Raises UnknownData, NotLoaded, QueryRefused."""
    return _reckon(warehouse, scope, entity, now, judge, None)


def _reckon(
    warehouse: Warehouse,
    scope: AccessScope,
    name: str,
    now: datetime,
    judge: Judge | None,
    only: MetricFilter | None,
) -> NumberResult:
    with open_tables(warehouse, scope) as tables:
        entity = _entity(warehouse, tables, name)
        facts = list(_facts(warehouse, tables, entity, now.date()))
        used = tuple(dict.fromkeys([entity.product, *(product for fact in facts for product in fact.used)]))
        as_of = oldest_as_of(tables, used)
        quality = told_within_rights((judge or default_judge())(warehouse, used, now), used, tables)
        ran, too_small = Ran("", (), []), 0
        columns: tuple[ResultColumn, ...] = ()
        rows: tuple[tuple[Value, ...], ...] = ()
        if quality.verdict is not Verdict.BLOCK:
            table = _table(warehouse, tables, entity, facts, only)
            ran = run_statement(tables.connection, statement_of(table))
            columns = tuple(_columns(entity, tables, facts, ran.types))
            rows, too_small = _told(ran.rows, facts, columns)
        return NumberResult(
            columns=columns,
            rows=rows,
            sql=ran.sql,
            products=used,
            quality=quality,
            as_of=as_of,
            metrics=tuple(metric_use(fact.measure.ref) for fact in facts),
            filters=tuple(_sentences(facts, only, entity)),
            lineage=lineage_of(tables, warehouse.catalog.products, used),
            row_count=len(rows),
            too_small=too_small,
        )


def _entity(warehouse: Warehouse, tables: PolicedTables, name: str) -> Entity:
    entity = warehouse.catalog.entities.get(name)
    if entity is None or entity.product not in tables.names():
        raise UnknownData(f"There is no entity '{name}'.")
    if entity.key in tables.masked(entity.product):
        raise QueryRefused(f"A {name} is known by {entity.key}, which you may not see.")
    return entity


def _facts(warehouse: Warehouse, tables: PolicedTables, entity: Entity, today: date) -> Iterator[_Fact]:
    """Those this scope may know: one that rests on what it may not read is left out."""
    words = Vocabulary(warehouse.catalog, tables.names())
    for name, feature in entity.features.items():
        try:
            ref = words.metric(feature.metric)
            key = key_of_entity(words, entity, ref.model)
            if key is None:
                continue
            plan = _plan(words, ref, key, name, _period(feature, today))
            refuse_masked(plan, tables)
            refuse_single_values(plan, tables)
        except (QueryRefused, UnknownData):
            continue
        # Whoever asks names the one it is about, so its key is not what would be found out.
        told = with_people(replace(plan, parts=(replace(plan.parts[0], cuts=()),), cuts=()), tables)
        counted = replace(plan, parts=(replace(plan.parts[0], people=told.parts[0].people),))
        used = tuple(columns_by_product(plan, tables))
        yield _Fact(name, counted, plan.measures[0], used, smallest_group(told, tables))


def _plan(words: Vocabulary, ref: MetricRef, key: DimensionRef, name: str, period: Period | None) -> Plan:
    measure, cuts = measure_of(ref, name), (Cut(key, _KEY),)
    part = Part(
        ref.model, (measure,), cuts, (), words.time_of(ref.model), at_end=ref.metric.additivity == "semi"
    )
    return Plan((part,), (measure,), cuts, period, None)


def _period(feature: Feature, today: date) -> Period | None:
    """The last days up to today, which counts as one."""
    if feature.days is None:
        return None
    end = today + timedelta(days=1)
    return Period(end - timedelta(days=feature.days), end, f"last {feature.days} days")


def _table(
    warehouse: Warehouse, tables: PolicedTables, entity: Entity, facts: list[_Fact], only: MetricFilter | None
) -> ir.Table:
    """Key, attributes and features, then for each feature how many rows it is made of."""
    attributes = _attributes(entity, tables)
    table = tables.table(entity.product).select(entity.key, *attributes)
    if only:
        table = table.filter(filter_condition(f"{entity.name}.{entity.key}", only, table[entity.key]))
    for number, fact in enumerate(facts):
        [part] = fact.plan.parts
        found = aggregate(part, fact.plan.period, tables.table, warehouse.catalog.calendar)
        found = found.rename({f"key_{number}": _KEY, f"fact_{number}": fact.name, f"rows_{number}": ROWS})
        table = table.left_join(found, table[entity.key] == found[f"key_{number}"])
    features = {fact.name: _value(table, number, fact) for number, fact in enumerate(facts)}
    counts = {f"rows_{number}": table[f"rows_{number}"] for number in range(len(facts))}
    plain = {name: table[name] for name in (entity.key, *attributes)}
    return table.select(**plain, **features, **counts).order_by(entity.key)


def _value(table: ir.Table, number: int, fact: _Fact) -> ir.Value:
    value = table[f"fact_{number}"]
    if not fact.measure.is_summed:
        return value
    return table[f"rows_{number}"].isnull().ifelse(ibis.literal(0).cast(value.type()), value)


def _attributes(entity: Entity, tables: PolicedTables) -> list[str]:
    """Without what is confidential, unless it is masked, or somebody is named who may see it: a profile is of
    one alone."""
    product = tables.product(entity.product)
    told = product.access.unmasked.keys() | tables.masked(entity.product).keys()
    close = confidential(tables, entity.product) - told
    return [name for name in dict.fromkeys(entity.attributes) if name != entity.key and name not in close]


def _told(
    rows: list[tuple[Value, ...]], facts: list[_Fact], columns: tuple[ResultColumn, ...]
) -> tuple[tuple[tuple[Value, ...], ...], int]:
    """Without what rests on too few rows, and how often that was."""
    told, too_small, first = [], 0, len(columns) - len(facts)
    for row in rows:
        values = [exact(value, Format(column.format)) for value, column in zip(row, columns, strict=False)]
        for number, (fact, count) in enumerate(zip(facts, row[len(columns) :], strict=True)):
            # Of none at all there is no count. Of a few, not even that none of them has a value is told.
            if count is not None and cast(int, count) < fact.smallest:
                values[first + number] = None
                too_small += 1
        told.append(tuple(values))
    return tuple(told), too_small


def _columns(
    entity: Entity, tables: PolicedTables, facts: list[_Fact], types: tuple[str, ...]
) -> Iterator[ResultColumn]:
    product = tables.product(entity.product)
    plain = [entity.key, *_attributes(entity, tables)]
    for name, kind in zip(plain, types, strict=False):
        column = product.column(name)
        yield ResultColumn(
            name, label_of(name), type_in_words(kind), "dimension", column.unit if column else None
        )
    for fact, kind in zip(facts, types[len(plain) :], strict=False):
        metric, words = fact.measure.ref.metric, type_in_words(kind)
        if metric.format is Format.CURRENCY and words == "float":
            words = "decimal"
        yield ResultColumn(
            fact.name, label_of(fact.name), words, "metric", metric.unit, metric.format, metric.decimals
        )


def _sentences(facts: list[_Fact], only: MetricFilter | None, entity: Entity) -> Iterator[str]:
    if only:
        yield f"{label_of(entity.key)} is {only.value}."
    for fact in facts:
        period = fact.plan.period
        if period:
            yield f"{label_of(fact.name)}: from {period.start} on ({period.label})."
