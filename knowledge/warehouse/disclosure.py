"""What a planned query would tell of columns somebody may not see.

Whoever may not see a column's values gets no figure made of them, and may neither filter by them nor cut time
by them: each of these would tell of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.expressions import ExpressionInvalid, bind_expression, columns_used
from knowledge.warehouse.metric_spec import SemanticModel
from knowledge.warehouse.plan import Part, Plan
from knowledge.warehouse.policy import empty_table
from knowledge.warehouse.query import Period
from knowledge.warehouse.result import Quality, QualityFinding
from knowledge.warehouse.spec import DataProduct, MaskKind
from knowledge.warehouse.tables import PolicedTables
from knowledge.warehouse.vocabulary import DimensionRef, Place, Step, label_of
from ledger.errors import WorkspaceInvalid

_UPSTREAM = "Something this product is made of does not pass its checks."
_MASKED_AS = {
    MaskKind.NULL: "is not shown to you: its groups are one",
    MaskKind.HASH: "is shown to you as codes",
    MaskKind.PARTIAL: "is shown to you in part: groups that look the same are one",
    MaskKind.BUCKET: "is shown to you in ranges",
}


def refuse_masked(plan: Plan, tables: PolicedTables) -> None:
    """Raises QueryRefused naming what would tell of a masked column."""
    for part in plan.parts:
        for measure in part.measures:
            columns = columns_of(tables, part.model, measure.ref.full_name, measure.expression)
            _refuse(f"{measure.ref.label} uses", columns, tables, part.model)
        for cut in part.cuts:
            if cut.grain or cut.ref.expression != f"_.{cut.ref.name}":
                _refuse_ref(f"{cut.ref.label} is made of", cut.ref, tables)
        for ref in part.refs(plan.period)[len(part.cuts) :]:
            _refuse_ref(f"A filter by {ref.label} would go by", ref, tables)
        for step in _steps(part, plan.period):
            words = f"The join {step.name} goes by"
            _refuse(words, frozenset(step.join.on), tables, step.start)
            _refuse(words, frozenset(step.join.on.values()), tables, step.model)


def columns_by_product(plan: Plan, tables: PolicedTables) -> dict[str, frozenset[str]]:
    """What the query stands on, the metrics' own products first."""
    used: dict[str, set[str]] = defaultdict(set)
    for part in plan.parts:
        for measure in part.measures:
            columns = columns_of(tables, part.model, measure.ref.full_name, measure.expression)
            used[part.model.product] |= columns
    for part in plan.parts:
        for step in _steps(part, plan.period):
            used[step.model.product] |= set()
        for ref in part.refs(plan.period):
            used[ref.place.model.product] |= _columns_of_ref(tables, ref)
    return {name: frozenset(columns) for name, columns in used.items()}


def columns_at(ref: DimensionRef, tables: PolicedTables) -> Iterator[tuple[Place, frozenset[str]]]:
    """The columns that tell of a dimension, by place: its own, and those of the joins that lead to it."""
    yield ref.place, _columns_of_ref(tables, ref)
    for number, step in enumerate(ref.place.joins):
        yield Place(step.start, ref.place.joins[:number]), frozenset(step.join.on)
        yield Place(step.model, ref.place.joins[: number + 1]), frozenset(step.join.on.values())


def columns_of(tables: PolicedTables, model: SemanticModel, name: str, expression: str) -> frozenset[str]:
    """By the product as it is declared, since a masked column may not even have the type any more."""
    table = empty_table(tables.product(model.product))
    try:
        return columns_used(bind_expression(expression, table), table)
    except ExpressionInvalid as error:
        raise WorkspaceInvalid(f"{name}: {error}.") from error


class Visible(Protocol):
    """The products one scope may read; `product` raises UnknownData for any other."""

    def names(self) -> Sequence[str]: ...

    def product(self, name: str) -> DataProduct: ...


def told_within_rights(quality: Quality, used: Iterable[str], tables: Visible) -> Quality:
    """What is wrong with a product the scope may not read is said of the first that rests on it."""
    first, visible = tables.product(next(iter(used))), frozenset(tables.names())
    findings = [
        finding
        if finding.product in visible
        else QualityFinding(first.name, first.owner, "upstream", finding.verdict, _UPSTREAM)
        for finding in quality.findings
    ]
    return Quality(quality.verdict, tuple(dict.fromkeys(findings)))


def notes_on(plan: Plan, used: dict[str, frozenset[str]], tables: PolicedTables) -> list[str]:
    """Sentences on what a reader does not see."""
    notes = [
        f"Only the rows of {name} you may see are counted." for name in used if tables.has_row_rules(name)
    ]
    for cut in plan.cuts:
        masked = tables.masked(cut.ref.place.model.product)
        notes += [
            f"{label_of(cut.ref.name)} {_MASKED_AS[masked[column]]}."
            for column in sorted(_columns_of_ref(tables, cut.ref) & masked.keys())
        ]
    return notes


def _steps(part: Part, period: Period | None) -> Iterator[Step]:
    for ref in part.refs(period):
        yield from ref.place.joins


def _columns_of_ref(tables: PolicedTables, ref: DimensionRef) -> frozenset[str]:
    return columns_of(tables, ref.place.model, ref.full_name, ref.expression)


def _refuse_ref(words: str, ref: DimensionRef, tables: PolicedTables) -> None:
    _refuse(words, _columns_of_ref(tables, ref), tables, ref.place.model)


def _refuse(words: str, columns: frozenset[str], tables: PolicedTables, model: SemanticModel) -> None:
    hidden = sorted(columns & tables.masked(model.product).keys())
    if hidden:
        raise QueryRefused(f"{words} {hidden[0]}, which you may not see.")
