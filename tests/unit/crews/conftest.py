"""The shop, ingested once for all tests, and a desk over a copy of its ledger for each."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from crews.bootstrap import publish_workflows
from knowledge.library import Library
from ledger.db import Database
from ledger.settings import harden_crewai
from tests.model_cache import packaged_embedder
from tests.unit.crews.market_world import DOCUMENTS, WORKFLOW
from tests.unit.crews.world import Desk, Shop, opened_shop

# Here and not in a fixture: test modules that are collected after this one import CrewAI.
_VAR = Path(tempfile.mkdtemp(prefix="crewdesk-crewai-"))
harden_crewai(_VAR)


@pytest.fixture(scope="session", autouse=True)
def _hardened() -> Iterator[Path]:
    yield _VAR
    shutil.rmtree(_VAR, ignore_errors=True)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened_shop(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@pytest.fixture
def desk(shop: Shop, _hardened: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copy(shop.database, tmp_path / "desk.db")
    db = Database(f"sqlite:///{tmp_path / 'desk.db'}")
    yield Desk(db, Library(db, shop.store, packaged_embedder()), _hardened)
    db.close()


@pytest.fixture(scope="session")
def market_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened_shop(tmp_path_factory.mktemp("market"), DOCUMENTS) as shop:
        yield shop


@pytest.fixture
def market_desk(market_shop: Shop, _hardened: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copy(market_shop.database, tmp_path / "market.db")
    db = Database(f"sqlite:///{tmp_path / 'market.db'}")
    folder = tmp_path / "company"
    (folder / "workflows").mkdir(parents=True)
    (folder / "workflows" / "survey.yaml").write_text(WORKFLOW)
    (folder / "workspace.yaml").write_text("name: Shop\n")
    publish_workflows(db, folder)
    yield Desk(db, Library(db, market_shop.store, packaged_embedder()), _hardened)
    db.close()


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    """Every event logged during the test."""
    with capture_logs() as events:
        yield events


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries as often as ever, without the pauses."""
    from crews.models.failures import RULES  # loads CrewAI, which has to be hardened by then

    for failure, rule in list(RULES.items()):
        monkeypatch.setitem(RULES, failure, replace(rule, wait_s=lambda _retry: 0.0))
