"""The company that orders reports, made once; each test has a copy with a ledger of its own."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from crews.step_runner import StepRunner
from knowledge.library import Library
from ledger.db import Database
from ledger.decisions import Decision, decide, list_decisions
from ledger.people import find_principal
from ledger.reading import RunView
from ledger.settings import ModelCandidate, harden_crewai
from tests.stand_ins.report_shop import ASKER, BOSS, BRIEF, ReportShop, ended, make_report_shop, order_report
from tests.unit.crews.world import work_off

_CREWAI = Path(tempfile.mkdtemp(prefix="crewdesk-crewai-"))
harden_crewai(_CREWAI)


@dataclass(slots=True)
class ReportDesk:
    """Works on reports here and now."""

    shop: ReportShop
    db: Database
    library: Library

    def runner(self, *models: ModelCandidate) -> StepRunner:
        return self.shop.runner(self.db, self.library, *models)

    def order(self, brief: str = BRIEF, principal: str = ASKER, *models: ModelCandidate) -> str:
        """Worked on as far as it goes without a person."""
        run_id = order_report(self.db, brief, principal)
        self.work(*models)
        return run_id

    def work(self, *models: ModelCandidate) -> None:
        work_off(self.db, self.runner(*models).run)

    def decision(self, run_id: str) -> Decision:
        [decision] = list_decisions(self.db, run_id=run_id)
        return decision

    def decide(self, run_id: str, choice: str = "approve", by: str = BOSS) -> RunView:
        decide(self.db, self.decision(run_id).id, find_principal(self.db, by), choice)
        self.work()
        return ended(self.db, run_id)


@pytest.fixture(scope="session")
def report_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReportShop]:
    yield make_report_shop(tmp_path_factory.mktemp("reports"))
    shutil.rmtree(_CREWAI, ignore_errors=True)


@pytest.fixture
def desk(report_shop: ReportShop, tmp_path: Path) -> Iterator[ReportDesk]:
    shop = report_shop.copy_to(tmp_path / "shop")
    db = Database(shop.url)
    library = shop.library(db)
    yield ReportDesk(shop, db, library)
    library.close()
    db.close()
