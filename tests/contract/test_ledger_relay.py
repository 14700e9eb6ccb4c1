"""The relay rings for all that is owed, waits for what is away, and sweeps, on both databases."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from ledger.db import Database
from ledger.queue import BrokerUnavailable
from ledger.relay import Relay
from ledger.sweep import RING_AGAIN_S, sweep_steps
from tests.unit.ledger.world import ask, dispatch_row, furnish, pass_time, step_row


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.01)


@contextmanager
def _running(relay: Relay) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=relay.run, args=(stop,))
    thread.start()
    try:
        yield
        assert thread.is_alive()
    finally:
        stop.set()
        thread.join(timeout=20)
        assert not thread.is_alive()


def test_all_that_is_owed_is_rung_for_once_oldest_first(db: Database) -> None:
    furnish(db)
    owed = []
    for number in range(5):
        owed.append(step_row(db, ask(db, str(number)).run_id, "answer").id)
        pass_time(db, 1)
    rung: list[str] = []
    relay = Relay(db, rung.append)
    assert relay.ring_due() == 5
    assert rung == owed
    assert relay.ring_due() == 0


def test_an_unheard_ring_is_repeated_and_counted(db: Database) -> None:
    run_id = ask(furnish(db)).run_id
    rung: list[str] = []
    relay = Relay(db, rung.append)
    relay.ring_due()
    pass_time(db, RING_AGAIN_S + 1)
    sweep_steps(db)
    relay.ring_due()
    doorbell = dispatch_row(db, run_id, "answer")
    assert doorbell is not None
    assert (len(rung), doorbell.rings) == (2, 2)


def test_what_could_not_be_rung_stays_owed(db: Database) -> None:
    furnish(db)
    for number in range(3):
        ask(db, str(number))
    rung: list[str] = []

    def ring_one(step_id: str) -> None:
        if rung:
            raise BrokerUnavailable("The broker cannot be reached.")
        rung.append(step_id)

    with pytest.raises(BrokerUnavailable):
        Relay(db, ring_one).ring_due()
    later: list[str] = []
    assert Relay(db, later.append).ring_due() == 2
    assert len({*rung, *later}) == 3


def test_a_relay_outlives_a_broker_that_is_away(db: Database) -> None:
    furnish(db)
    refused, rung = threading.Event(), threading.Event()

    def ring(_step_id: str) -> None:
        if not refused.is_set():
            refused.set()
            raise BrokerUnavailable("The broker cannot be reached.")
        rung.set()

    with _running(Relay(db, ring)):
        ask(db)
        assert rung.wait(20)


def test_a_relay_outlives_what_nobody_foresaw_and_says_so(sqlite_db: Database) -> None:
    furnish(sqlite_db)
    broke, rung = threading.Event(), threading.Event()

    def ring(_step_id: str) -> None:
        if not broke.is_set():
            broke.set()
            raise ZeroDivisionError
        rung.set()

    with capture_logs() as logged, _running(Relay(sqlite_db, ring)):
        ask(sqlite_db)
        assert rung.wait(20)
    assert [(event["event"], event["exc_info"]) for event in logged] == [("relay_broke", True)]


def test_a_running_relay_rings_at_once_and_sweeps(db: Database) -> None:
    furnish(db)
    rung: list[str] = []
    with _running(Relay(db, rung.append, poll_s=0.05)):
        run_id = ask(db).run_id
        _wait_until(lambda: len(rung) == 1)
        _wait_until(lambda: getattr(dispatch_row(db, run_id, "answer"), "rung_at", None) is not None)
        pass_time(db, RING_AGAIN_S + 1)
        _wait_until(lambda: len(rung) == 2)


def test_two_relays_ring_for_everything_between_them(db: Database) -> None:
    furnish(db)
    rung: list[str] = []
    with _running(Relay(db, rung.append)), _running(Relay(db, rung.append)):
        owed = {step_row(db, ask(db, str(number)).run_id, "answer").id for number in range(10)}
        _wait_until(lambda: set(rung) == owed)


def test_a_relay_outlives_a_database_that_is_away(postgres_url: str) -> None:
    db = Database(postgres_url)
    furnish(db)
    rung = threading.Event()
    with _running(Relay(db, lambda _step_id: rung.set())):
        with db.engine.connect() as connection:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            connection.exec_driver_sql(f"{others} AND datname = current_database()")
        ask(db)
        assert rung.wait(20)
    db.close()
