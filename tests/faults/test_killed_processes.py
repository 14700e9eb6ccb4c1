"""A process dies in the middle of a run; the next one finishes it, once."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger.audit import verify_audit
from ledger.db import Database
from ledger.reading import RunView, get_run, list_runs
from ledger.runs import RunRequest, submit_run
from ledger.schema import AuditRow, InboxRow
from ledger.short_ids import resolve_run_id
from ledger.spans import list_spans
from tests.integration.whole.surroundings import (
    ANSWER,
    ASKER,
    QUESTION,
    Surroundings,
    open_surroundings,
    well_behaved,
)
from tests.stand_ins.provider import ChatRequest, Reply, Timeout

ASK = ("ask", QUESTION, "--as", ASKER, "--id", "ticket-1", "--json")
# Of a request that is triaged; a question goes past them.
SKIPPED = dict.fromkeys(("classify", "look", "category", "settle"), 0)


class _HangsOnce:
    """Does not answer the first request that offers tools, until its client is gone."""

    def __init__(self) -> None:
        self.hung = Timeout()
        self._hangs = True

    def __call__(self, request: ChatRequest) -> Reply:
        if self._hangs and request.tools:
            self._hangs = False
            return self.hung
        return well_behaved(request)


@pytest.fixture
def surroundings(tmp_path: Path) -> Iterator[Surroundings]:
    with open_surroundings(tmp_path) as opened:
        opened.crewdesk("ingest")
        yield opened


@pytest.fixture
def db(surroundings: Surroundings) -> Iterator[Database]:
    opened = Database(f"sqlite:///{surroundings.folder / 'var' / 'crewdesk.db'}")
    yield opened
    opened.close()


@pytest.mark.timeout(240)
def test_a_run_whose_process_was_killed_is_finished_by_the_next_one(
    surroundings: Surroundings, db: Database
) -> None:
    script = _HangsOnce()
    surroundings.provider.play(script)
    _kill_in_the_middle_of_the_answer(surroundings)
    script.hung.release()
    assert [run.state for run in list_runs(db)] == ["running"]

    # Not even about the same question: whatever process starts next takes up what was left.
    surroundings.crewdesk("ask", "How do I set up the VPN?", "--as", ASKER)

    finished = get_run(db, next(run.run_id for run in list_runs(db) if run.question == QUESTION))
    _check_finished_once(db, surroundings, finished)


@pytest.mark.timeout(240)
def test_asking_again_with_the_same_id_gives_the_run_that_was_interrupted(
    surroundings: Surroundings, db: Database
) -> None:
    script = _HangsOnce()
    surroundings.provider.play(script)
    _kill_in_the_middle_of_the_answer(surroundings)
    script.hung.release()

    again = json.loads(surroundings.crewdesk(*ASK))

    assert again["answer"] == ANSWER
    assert [run.run_id for run in list_runs(db)] == [again["run_id"]]
    _check_finished_once(db, surroundings, get_run(db, again["run_id"]))


@pytest.mark.timeout(240)
@pytest.mark.parametrize("point", ["step.before_commit", "step.after_commit"])
def test_a_crash_around_the_commit_of_a_step_changes_nothing(
    surroundings: Surroundings, db: Database, point: str
) -> None:
    surroundings.extra["CRASH_AT"] = point
    assert surroundings.start(*ASK).end(120).status == 137
    del surroundings.extra["CRASH_AT"]

    finished = json.loads(surroundings.crewdesk(*ASK))

    assert finished["answer"] == ANSWER
    attempts = {step["key"]: step["attempts"] for step in finished["timings"]["steps"]}
    assert attempts == {
        "route": 2 if point == "step.before_commit" else 1,
        "answer": 0,
        # Who commits a step has the next one from then on, and dies at it.
        "answer.1": 2 if point == "step.after_commit" else 1,
        "verify": 1,
        **SKIPPED,
    }
    _check_answered_once(db, get_run(db, finished["run_id"]))


@pytest.mark.usefixtures("surroundings")
def test_the_same_request_from_ten_processes_at_once_is_one_run(db: Database) -> None:
    program = (
        "import sys\n"
        "from ledger.db import Database\n"
        "from ledger.runs import RunRequest, submit_run\n"
        "request = RunRequest.model_validate_json(sys.argv[2])\n"
        "sys.stdin.readline()\n"
        "print(submit_run(Database(sys.argv[1]), request).run_id)\n"
    )
    request = RunRequest(principal=ASKER, question=QUESTION, source="api", external_id="ten at once")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, db.url, request.model_dump_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(10)
    ]
    with ThreadPoolExecutor(10) as pool:
        said = list(pool.map(lambda process: process.communicate("go\n", timeout=60)[0].strip(), processes))

    assert set(said) == {submit_run(db, request).run_id}
    assert len(list_runs(db)) == 1
    with db.read() as session:
        assert len(session.scalars(select(InboxRow)).all()) == 1


def _kill_in_the_middle_of_the_answer(surroundings: Surroundings) -> None:
    process = surroundings.start(*ASK)
    try:
        surroundings.provider.wait_for(2, 90.0)
    finally:
        process.send_signal(signal.SIGKILL)
        assert process.end().status == -signal.SIGKILL


def _check_finished_once(db: Database, surroundings: Surroundings, run: RunView) -> None:
    log = (surroundings.folder / "log").read_text()
    assert run.answer == ANSWER, log
    attempts = {step.key: step.attempts for step in run.timings.steps}
    assert attempts == {"route": 1, "answer": 0, "answer.1": 2, "verify": 1, **SKIPPED}, log
    routed = [
        request
        for request in surroundings.provider.requests
        if not request.tools and QUESTION in request.prompt
    ]
    assert len(routed) == 1, "a finished step was done again"
    interrupted = [span for span in list_spans(db, run.run_id) if span.state == "interrupted"]
    assert [span.kind for span in interrupted if span.kind == "generation"] == ["generation"]
    _check_answered_once(db, run)


def _check_answered_once(db: Database, run: RunView) -> None:
    assert resolve_run_id(db, run.run_id) == run.run_id
    with db.read() as session:
        ends = session.scalars(select(AuditRow.action).where(AuditRow.subject == run.run_id)).all()
    assert sorted(ends) == ["run.answered", "run.submitted"]
    verify_audit(db)
