"""The Celery worker: `python -m crews.worker` in services, a thread of the single process when embedded.

The task takes a step id and nothing else. Whoever sends it cannot make a worker do what the database does
not say. A worker that is at it goes on with whatever else is ready.
"""

import re
import sys
import threading
import time
from collections.abc import Callable

from celery import Celery
from celery.signals import (
    setup_logging,
    worker_process_init,
    worker_process_shutdown,
    worker_shutting_down,
)

from crews.bootstrap import build_step_runner, open_room, publish_workflows
from crews.step_runner import StepRunner
from knowledge.bootstrap import open_library
from knowledge.pii.presidio import open_pattern_detector
from ledger.crash_points import arm_crash_point
from ledger.db import Database
from ledger.errors import CrewdeskError, ErrorKind, SettingsInvalid
from ledger.log import configure_logging, get_logger
from ledger.migrate import check_schema
from ledger.queue import RUN_STEP, create_celery
from ledger.settings import WorkerSettings, load_settings

_log = get_logger(__name__)

# With threads, Celery looks for the next message once a second: of many short runs, half the time went by.
# Not for good, or Celery could not count what a child has done and end it in time.
_AT_IT_S = 5.0

_STEP_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def register_run_step(app: Celery, runner: Callable[[], StepRunner], stopping: threading.Event) -> None:
    """`runner` is asked at each message, so that a forked child builds its own. Once it is `stopping`, only
    the run at hand is gone on with."""

    def run_step(step_id: object) -> None:
        if not isinstance(step_id, str) or not _STEP_ID.fullmatch(step_id):
            _log.warning("doorbell_refused", reason="not a step id")
            return
        at_work, until = runner(), time.monotonic() + _AT_IT_S
        at_work.run(step_id)
        at_work.run_waiting(lambda: not stopping.is_set() and time.monotonic() < until)

    # Not shared: a second installation in one process must not reach the first one's runner.
    app.task(name=RUN_STEP, shared=False, lazy=False)(run_step)


class WorkerProcess:
    """One process's connections and crews, opened after any fork."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._runner: StepRunner | None = None
        self._db: Database | None = None

    def runner(self) -> StepRunner:
        if self._runner is None:
            self.open()
        assert self._runner is not None
        return self._runner

    def open(self, **_signal: object) -> None:
        self._db = Database(self._settings.ledger_url)
        library = open_library(self._settings, self._db)
        self._runner, workshop = build_step_runner(self._settings, self._db, lambda: library)
        workshop.room()
        open_pattern_detector()
        library.warm_up()

    def close(self, **_signal: object) -> None:
        if self._db is not None:
            self._db.close()


def _keep_logging(**_signal: object) -> None:
    return None


def main() -> int:
    try:
        settings = load_settings(WorkerSettings)
        configure_logging(settings.log_level, settings.log_format)
        arm_crash_point(settings.crash_at)
        _check_ground(settings)
        process = _prepare(settings)
    except CrewdeskError as error:
        print(f"crewdesk worker: {error}", file=sys.stderr)
        return 2 if error.kind is ErrorKind.USAGE else 5
    # A receiver is all it takes for Celery to leave logging as it is.
    setup_logging.connect(_keep_logging, weak=False)
    app, stopping = create_celery(settings.broker_url), threading.Event()
    worker_shutting_down.connect(lambda **_signal: stopping.set(), weak=False)
    register_run_step(app, process.runner, stopping)
    app.Worker(
        pool=settings.worker_pool,
        concurrency=settings.worker_concurrency,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        optimization="fair",
    ).start()
    return 0


def _check_ground(settings: WorkerSettings) -> None:
    """Raises SettingsInvalid, SchemaOutdated, DatabaseUnavailable, WorkspaceInvalid."""
    if settings.broker_url.startswith("memory:"):
        raise SettingsInvalid("Set CREWDESK_BROKER_URL; a worker of its own cannot hear memory://.")
    db = Database(settings.ledger_url)
    try:
        check_schema(db)
        publish_workflows(db, settings.workspace)
    finally:
        db.close()


def _prepare(settings: WorkerSettings) -> WorkerProcess:
    """Opens everything now where threads will share it, else in each child after its fork. Raises
    SettingsInvalid if a model candidate cannot be used."""
    process = WorkerProcess(settings)
    if settings.worker_pool == "threads":
        process.open()
        return process
    open_room(settings)
    worker_process_init.connect(process.open, weak=False)
    worker_process_shutdown.connect(process.close, weak=False)
    return process


if __name__ == "__main__":
    sys.exit(main())
