"""Workers die around a call that changes something: what was done is never done again, and what nobody can
know is said to be so."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.db import Database
from ledger.effects import list_unknown_effects, settle_effect
from ledger.people import find_principal, sync_people
from ledger.spans import list_spans
from ledger.sweep import release_leases
from tests.faults import effecting
from tests.stand_ins.faults import HoldAfter
from tests.stand_ins.journal import Latch
from tests.stand_ins.parcels import ParcelSystem
from tests.stand_ins.warm_process import WarmProcess
from tests.unit.crews.tool_files import order_tool, write_workspace
from tests.unit.ledger.world import ENGINEER, ask, furnish, people_file, step_row


@pytest.fixture
def system() -> Iterator[ParcelSystem]:
    with ParcelSystem() as system:
        yield system


class Worker:
    """One run's step, worked on by processes that die or do not."""

    def __init__(self, url: str, system: ParcelSystem, folder: Path) -> None:
        self.db = furnish(Database(url))
        self.url, self.system = url, system
        self.run_id = ask(self.db).run_id
        self.step_id = step_row(self.db, self.run_id, "answer").id
        self.workspace = write_workspace(folder / "w", order_tool(system.url))

    def start(self, *crash_at: str) -> WarmProcess:
        release_leases(self.db)
        return WarmProcess(effecting.main, (self.url, self.step_id, str(self.workspace), *crash_at))

    def work(self, *crash_at: str) -> dict[str, str] | None:
        """The tool's answer; None from one that died."""
        ended = self.start(*crash_at).end()
        assert ended.status == (137 if crash_at else 0), ended.err
        return json.loads(ended.out.splitlines()[-1]) if ended.out else None


@pytest.fixture
def worker(sqlite_url: str, system: ParcelSystem, tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(sqlite_url, system, tmp_path)
    yield worker
    worker.db.close()


@pytest.mark.parametrize(("crash_at", "orders"), [("effect.intended", 0), ("effect.done", 1)])
def test_a_worker_that_dies_around_the_call_leaves_a_doubt(
    worker: Worker, system: ParcelSystem, crash_at: str, orders: int
) -> None:
    assert worker.work(crash_at) is None
    answer = worker.work()
    assert answer is not None
    assert answer["status"] == "unavailable"
    assert "Nobody can tell whether order_parcels was carried out" in answer["note"]
    assert len(system.orders) == orders
    [effect] = list_unknown_effects(worker.db)
    sync_people(worker.db, people_file(engineer={"roles": ["admin"]}))
    # Whoever has looked knows, and the step goes on from there: one order in the end, in either case.
    settle_effect(worker.db, find_principal(worker.db, ENGINEER), effect.key, done=orders == 1)
    settled = worker.work()
    assert settled is not None
    assert (settled["status"], len(system.orders), len(system.received)) == ("found", 1, 1)


def test_a_worker_that_is_killed_in_the_middle_of_the_call_leaves_a_doubt(
    worker: Worker, system: ParcelSystem
) -> None:
    latch = Latch()
    system.fail(HoldAfter(latch))
    process = worker.start()
    latch.wait_reached(30)
    process.send_signal(signal.SIGKILL)
    assert process.end().status == -signal.SIGKILL
    answer = worker.work()
    assert answer is not None
    assert (answer["status"], len(system.received)) == ("unavailable", 1)


def test_a_step_that_is_repeated_is_told_what_was_done(worker: Worker, system: ParcelSystem) -> None:
    first, again = worker.work(), worker.work()
    assert first is not None
    assert again is not None
    assert first["status"] == again["status"] == "found"
    assert len(system.received) == 1
    spans = [span for span in list_spans(worker.db, worker.run_id) if span.kind == "tool"]
    assert len({span.attributes["evidence"][0] for span in spans}) == 2
