"""Workers that can be killed: `python -m tests.faults.stepping URL` forks two for each line of JSON on stdin.

Each works on whatever is rung for, as a worker does, until the run has ended or the kernel kills it: an
alarm with its default action leaves no time for anything.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial

from ledger.db import Database
from ledger.errors import LeaseLost
from ledger.reading import run_state
from ledger.relay import Relay
from ledger.schema import OPEN_RUN_STATES, RunState
from ledger.steps import ClaimedStep, claim_step, complete_step
from ledger.sweep import release_leases, sweep_steps
from tests.unit.ledger.world import ANSWER


def work(url: str, run_id: str, journal: str) -> None:
    """Does the steps of this run; notes each in the journal once its output is committed."""
    db = Database(url)
    rung: list[str] = []
    relay = Relay(db, rung.append)
    while RunState(run_state(db, run_id)) in OPEN_RUN_STATES:
        sweep_steps(db)
        relay.ring_due()
        while rung:
            claim = claim_step(db, rung.pop(), str(os.getpid()))
            while claim is not None:
                claim = _work_on(db, claim, journal)
    db.close()


def _work_on(db: Database, claim: ClaimedStep, journal: str) -> ClaimedStep | None:
    outputs = {"start": {"items": list(range(8))}, "last": ANSWER}
    output = outputs.get(claim.key, {"item": claim.item, "by": claim.fence})
    try:
        following = complete_step(db, claim, output, owner=str(os.getpid()))
    except LeaseLost:
        return None
    with open(journal, "a") as file:  # noqa: PTH123 - one write, which the kernel does not cut
        file.write(f"{claim.key} {json.dumps(claim.inputs)}\n")
    return following


def _release(url: str) -> None:
    """Whoever held a lease is dead."""
    db = Database(url)
    release_leases(db)
    db.close()


def _fork(work: Callable[[], None], kill_after_s: float = 0.0) -> int:
    pid = os.fork()
    if pid:
        return pid
    signal.setitimer(signal.ITIMER_REAL, kill_after_s)
    try:
        work()
    finally:
        os._exit(0)


def main() -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        # In a process of its own: one that has opened the database must not be forked.
        os.waitpid(_fork(partial(_release, job["url"])), 0)
        at_work = partial(work, job["url"], job["run_id"], job["journal"])
        pids = [_fork(at_work, job["kill_after_s"] * share) for share in (1.0, 1.4)]
        killed = [os.WIFSIGNALED(os.waitpid(pid, 0)[1]) for pid in pids]
        print(json.dumps(killed), flush=True)


if __name__ == "__main__":
    main()
