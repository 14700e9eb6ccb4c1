"""A report gone through again from its record: the same answer, no model, nobody asked, no second file."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from ledger.cancel import cancel_run
from ledger.db import Database
from ledger.decision_views import list_decisions
from ledger.people import find_principal
from ledger.reading import RunView
from ledger.replays import submit_replay
from ledger.run_diff import diff_of
from ledger.schema import ArtifactRow, StepRow
from ledger.steps import ClaimedStep, complete_step
from tests.integration.reports.conftest import ReportDesk
from tests.integration.reports.test_report import RIGHT, Writer, claim, labels_by_title
from tests.stand_ins.provider import ScriptedProvider
from tests.stand_ins.report_shop import ASKER, BOSS, BRIEF, ended
from tests.unit.crews.world import candidate


def go_again(desk: ReportDesk, view: RunView) -> RunView:
    run_id = submit_replay(desk.db, view.run_id, find_principal(desk.db, ASKER), None)
    desk.work()
    return ended(desk.db, run_id)


def artifacts_of(desk: ReportDesk, run_id: str) -> list[str]:
    with desk.db.read() as session:
        return list(session.scalars(select(ArtifactRow.name).where(ArtifactRow.run_id == run_id)))


@pytest.fixture
def issued(desk: ReportDesk) -> RunView:
    return desk.decide(desk.order())


def test_a_report_of_the_floor_is_replayed_whole(desk: ReportDesk, issued: RunView) -> None:
    again = go_again(desk, issued)
    diff = diff_of(desk.db, issued, again)
    assert (diff.same, diff.diverged) == (True, ()), diff
    assert again.files == issued.files
    assert len(artifacts_of(desk, issued.run_id)) == len(issued.files) == 4
    assert artifacts_of(desk, again.run_id) == []
    assert list_decisions(desk.db, run_id=again.run_id) == []


def test_a_replay_takes_what_functions_put_out_from_the_record(desk: ReportDesk, issued: RunView) -> None:
    with desk.db.write() as session:
        row = session.query(StepRow).filter_by(run_id=issued.run_id, key="deliver").one()
        assert row.output is not None
        row.output = {**row.output, "answer": "As the record has it."}
    assert go_again(desk, issued).answer == "As the record has it."


def test_a_rejected_report_is_rejected_again(desk: ReportDesk) -> None:
    view = desk.decide(desk.order(), "reject")
    again = go_again(desk, view)
    assert (again.answer, again.reason) == (view.answer, "rejected")
    assert BOSS in (again.answer or "")


@pytest.fixture
def written(desk: ReportDesk) -> Iterator[tuple[RunView, ScriptedProvider]]:
    label = labels_by_title(desk, desk.order())["Revenue by region, Q3 2025 against Q3 2024"]
    with ScriptedProvider(Writer([claim(RIGHT, label)])) as provider:
        run_id = desk.order(BRIEF, ASKER, candidate(provider))
        yield desk.decide(run_id), provider


def test_a_report_a_model_wrote_is_replayed_without_it(
    desk: ReportDesk, written: tuple[RunView, ScriptedProvider]
) -> None:
    view, provider = written
    asked = len(provider.requests)
    again = go_again(desk, view)
    diff = diff_of(desk.db, view, again)
    assert (diff.same, diff.diverged) == (True, ()), diff
    assert RIGHT in [one.text for one in again.claims]
    assert len(provider.requests) == asked
    assert again.usage.input_tokens == 0


def test_undoing_in_a_replay_does_nothing(
    desk: ReportDesk, issued: RunView, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = submit_replay(desk.db, issued.run_id, find_principal(desk.db, ASKER), None)

    def complete(db: Database, claim: ClaimedStep, output: dict[str, Any], *more: Any) -> ClaimedStep | None:
        if claim.key == "deliver":
            cancel_run(db, run_id, ASKER)
        return complete_step(db, claim, output, *more)

    monkeypatch.setattr("crews.step_runner.complete_step", complete)
    desk.work()
    view = ended(desk.db, run_id)
    assert view.state == "cancelled"
    undone = {step.key: step.state for step in view.progress.steps}
    assert undone["render.undo"] == "done"
    assert len(artifacts_of(desk, issued.run_id)) == 4
