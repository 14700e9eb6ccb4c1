"""What metrics are made of, as OpenLineage job events: a definition is never run, so no run is told of."""

from datetime import datetime

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.expression_names import names_in
from knowledge.warehouse.metric_spec import SemanticModel
from knowledge.warehouse.openlineage import (
    NAMESPACE,
    PRODUCER,
    SPEC,
    Json,
    facet,
    input_dataset,
    input_field,
    moment_of,
)
from knowledge.warehouse.spec import DataProduct

_JOB_EVENT = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/JobEvent"


def openlineage_metrics(model: SemanticModel, catalog: Catalog, now: datetime) -> Json:
    """A JobEvent: the model's metrics and dimensions as fields, each with the columns it is computed from."""
    product = catalog.products[model.product]
    fields = {name: metric.description for name, metric in model.metrics.items()}
    output = {
        "namespace": NAMESPACE,
        "name": f"metrics.{model.name}",
        "facets": {
            "schema": facet(
                "SchemaDatasetFacet",
                fields=[{"name": name, "description": told} for name, told in fields.items()],
            ),
            "columnLineage": facet("ColumnLineageDatasetFacet", fields=_lineage(model, product)),
        },
        "outputFacets": {},
    }
    return {
        "eventTime": moment_of(now),
        "producer": PRODUCER,
        "schemaURL": _JOB_EVENT,
        "job": {"namespace": NAMESPACE, "name": f"metrics {model.name}", "facets": {}},
        "inputs": [input_dataset(product.name, catalog)],
        "outputs": [output],
    }


def _lineage(model: SemanticModel, product: DataProduct) -> Json:
    columns = {name: _columns(model, product, name, frozenset()) for name in model.metrics}
    return {
        name: {
            "inputFields": [
                input_field(product.name, column, "DIRECT", ["AGGREGATION"]) for column in sorted(found)
            ]
        }
        for name, found in columns.items()
        if found
    }


def _columns(model: SemanticModel, product: DataProduct, name: str, above: frozenset[str]) -> set[str]:
    """The columns a metric is computed from, through the metrics it is made of."""
    found: set[str] = set()
    for used in names_in(model.metrics[name].expr):
        if product.column(used) is not None:
            found.add(used)
        elif used in model.metrics and used not in above:
            found |= _columns(model, product, used, above | {name})
    return found
