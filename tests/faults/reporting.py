"""Workers at a report that can be killed: `python -m tests.faults.reporting` forks some for each line of JSON
on stdin.

They work as workers do, on real crews, until nothing is left that they may do. A worker that comes to the
step it is doomed at is killed by the kernel: `before` its work, when it has claimed the step, or `after`,
when all of it is done but its output is not committed.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy.orm import configure_mappers

import crews.step_runner as at_work
from ledger.db import Database
from ledger.relay import Relay
from ledger.settings import harden_crewai
from ledger.steps import ClaimedStep, claim_step, complete_step
from ledger.sweep import release_leases
from tests.faults.forking import Forks
from tests.stand_ins.report_shop import ReportShop


def work(die: Callable[[], None], folder: str, journal: str, key: str | None, when: str) -> None:
    """Notes each step in the journal once its output is committed; at the step it is doomed at, if any, it is
    killed."""
    shop = ReportShop(Path(folder))

    def claimed(db: Database, step_id: str, owner: str) -> ClaimedStep | None:
        return _come_to(claim_step(db, step_id, owner))

    def completed(db: Database, claim: ClaimedStep, output: dict[str, Any], *more: Any) -> ClaimedStep | None:
        if (claim.key, when) == (key, "after"):
            die()
        following = complete_step(db, claim, output, *more)
        with open(journal, "a") as file:  # noqa: PTH123 - one write, which the kernel does not cut
            file.write(f"{claim.key}\n")
        return _come_to(following)

    def _come_to(claim: ClaimedStep | None) -> ClaimedStep | None:
        if claim is not None and (claim.key, when) == (key, "before"):
            die()
        return claim

    at_work.claim_step, at_work.complete_step = claimed, completed
    db = Database(shop.url)
    library = shop.library(db)
    runner = shop.runner(db, library)
    rung: list[str] = []
    relay = Relay(db, rung.append)
    while relay.ring_due() or rung:
        while rung:
            runner.run(rung.pop(0))
    db.close()


def _die(forks: Forks) -> None:
    forks.tell_imports()
    os.kill(os.getpid(), signal.SIGKILL)


def _release(folder: str) -> None:
    """Whoever held a lease is dead."""
    db = Database(ReportShop(Path(folder)).url)
    release_leases(db)
    db.close()


def _silenced(work: Callable[[], None]) -> None:
    # What they log is no answer to whoever asked for the job.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    work()


def main() -> None:
    harden_crewai(Path(sys.argv[1]))
    import crews.crew_step
    import crews.report_steps.check
    import crews.report_steps.issue  # noqa: F401

    configure_mappers()
    forks = Forks()
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        # In a process of its own: one that has opened the database must not be forked.
        os.waitpid(forks.start(partial(_release, job["folder"])), 0)
        parts = (partial(_die, forks), job["folder"], job["journal"])
        doomed = partial(work, *parts, job["key"], job["when"])
        workers = [doomed, partial(work, *parts, None, "")][: job["workers"]]
        ended = [os.waitpid(pid, 0)[1] for pid in [forks.start(partial(_silenced, one)) for one in workers]]
        print(json.dumps([os.WIFSIGNALED(status) for status in ended]), flush=True)


if __name__ == "__main__":
    main()
