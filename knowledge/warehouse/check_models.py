"""The semantic models tried out on empty tables, so that a mistake in one is found before anybody asks."""

from ibis.expr import types as ir

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.entity_path import key_of_entity
from knowledge.warehouse.errors import QueryRefused, UnknownData
from knowledge.warehouse.expressions import ExpressionInvalid, bind_expression, is_never_additive
from knowledge.warehouse.metric_spec import Entity, Join, SemanticModel
from knowledge.warehouse.plan import MOST_METRICS, measure_of, plan_query
from knowledge.warehouse.policy import empty_table
from knowledge.warehouse.query import MetricQuery
from knowledge.warehouse.semantic import aggregate
from knowledge.warehouse.statement import statement_of
from knowledge.warehouse.vocabulary import MetricRef, Vocabulary
from ledger.errors import WorkspaceInvalid


def check_models(catalog: Catalog) -> None:
    """Raises WorkspaceInvalid naming the model and its metric, dimension or join, and what is wrong with
    it."""
    for model in catalog.models.values():
        table = empty_table(catalog.products[model.product])
        for name in model.dimensions:
            _check_dimension(model, name, table)
        for name, join in model.joins.items():
            _check_join(catalog, model, name, join)
        for name in model.metrics:
            _check_metric(model, name, table)
        _check_together(catalog, model)
    for entity in catalog.entities.values():
        _check_entity(catalog, entity)


def _check_dimension(model: SemanticModel, name: str, table: ir.Table) -> None:
    dimension = model.dimensions[name]
    place = f"{model.name}.{name}"
    try:
        value = bind_expression(dimension.expr or f"_.{name}", table)
    except ExpressionInvalid as error:
        raise WorkspaceInvalid(f"{place}: expr: {error}.") from error
    if isinstance(value, ir.Scalar):
        raise WorkspaceInvalid(f"{place}: expr: it sums rows up; that is for metrics.")
    if dimension.is_time and not isinstance(value, ir.DateValue | ir.TimestampValue):
        raise WorkspaceInvalid(f"{place}: is_time: it is no date, but {value.type()}.")


def _check_metric(model: SemanticModel, name: str, table: ir.Table) -> None:
    metric, place = model.metrics[name], f"{model.name}.{name}"
    try:
        value = bind_expression(measure_of(MetricRef(model, name), name).expression, table)
    except (ExpressionInvalid, QueryRefused) as error:
        raise WorkspaceInvalid(f"{place}: expr: {str(error).removesuffix('.')}.") from error
    if not isinstance(value, ir.Scalar):
        raise WorkspaceInvalid(f"{place}: expr: it has a value for each row; sum it up, as in `.sum()`.")
    if metric.additivity == "semi" and model.time is None:
        raise WorkspaceInvalid(f"{place}: additivity: the model has no `time` to tell its last day by.")
    if metric.additivity != "none" and not metric.is_ratio and is_never_additive(value):
        raise WorkspaceInvalid(
            f"{place}: additivity: an average, an extreme or a count of different values cannot be summed "
            "up; say `none`."
        )


def _check_join(catalog: Catalog, model: SemanticModel, name: str, join: Join) -> None:
    """Rows that meet several of the other's would be counted several times."""
    other = catalog.products[catalog.models[join.model].product]
    theirs = frozenset(join.on.values())
    if not any(theirs >= key for key in other.unique_keys):
        raise WorkspaceInvalid(
            f"{model.name}.{name}: on: {', '.join(sorted(theirs))} may occur twice in {other.name}; make "
            "it the `primary_key` there, or add a `unique` check that blocks."
        )
    mine = catalog.products[model.product]
    for one, its in join.on.items():
        left, right = mine.column(one), other.column(its)
        if left and right and left.type is not right.type:
            raise WorkspaceInvalid(
                f"{model.name}.{name}: on: {one} is {left.type} and {other.name}'s {its} is {right.type}."
            )


def _check_together(catalog: Catalog, model: SemanticModel) -> None:
    """All of a model at once, as far as a statement."""
    words = Vocabulary(catalog, catalog.products)
    names = [f"{model.name}.{name}" for name in model.metrics][:MOST_METRICS]
    if not names:
        return
    try:
        for part in plan_query(words, MetricQuery(tuple(names))).parts:
            statement_of(
                aggregate(part, None, lambda name: empty_table(catalog.products[name]), catalog.calendar)
            )
    except (ExpressionInvalid, QueryRefused, UnknownData) as error:
        raise WorkspaceInvalid(f"{model.name}: {error}") from error


def _check_entity(catalog: Catalog, entity: Entity) -> None:
    words = Vocabulary(catalog, catalog.products)
    for name, feature in entity.features.items():
        ref = words.metric(feature.metric)
        if key_of_entity(words, entity, ref.model) is None:
            raise WorkspaceInvalid(
                f"{entity.name}.{name}: metric: {ref.model.name} has no join to {entity.product} by which "
                f"its rows belong to one {entity.name}."
            )
        if feature.days and words.time_of(ref.model) is None:
            raise WorkspaceInvalid(f"{entity.name}.{name}: days: {ref.model.name} has no dates to go by.")
