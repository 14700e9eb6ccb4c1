"""The event of a load, held against the shapes of OpenLineage 2.0.2."""

import json
import re
import uuid
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from knowledge.warehouse.openlineage import openlineage_event
from knowledge.warehouse.openlineage_metrics import openlineage_metrics
from knowledge.warehouse.warehouse import Warehouse
from ledger.data_products import CheckResult, CheckState, LoadState
from ledger.db import Database
from tests.stand_ins.warehouse import open_shop, publish, write_workspace
from tests.unit.knowledge.warehouse.lineage_shop import FILES, GROUPS

_FACET = re.compile(r"^https://openlineage\.io/spec/facets/\d-\d-\d/(\w+)\.json#/\$defs/\1$")
# What each facet's schema requires besides its producer and its schema.
_REQUIRED = {
    "columnLineage": {"fields"},
    "dataQualityAssertions": {"assertions"},
    "documentation": {"description"},
    "errorMessage": {"message", "programmingLanguage"},
    "jobType": {"processingType", "integration"},
    "sql": {"query"},
    "version": {"datasetVersion"},
}
Json = dict[str, Any]


@pytest.fixture
def shop(sqlite_db: Database, tmp_path: Path) -> Warehouse:
    write_workspace(tmp_path, GROUPS, FILES)
    return open_shop(sqlite_db, tmp_path)


def check_shape(event: Json) -> None:
    assert json.loads(json.dumps(event)) == event
    assert event.keys() == {
        "eventType",
        "eventTime",
        "producer",
        "schemaURL",
        "run",
        "job",
        "inputs",
        "outputs",
    }
    assert event["schemaURL"] == "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
    assert datetime.fromisoformat(event["eventTime"]).tzinfo is not None
    assert event["producer"].startswith("https://")
    uuid.UUID(event["run"]["runId"])
    holders = [event["run"], event["job"], *event["inputs"], *event["outputs"]]
    assert all({"namespace", "name"} <= each.keys() for each in holders[1:])
    facets = [facets for each in holders for key in each if key.endswith("acets") for facets in [each[key]]]
    for name, facet in [pair for each in facets for pair in each.items()]:
        assert _FACET.match(facet["_schemaURL"])
        assert facet["_producer"] == event["producer"]
        assert facet.keys() >= _REQUIRED.get(name, set())


def test_a_view_that_was_published(shop: Warehouse) -> None:
    checks = [
        CheckResult("range of revenue", "block", CheckState.PASS, "All is well.", 1.0, ({"day": "secret"},)),
        CheckResult("No day twice", "warn", CheckState.FAIL, "2 rows are wrong."),
        CheckResult("later", "warn", CheckState.UNKNOWN, "Too few."),
    ]
    load = publish(shop, "sales.by_day", [{"revenue": 3}], checks=checks)
    event = openlineage_event(load, shop.catalog.products["sales.by_day"], shop.catalog)
    check_shape(event)
    assert (event["eventType"], event["run"]["runId"]) == ("COMPLETE", load.id)
    assert [each["name"] for each in event["inputs"]] == ["crm.customers", "sales.orders"]
    [output] = event["outputs"]
    fields = output["facets"]["schema"]["fields"]
    assert [(f["name"], f["type"]) for f in fields][:3] == [
        ("day", "date"),
        ("segment", "string"),
        ("revenue", "decimal"),
    ]
    assertions = output["facets"]["dataQualityAssertions"]["assertions"]
    assert [(a["assertion"], a["success"], a["severity"], a.get("column")) for a in assertions] == [
        ("range", True, "error", "revenue"),
        ("No day twice", False, "warn", None),
    ]
    assert "secret" not in json.dumps(event)
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 1
    lineage = output["facets"]["columnLineage"]
    assert lineage["fields"]["revenue"]["inputFields"] == [
        {
            "namespace": "crewdesk",
            "name": "sales.orders",
            "field": "net",
            "transformations": [
                {"type": "DIRECT", "subtype": "AGGREGATION", "description": "", "masking": False}
            ],
        }
    ]
    shaping = {
        (each["name"], each["field"]): {t["subtype"] for t in each["transformations"]}
        for each in lineage["dataset"]
    }
    assert shaping["sales.orders", "region"] == {"FILTER"}
    assert shaping["crm.customers", "id"] == {"JOIN"}
    assert shaping["sales.orders", "day"] == {"GROUP_BY"}


def test_a_load_that_was_kept_back(shop: Warehouse) -> None:
    load = publish(shop, "sales.orders", [])
    kept = replace(load, state=LoadState.KEPT_BACK, reason="the column net is missing", columns=(), file=None)
    event = openlineage_event(kept, shop.catalog.products["sales.orders"], shop.catalog)
    check_shape(event)
    assert event["eventType"] == "FAIL"
    assert event["run"]["facets"]["errorMessage"]["message"] == "the column net is missing"
    assert [each["name"] for each in event["inputs"]] == ["the till"]
    assert [f["name"] for f in event["outputs"][0]["facets"]["schema"]["fields"]][:2] == ["id", "customer_id"]
    assert "columnLineage" not in event["outputs"][0]["facets"]


def test_metrics_are_told_with_the_columns_they_are_computed_from(shop: Warehouse) -> None:
    model = shop.catalog.models["orders"]
    event = openlineage_metrics(model, shop.catalog, shop.db.clock.now())
    assert json.loads(json.dumps(event)) == event
    assert event["schemaURL"].endswith("/2-0-2/OpenLineage.json#/$defs/JobEvent")
    assert "run" not in event
    assert [each["name"] for each in event["inputs"]] == [model.product]
    [output] = event["outputs"]
    assert [field["name"] for field in output["facets"]["schema"]["fields"]] == list(model.metrics)
    lineage = output["facets"]["columnLineage"]["fields"]
    columns = {name: [each["field"] for each in told["inputFields"]] for name, told in lineage.items()}
    # `orders` counts rows, whatever is in them; the average is made of both.
    assert columns == {"revenue": ["net"], "average": ["net"]}
