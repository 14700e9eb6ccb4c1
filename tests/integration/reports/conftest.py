"""The company that orders reports, made once; each test has a copy with a ledger of its own."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from crews.number_desk import NumberDesk
from crews.run_mask import RunMask
from crews.specs import Limits
from crews.step_context import Budget, StepContext
from crews.step_runner import StepRunner
from knowledge.library import Library
from knowledge.pii.presidio import open_pattern_detector
from knowledge.warehouse.warehouse import open_warehouse
from ledger.artifacts import ArtifactStore
from ledger.db import Database
from ledger.decision_views import Decision, list_decisions
from ledger.decisions import decide
from ledger.people import find_principal
from ledger.reading import RunView
from ledger.relay import Relay
from ledger.settings import ModelCandidate, harden_crewai
from ledger.spans import SpanRecorder
from ledger.steps import ClaimedStep, claim_step
from ledger.workspace import open_workspace
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

    def context(self, question: str, principal: str = ASKER) -> StepContext:
        """As the first step of a report that this person orders has it."""
        desk = NumberDesk(
            open_warehouse(self.db, open_workspace(self.shop.workspace), self.shop.var),
            ArtifactStore(self.db, self.shop.files),
        )
        claim = claim_of(self.db, order_report(self.db, question or BRIEF, principal))
        claim = replace(claim, question=question)
        mask = RunMask(self.db, claim.run_id, open_pattern_detector)
        budget = Budget(limits=Limits(), deadline=time.monotonic() + 60)
        recorder = SpanRecorder(self.db, claim, mask.datum)
        return StepContext(self.db, claim, recorder, lambda: self.library, budget, mask, lambda: desk)

    def decision(self, run_id: str) -> Decision:
        [decision] = list_decisions(self.db, run_id=run_id)
        return decision

    def decide(self, run_id: str, choice: str = "approve", by: str = BOSS) -> RunView:
        decide(self.db, self.decision(run_id).id, find_principal(self.db, by), choice)
        self.work()
        return ended(self.db, run_id)


def claim_of(db: Database, run_id: str) -> ClaimedStep:
    rung: list[str] = []
    Relay(db, rung.append).ring_due()
    claims = [claim_step(db, step_id, "test") for step_id in rung]
    return next(claim for claim in claims if claim is not None and claim.run_id == run_id)


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
