"""The single process: every role of Crewdesk in one, with real parts and no services.

It holds the `var/` folder alone, so whoever held a lease here before is dead and its work is taken up at
once.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ledger.crash_points import arm_crash_point
from ledger.db import Database
from ledger.errors import SettingsInvalid
from ledger.log import get_logger
from ledger.migrate import migrate
from ledger.people import sync_people
from ledger.progress import RunProgress, read_progress
from ledger.queue import create_celery, ring
from ledger.reading import RunView, get_run_for_delivery
from ledger.relay import Relay
from ledger.schema import RunState
from ledger.settings import EmbeddedSettings
from ledger.spans import SpanRecorder
from ledger.sweep import count_open_runs, release_leases
from ledger.var_folder import hold_var
from ledger.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from celery import Celery

    from knowledge.library import Library

_log = get_logger(__name__)

# Between two looks at a run that is shown at work; its end is told at once.
POLL_S = 0.25
AT_WORK = (RunState.QUEUED, RunState.RUNNING)
# Between two looks for what has come due; what is owed at once is owed in this process and wakes the relay.
LOOK_S = 0.5


class Installation:
    """An opened workspace with its database. The library and the worker come when they are asked for."""

    def __init__(
        self, settings: EmbeddedSettings, workspace: Workspace, db: Database, stack: ExitStack
    ) -> None:
        self.settings = settings
        self.workspace = workspace
        self.db = db
        self._stack = stack
        self._library: Library | None = None
        self._lock = threading.Lock()
        self._works = False

    @property
    def library(self) -> "Library":
        with self._lock:
            if self._library is None:
                from knowledge.bootstrap import open_library

                self._library = open_library(self.settings, self.db)
                self._stack.callback(self._library.close)
            return self._library

    def start_worker(self, recorder: type[SpanRecorder] = SpanRecorder) -> None:
        """Starts relay and worker threads, and takes up what an earlier process left, the first time it is
        asked to. They end with the installation."""
        # Once more would end the leases of the steps its own worker is at.
        if self._works:
            return
        self._works = True
        from crews.bootstrap import build_step_runner
        from crews.worker import register_run_step

        released = release_leases(self.db)
        if released:
            _log.info("work_taken_up", steps=released)
        runner, workshop = build_step_runner(self.settings, self.db, lambda: self.library, recorder)
        if self.settings.models:
            workshop.room()
        app, stopping = create_celery(self._broker_url()), threading.Event()
        register_run_step(app, lambda: runner, stopping)
        self._start_celery(app)
        self._stack.callback(stopping.set)
        relay = Relay(self.db, lambda step_id: ring(app, step_id), poll_s=LOOK_S)
        self.run_thread("relay", relay.run)

    def run_thread(self, name: str, target: Callable[[threading.Event], None]) -> None:
        """Runs `target` until the installation closes; it must return soon after its event is set."""
        stop = threading.Event()
        thread = threading.Thread(target=target, args=(stop,), name=name, daemon=True)
        thread.start()
        self._stack.callback(thread.join, 10.0)
        self._stack.callback(stop.set)

    def wait_for_run(self, run_id: str, on_progress: Callable[[RunProgress], None]) -> RunView:
        """Returns the run once it has ended, or waits for a person or a date; `on_progress` is called when it
        moves on."""
        seen: RunProgress | None = None
        while True:
            # Before any look: one would only be in the way of the worker that is about to begin.
            if self.db.run_ended.wait(POLL_S):
                self.db.run_ended.clear()
                run = get_run_for_delivery(self.db, run_id)
                if run.state not in AT_WORK:
                    return run
                continue
            progress = read_progress(self.db, run_id)
            if progress.state not in AT_WORK:
                return get_run_for_delivery(self.db, run_id)
            if progress != seen:
                seen = progress
                on_progress(progress)

    def drain(self, timeout_s: float = 120.0) -> int:
        """Lets the runs an earlier process left finish; returns how many are still open at the timeout."""
        pause = threading.Event()
        for _ in range(int(timeout_s / POLL_S)):
            if count_open_runs(self.db) == 0:
                return 0
            pause.wait(POLL_S)
        return count_open_runs(self.db)

    def _broker_url(self) -> str:
        if not self.settings.broker_url.startswith("memory:"):
            raise SettingsInvalid(
                "CREWDESK_BROKER_URL is set, but the single process needs none; unset it, or start the "
                "processes of the Procfile instead."
            )
        return self.settings.broker_url

    def _start_celery(self, app: "Celery") -> None:
        started = threading.Event()
        # Celery's pool threads look a task up in the process's default application.
        app.set_default()
        # The controller alone: Celery's own program would take over signals, logging and the terminal.
        worker = app.WorkController(
            pool="threads",
            concurrency=self.settings.worker_concurrency,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            ready_callback=lambda _consumer: started.set(),
        )
        thread = threading.Thread(target=worker.start, name="worker", daemon=True)
        thread.start()
        started.wait(10.0)
        self._stack.callback(thread.join, 10.0)
        self._stack.callback(worker.stop)


@contextmanager
def open_installation(settings: EmbeddedSettings, role: str) -> Iterator[Installation]:
    """Raises VarInUse, WorkspaceInvalid, SettingsInvalid, before anything is written."""
    arm_crash_point(settings.crash_at)
    workspace = open_workspace(settings.workspace)
    with ExitStack() as stack:
        stack.enter_context(hold_var(settings.var, role))
        db = Database(settings.ledger_url)
        stack.callback(db.close)
        prepare_ledger(db, workspace)
        yield Installation(settings, workspace, db, stack)


def prepare_ledger(db: Database, workspace: Workspace) -> None:
    """Brings the schema, the people and the workflows up to date."""
    from crews.bootstrap import publish_workflows

    migrate(db)
    sync_people(db, workspace.people)
    publish_workflows(db, workspace.folder)
