"""Workers die in the middle of any step of a report, and reports are cancelled in the middle of any: there is
one report or none, no finished step is done again, no file is made twice, and nobody is left at work."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import crews.step_runner as at_work
from ledger.audit import verify_audit
from ledger.cancel import cancel_run
from ledger.clock import ManualClock
from ledger.db import Database
from ledger.decision_views import list_decisions
from ledger.decisions import decide
from ledger.due import pass_due
from ledger.people import find_principal
from ledger.reading import RunView
from ledger.schema import ArtifactRow, DecisionRow, DispatchRow, StepRow
from ledger.steps import ClaimedStep, complete_step
from ledger.sweep import sweep_steps
from tests.stand_ins.report_shop import ASKER, BOSS, ReportShop, ended, make_report_shop, order_report
from tests.unit.crews.world import work_off
from tests.unit.ledger.world import pass_time

BEFORE_APPROVAL = ("brief", "analysis.2", "market.1", "outline", "draft", "check")
AFTER_APPROVAL = ("render", "deliver")

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> ReportShop:
    return make_report_shop(tmp_path_factory.mktemp("killed"))


class Workers:
    """Forked for each job, of a process that has loaded the crews once."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def work(
        self, shop: ReportShop, journal: Path, key: str | None = None, when: str = "", *, beside: bool = False
    ) -> bool:
        """Whether the one that was doomed died; another one may work `beside` it."""
        job = {"folder": str(shop.folder), "journal": str(journal), "key": key, "when": when}
        job |= {"workers": 2 if beside else 1}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return bool(json.loads(self._process.stdout.readline())[0])


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    command = [sys.executable, "-m", "tests.faults.reporting", str(tmp_path_factory.mktemp("crewai"))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while process.stdout.readline() != "ready\n":
            assert process.poll() is None
        yield Workers(process)
        # To clear away all that it has imported would take it seconds.
        process.kill()


def test_workers_killed_at_every_step_in_turn_leave_one_report(
    shop: ReportShop, workers: Workers, tmp_path: Path
) -> None:
    here, journal = shop.copy_to(tmp_path / "shop"), tmp_path / "journal"
    journal.touch()
    db = Database(here.url)
    run_id = order_report(db)
    _die_at(workers, here, journal, BEFORE_APPROVAL)
    [decision] = list_decisions(db, run_id=run_id)
    decide(db, decision.id, find_principal(db, BOSS), "approve")
    _die_at(workers, here, journal, AFTER_APPROVAL)
    attempts = _check_one_report(db, here, run_id, journal)
    # Each of these was claimed by two workers that died, and no other step by more than one.
    assert {key for key, attempt in attempts.items() if attempt > 1} == {*BEFORE_APPROVAL, *AFTER_APPROVAL}
    assert set(attempts.values()) == {1, 3}
    db.close()


def _die_at(workers: Workers, shop: ReportShop, journal: Path, keys: Sequence[str]) -> None:
    for key in keys:
        assert [workers.work(shop, journal, key, when) for when in ("before", "after")] == [True, True], key
    assert not workers.work(shop, journal)


def test_a_worker_killed_beside_another_leaves_one_report(
    shop: ReportShop, workers: Workers, tmp_path: Path
) -> None:
    here, journal = shop.copy_to(tmp_path / "shop"), tmp_path / "journal"
    journal.touch()
    db = Database(here.url)
    run_id = order_report(db)
    # Which of the two meets the step is chance.
    workers.work(here, journal, "market.1", "after", beside=True)
    workers.work(here, journal)
    [decision] = list_decisions(db, run_id=run_id)
    decide(db, decision.id, find_principal(db, BOSS), "approve")
    workers.work(here, journal, "render", "after", beside=True)
    workers.work(here, journal)
    attempts = _check_one_report(db, here, run_id, journal)
    assert {key for key, attempt in attempts.items() if attempt > 1} <= {"market.1", "render"}
    db.close()


def _check_one_report(db: Database, shop: ReportShop, run_id: str, journal: Path) -> dict[str, int]:
    """Returns how often each step was claimed."""
    view = ended(db, run_id)
    assert view.state == "answered", view.failure
    with db.read() as session:
        steps = {row.key: row for row in session.scalars(select(StepRow).where(StepRow.run_id == run_id))}
        files = list(session.scalars(select(ArtifactRow).where(ArtifactRow.run_id == run_id)))
        decisions = list(session.scalars(select(DecisionRow).where(DecisionRow.run_id == run_id)))
    attempts = {key: row.attempt for key, row in steps.items() if row.attempt}
    assert Counter(journal.read_text().split()) == Counter(attempts.keys())
    assert [decision.state for decision in decisions] == ["decided"]
    assert Counter((file.name, file.sha256) for file in files) == Counter(
        (file.name, file.sha256) for file in view.files
    )
    assert len(view.files) == 4
    # A worker that died while it made them may have left bytes of the same files, and no others.
    kept = [path for path in shop.files.rglob("*") if path.is_file()]
    assert {path.stem for path in kept} == {file.sha256 for file in view.files}
    verify_audit(db)
    return attempts


def _interrupted(db: Database, run_id: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run is cancelled when the work of this step is done and its output is not committed."""

    def completed(at: Database, claim: ClaimedStep, output: dict[str, Any], *more: Any) -> ClaimedStep | None:
        if claim.key == key:
            cancel_run(db, run_id, ASKER)
        return complete_step(at, claim, output, *more)

    monkeypatch.setattr(at_work, "complete_step", completed)


@pytest.mark.parametrize("key", [*BEFORE_APPROVAL, "approval", *AFTER_APPROVAL])
def test_a_report_cancelled_in_the_middle_of_a_step_leaves_nothing(
    shop: ReportShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    here = shop.copy_to(tmp_path / "shop")
    db = Database(here.url, ManualClock(datetime.now(UTC)))
    library = here.library(db)
    run_id = order_report(db)
    _interrupted(db, run_id, key, monkeypatch)
    runner = here.runner(db, library)
    work_off(db, runner.run)
    if key == "approval":
        cancel_run(db, run_id, ASKER)
    elif key in AFTER_APPROVAL:
        [decision] = list_decisions(db, run_id=run_id)
        decide(db, decision.id, find_principal(db, BOSS), "approve")
    work_off(db, runner.run)
    _check_nothing_is_left(db, ended(db, run_id), key)
    library.close()
    db.close()


def _check_nothing_is_left(db: Database, view: RunView, key: str) -> None:
    assert view.state == "cancelled"
    assert view.files == view.artifacts == ()
    with db.read() as session:
        rows = list(session.scalars(select(StepRow).where(StepRow.run_id == view.run_id)))
        assert session.scalars(select(DispatchRow)).all() == []
    assert {row.state for row in rows} <= {"done", "cancelled", "spread"}
    assert not [row for row in rows if row.lease_owner]
    assert list_decisions(db) == []
    pass_time(db, 1_000_000)
    assert (pass_due(db), sweep_steps(db)) == (0, 0)
    undone = {row.key for row in rows if row.undoes}
    assert undone == ({"render.undo"} if key in AFTER_APPROVAL else set())
