"""A load as an OpenLineage run event, for whichever catalogue a company collects its lineage in.

The shapes are those of OpenLineage 2.0.2 and its facets, written out here: its Python client brings an HTTP
stack and half a second of imports to build what is one JSON document.
"""

from datetime import UTC, datetime
from typing import Any

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.check_spec import Check
from knowledge.warehouse.lineage_graph import trace_view
from knowledge.warehouse.quality import upstream_of
from knowledge.warehouse.spec import DataProduct, ViewLocation
from knowledge.warehouse.sql_lineage import SourceColumn, SqlTrace
from ledger.data_products import CheckResult, CheckState, LoadState, ProductLoad

NAMESPACE = "crewdesk"
PRODUCER = "https://crewdesk.example/warehouse"
SPEC = "https://openlineage.io/spec"
_RUN_EVENT = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
_VERSIONS = {
    "ColumnLineageDatasetFacet": "1-2-0",
    "DataQualityAssertionsDatasetFacet": "1-1-0",
    "DatasetVersionDatasetFacet": "1-0-1",
    "DocumentationDatasetFacet": "1-1-0",
    "ErrorMessageRunFacet": "1-0-1",
    "JobTypeJobFacet": "2-0-4",
    "OutputStatisticsOutputDatasetFacet": "1-0-2",
    "OwnershipDatasetFacet": "1-0-1",
    "SQLJobFacet": "1-1-0",
    "SchemaDatasetFacet": "1-2-0",
}
_KINDS = {"completeness": "not_null", "accepted": "accepted_values", "sql": "custom_sql"}

Json = dict[str, Any]


def openlineage_event(load: ProductLoad, product: DataProduct, catalog: Catalog) -> Json:
    """A RunEvent: COMPLETE for what was published, FAIL for what was kept back, with the reason. Neither
    examples of rows nor their values are in it."""
    is_published = load.state is LoadState.PUBLISHED
    run_facets: Json = {}
    if not is_published:
        message = load.reason or "The load was kept back."
        run_facets["errorMessage"] = facet(
            "ErrorMessageRunFacet", message=message, programmingLanguage="Python"
        )
    return {
        "eventType": "COMPLETE" if is_published else "FAIL",
        "eventTime": moment_of(load.loaded_at),
        "producer": PRODUCER,
        "schemaURL": _RUN_EVENT,
        "run": {"runId": load.id, "facets": run_facets},
        "job": {"namespace": NAMESPACE, "name": f"load {product.name}", "facets": _job_facets(product)},
        "inputs": [input_dataset(name, catalog) for name in _inputs(product, catalog)],
        "outputs": [_output(load, product, catalog)],
    }


def _inputs(product: DataProduct, catalog: Catalog) -> tuple[str, ...]:
    return upstream_of(catalog, product) or (product.origin,)


def input_dataset(name: str, catalog: Catalog) -> Json:
    known = catalog.products.get(name)
    facets = {"ownership": _ownership(known), "documentation": _documentation(known)} if known else {}
    return {"namespace": NAMESPACE, "name": name, "facets": facets, "inputFacets": {}}


def _output(load: ProductLoad, product: DataProduct, catalog: Catalog) -> Json:
    facets: Json = {
        "schema": _schema(load, product),
        "documentation": _documentation(product),
        "ownership": _ownership(product),
        "version": facet("DatasetVersionDatasetFacet", datasetVersion=load.id),
    }
    if load.checks:
        # OpenLineage knows it as a facet of an input; as one the product would seem to be made of itself.
        facets["dataQualityAssertions"] = _assertions(load, product)
    if (trace := trace_view(catalog, product)) is not None:
        facets["columnLineage"] = _column_lineage(trace)
    statistics = facet(
        "OutputStatisticsOutputDatasetFacet",
        rowCount=load.rows,
        size=load.size_bytes,
        fileCount=1 if load.file else 0,
    )
    return {
        "namespace": NAMESPACE,
        "name": product.name,
        "facets": facets,
        "outputFacets": {"outputStatistics": statistics},
    }


def _job_facets(product: DataProduct) -> Json:
    facets = {
        "jobType": facet(
            "JobTypeJobFacet", processingType="BATCH", integration="CREWDESK", jobType="PRODUCT_LOAD"
        )
    }
    if isinstance(product.location, ViewLocation):
        facets["sql"] = facet("SQLJobFacet", query=product.location.sql, dialect="duckdb")
    return facets


def _schema(load: ProductLoad, product: DataProduct) -> Json:
    """As published; a load that was kept back before its columns were known has the declared ones."""
    columns = load.columns or tuple((column.name, column.type.value) for column in product.columns)
    fields = []
    for position, (name, kind) in enumerate(columns, start=1):
        field: Json = {"name": name, "type": kind, "ordinal_position": position}
        if declared := product.column(name):
            field["description"] = declared.description
        fields.append(field)
    return facet("SchemaDatasetFacet", fields=fields)


def _assertions(load: ProductLoad, product: DataProduct) -> Json:
    """A check that could not be made asserts nothing."""
    by_label = {check.label: check for check in product.checks}
    assertions = [
        _assertion(outcome, by_label.get(outcome.check))
        for outcome in load.checks
        if outcome.state is not CheckState.UNKNOWN
    ]
    return facet("DataQualityAssertionsDatasetFacet", assertions=assertions)


def _assertion(outcome: CheckResult, check: Check | None) -> Json:
    kind = check.kind if check else outcome.check
    assertion: Json = {
        "assertion": _KINDS.get(kind, kind),
        "success": outcome.state is CheckState.PASS,
        "severity": "error" if outcome.severity == "block" else "warn",
        "name": outcome.check,
        "description": outcome.sentence,
    }
    if check and len(check.of_columns) == 1:
        assertion["column"] = check.of_columns[0]
    if outcome.measured is not None:
        assertion["actual"] = f"{outcome.measured:g}"
    return assertion


def _column_lineage(trace: SqlTrace) -> Json:
    fields = {
        derived.name: {
            "inputFields": [_of(source, "DIRECT", [derived.how.value]) for source in derived.sources]
        }
        for derived in trace.columns
        if derived.sources
    }
    shaping = [_of(source, "INDIRECT", sorted(parts)) for source, parts in sorted(trace.parts.items())]
    return facet("ColumnLineageDatasetFacet", fields=fields, dataset=shaping)


def _of(source: SourceColumn, kind: str, subtypes: list[str]) -> Json:
    return input_field(source.product, source.column, kind, subtypes)


def input_field(product: str, column: str, kind: str, subtypes: list[str]) -> Json:
    """`kind` is DIRECT or INDIRECT, `subtypes` how the value is made of the column."""
    transformations = [
        {"type": kind, "subtype": subtype, "description": "", "masking": False} for subtype in subtypes
    ]
    return {"namespace": NAMESPACE, "name": product, "field": column, "transformations": transformations}


def _documentation(product: DataProduct) -> Json:
    return facet("DocumentationDatasetFacet", description=product.description)


def _ownership(product: DataProduct) -> Json:
    owners = [{"name": product.owner, "type": "OWNER"}, {"name": product.steward, "type": "STEWARD"}]
    return facet("OwnershipDatasetFacet", owners=owners)


def facet(name: str, **content: Any) -> Json:
    url = f"{SPEC}/facets/{_VERSIONS[name]}/{name}.json#/$defs/{name}"
    return {"_producer": PRODUCER, "_schemaURL": url, **content}


def moment_of(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
