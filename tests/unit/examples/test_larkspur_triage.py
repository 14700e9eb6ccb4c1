"""The sample workspace's triage: the case of the missing reports, from category to owner."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crews.triage.access import check_access
from crews.triage.priority import judge_priority
from crews.triage.spec import TriageSpec, load_triage
from crews.triage.status import Health, check_system_status
from crews.triage.systems import SystemsFile, load_systems
from examples.larkspur_data.pipelines import pipeline_rows
from knowledge.classifier.labels import OUT_OF_SCOPE
from knowledge.classifier.train import train_classifier
from knowledge.search.access import AccessScope
from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.warehouse import Warehouse
from ledger.clock import ManualClock
from ledger.db import Database
from ledger.people import find_principal, sync_people
from ledger.workspace import Workspace, open_workspace
from tests.model_cache import packaged_embedder
from tests.stand_ins.warehouse import publish
from tests.unit.examples.conftest import LARKSPUR, TODAY

SEED_CASE = (
    "I'm having trouble accessing the quarterly financial reports that were supposed to be ready yesterday, "
    "and I need them for the board meeting this afternoon"
)
NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 9, 0, tzinfo=UTC)
TIMES = ("scheduled", "started", "finished")


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    return open_workspace(LARKSPUR)


@pytest.fixture(scope="module")
def spec(workspace: Workspace) -> TriageSpec:
    spec = load_triage(workspace)
    assert spec is not None
    return spec


@pytest.fixture(scope="module")
def systems(workspace: Workspace) -> SystemsFile:
    systems = load_systems(workspace)
    assert systems is not None
    return systems


@pytest.fixture
def db(sqlite_url: str, workspace: Workspace) -> Iterator[Database]:
    db = Database(sqlite_url, ManualClock(NOW))
    sync_people(db, workspace.people)
    yield db
    db.close()


@pytest.fixture
def warehouse(db: Database, catalog: Catalog, tmp_path: Path) -> Warehouse:
    """With the nightly jobs of the last days."""
    warehouse = Warehouse(db, catalog, tmp_path / "warehouse")
    rows = [
        {**row, **{name: datetime.fromisoformat(str(row[name])) for name in TIMES}}
        for row in pipeline_rows(TODAY)[-40:]
    ]
    publish(warehouse, "platform.pipeline_runs", rows)
    return warehouse


def test_the_seed_case_leads_to_the_failed_pipeline_and_its_owner(
    db: Database, systems: SystemsFile, warehouse: Warehouse
) -> None:
    [system] = systems.find(SEED_CASE)
    allowed = {
        email: check_access(find_principal(db, f"{email}@larkspur.example"), system).allowed
        for email in ("finance.lead", "manager")
    }
    assert allowed == {"finance.lead": True, "manager": False}
    scope = AccessScope(find_principal(db, "finance.lead@larkspur.example").groups)
    status = check_system_status(system, systems.pipeline_runs, warehouse, scope, NOW)
    assert status.health is Health.FAILED
    assert status.runs[0].sentence == (
        "The pipeline quarterly_financial_reports, due yesterday at 02:00, failed: "
        "Step store_contribution: the ledger export has no rows for three stores."
    )
    assert (status.owner, status.contact) == ("Financial Reporting", "financial-reporting@larkspur.example")


def test_the_seed_case_is_known_and_the_most_pressing(spec: TriageSpec) -> None:
    embedder = packaged_embedder()

    def embed(texts: list[str]):  # type: ignore[no-untyped-def]
        return embedder.embed_passages(texts, lambda _done: None).vectors

    classifier = train_classifier(spec.examples, embed([example.text for example in spec.examples]))
    assert classifier.macro_f1 > 0.65
    asked = [SEED_CASE, "Who is the king of the moon?"]
    seed, strange = classifier.classify(asked, embed(asked))
    assert (seed.best.label, seed.in_scope, strange.in_scope) == ("data_reports", True, False)
    assert seed.best.probability > spec.file.sure_from
    assert judge_priority(SEED_CASE, spec.file, spec.category("data_reports")).level == 1


def test_examples_are_many_and_of_every_category(spec: TriageSpec) -> None:
    labels = [example.label for example in spec.examples]
    assert len(labels) >= 150
    for name in (*(category.name for category in spec.file.categories), OUT_OF_SCOPE):
        assert labels.count(name) >= 15


def test_each_pipeline_of_a_system_runs(systems: SystemsFile) -> None:
    known = {row["pipeline"] for row in pipeline_rows(TODAY)}
    assert {name for system in systems.systems for name in system.pipelines} <= known
