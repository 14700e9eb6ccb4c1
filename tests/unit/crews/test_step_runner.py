"""How one step is worked on, whatever its work does: the runner with work of the test's own."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import update
from structlog.typing import EventDict

from crews import step_runner
from crews.errors import ModelsExhausted
from crews.specs import Limits
from crews.step_context import StepContext
from crews.step_runner import StepRunner
from crews.worker import register_run_step
from knowledge.pii.presidio import open_pattern_detector
from ledger.cancel import cancel_run, is_stopped
from ledger.db import Database
from ledger.errors import DatabaseUnavailable, InvalidInput
from ledger.queue import RUN_STEP, create_celery
from ledger.reading import get_run
from ledger.result import RunResult
from ledger.schema import StepRow
from ledger.spans import list_spans
from ledger.steps import MAX_ATTEMPTS, ClaimedStep, claim_step, extend_lease, fail_step
from ledger.workflow import WorkflowSpec
from ledger.workflows import publish_workflow
from tests.unit.crews.world import work_off
from tests.unit.ledger.world import ASK, ask, claim, furnish, pass_time, step_row


class Ticket(BaseModel):
    number: int


ANSWER = {"outcome": "answered", "answer": "Yes."}
Work = Callable[[StepContext], dict[str, Any]]


class Crew:
    """A crew whose work is a function of the test's."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.contexts: list[StepContext] = []

    def limits(self, claim: ClaimedStep) -> Limits:
        return Limits(model_calls=7)

    def __call__(self, context: StepContext) -> dict[str, Any]:
        self.contexts.append(context)
        return self._work(context)


def runner_for(db: Database, work: Work) -> tuple[StepRunner, Crew]:
    crew = Crew(work)
    return StepRunner(db, _no_library, crew, {}, open_pattern_detector), crew


def _no_library() -> Any:
    raise AssertionError("nobody asked for the library")


def work_on(db: Database, work: Work) -> tuple[str, Crew]:
    """A run whose one step is worked on as often as it is rung for."""
    run_id = ask(furnish(db)).run_id
    runner, crew = runner_for(db, work)
    work_off(db, runner.run)
    return run_id, crew


def take_away(db: Database, claim: ClaimedStep) -> None:
    """The step, as if another worker had claimed it."""
    with db.write() as session:
        ours = StepRow.id == claim.step_id
        session.execute(update(StepRow).where(ours).values(fence=StepRow.fence + 1))


def drafted(_context: StepContext) -> dict[str, Any]:
    return ANSWER


def test_a_worker_that_was_rung_for_goes_on_with_whatever_else_is_ready(sqlite_db: Database) -> None:
    furnish(sqlite_db)
    first, second, third = (ask(sqlite_db, name).run_id for name in ("1", "2", "3"))
    runner, crew = runner_for(sqlite_db, drafted)
    app = create_celery("memory://localhost/")
    register_run_step(app, lambda: runner, threading.Event())
    app.tasks[RUN_STEP](step_row(sqlite_db, second, "answer").id)
    assert [context.claim.run_id for context in crew.contexts] == [second, first, third]
    assert {get_run(sqlite_db, run_id).state for run_id in (first, second, third)} == {"answered"}


def test_a_worker_that_is_told_to_stop_begins_nothing_else(sqlite_db: Database) -> None:
    furnish(sqlite_db)
    first, second = (ask(sqlite_db, name).run_id for name in ("1", "2"))
    stopping = threading.Event()

    def work(_context: StepContext) -> dict[str, Any]:
        stopping.set()
        return ANSWER

    runner, _ = runner_for(sqlite_db, work)
    app = create_celery("memory://localhost/")
    register_run_step(app, lambda: runner, stopping)
    app.tasks[RUN_STEP](step_row(sqlite_db, first, "answer").id)
    assert [get_run(sqlite_db, run_id).state for run_id in (first, second)] == ["answered", "queued"]


def test_a_worker_whose_time_is_up_leaves_what_is_ready(sqlite_db: Database) -> None:
    run_id = ask(furnish(sqlite_db)).run_id
    runner, crew = runner_for(sqlite_db, drafted)
    runner.run_waiting(lambda: False)
    assert crew.contexts == []
    runner.run_waiting(lambda: True)
    assert get_run(sqlite_db, run_id).state == "answered"


def events(logged: list[EventDict]) -> list[str]:
    return [event["event"] for event in logged]


def test_the_output_is_committed_and_on_record(sqlite_db: Database, logged: list[EventDict]) -> None:
    run_id, crew = work_on(sqlite_db, lambda _context: ANSWER)
    assert get_run(sqlite_db, run_id).answer == "Yes."
    [context] = crew.contexts
    assert context.budget.limits.model_calls == 7
    assert 0 < context.budget.remaining_s() <= context.claim.deadline_s
    [step] = [span for span in list_spans(sqlite_db, run_id) if span.kind == "step"]
    assert (step.name, step.output, step.attributes) == ("answer", ANSWER, {"attempt": 1})
    assert events(logged) == ["step_claimed", "step_completed"]


def test_a_function_step_gives_the_runs_result(sqlite_db: Database) -> None:
    furnish(sqlite_db)
    step = {"key": "answer", "kind": "function", "uses": "say_yes"}
    publish_workflow(sqlite_db, WorkflowSpec.model_validate({**ASK.model_dump(), "steps": [step]}))
    run_id = ask(sqlite_db).run_id
    say_yes = {"say_yes": lambda _context: RunResult.model_validate(ANSWER)}
    work_off(
        sqlite_db, StepRunner(sqlite_db, _no_library, Crew(lambda _: {}), say_yes, open_pattern_detector).run
    )
    assert get_run(sqlite_db, run_id).answer == "Yes."


def test_a_step_nobody_may_claim_is_left_alone(sqlite_db: Database, logged: list[EventDict]) -> None:
    run_id, crew = work_on(sqlite_db, lambda _context: ANSWER)
    runner, _ = runner_for(sqlite_db, lambda _context: {})
    runner.run(step_row(sqlite_db, run_id, "answer").id)
    runner.run("00000000-0000-7000-8000-000000000000")
    assert len(crew.contexts) == 1
    assert events(logged) == ["step_claimed", "step_completed"]


def test_what_crewdesk_refuses_ends_the_run_with_its_sentence(
    sqlite_db: Database, logged: list[EventDict]
) -> None:
    def work(_context: StepContext) -> dict[str, Any]:
        raise InvalidInput("This cannot be done.")

    run_id, crew = work_on(sqlite_db, work)
    view = get_run(sqlite_db, run_id)
    assert (view.state, view.failure, len(crew.contexts)) == ("failed", "This cannot be done.", 1)
    assert events(logged) == ["step_claimed", "step_failed"]


@pytest.mark.parametrize("succeeds_at", [2, 3, None])
def test_what_is_worth_retrying_is_tried_three_times(sqlite_db: Database, succeeds_at: int | None) -> None:
    def work(context: StepContext) -> dict[str, Any]:
        if context.claim.attempt == succeeds_at:
            return ANSWER
        raise ModelsExhausted("No model could answer: it is late.")

    run_id, crew = work_on(sqlite_db, work)
    assert [context.claim.attempt for context in crew.contexts] == list(
        range(1, (succeeds_at or MAX_ATTEMPTS) + 1)
    )
    view = get_run(sqlite_db, run_id)
    expected = ("answered", None) if succeeds_at else ("failed", "No model could answer: it is late.")
    assert (view.state, view.failure) == expected


def test_a_surprise_ends_the_run_with_an_id_that_is_in_the_log(
    sqlite_db: Database, logged: list[EventDict]
) -> None:
    def work(_context: StepContext) -> dict[str, Any]:
        raise ZeroDivisionError("a detail nobody outside should read")

    run_id, _ = work_on(sqlite_db, work)
    view = get_run(sqlite_db, run_id)
    [broke] = [event for event in logged if event["event"] == "step_broke"]
    assert broke["exc_info"]
    assert view.failure == (
        f"Something went wrong inside Crewdesk. Tell an administrator the error id {broke['error_id']}."
    )
    [step] = [span for span in list_spans(sqlite_db, run_id) if span.kind == "step"]
    assert step.state == "error"
    assert step.attributes["failure"].startswith("ZeroDivisionError")


def test_an_output_that_is_no_result_fails_the_run(sqlite_db: Database, logged: list[EventDict]) -> None:
    run_id, _ = work_on(sqlite_db, lambda _context: {"unexpected": 1})
    assert get_run(sqlite_db, run_id).state == "failed"
    assert "step_broke" in events(logged)


@pytest.mark.parametrize("ends", ["well", "with an error"])
def test_a_worker_that_lost_its_lease_is_quiet(
    sqlite_db: Database, logged: list[EventDict], ends: str
) -> None:
    taken: list[ClaimedStep] = []

    def work(context: StepContext) -> dict[str, Any]:
        if context.claim.attempt == 1:
            pass_time(sqlite_db, 31)
            other = claim_step(sqlite_db, context.claim.step_id, "somebody else")
            assert other is not None
            taken.append(other)
        if ends == "well":
            return ANSWER
        raise InvalidInput("This came too late to matter.")

    run_id, _ = work_on(sqlite_db, work)
    assert get_run(sqlite_db, run_id).state == "running"
    assert step_row(sqlite_db, run_id, "answer").fence == taken[0].fence
    last = logged[-1]
    assert (last["event"], last["log_level"]) == (
        ("step_lost" if ends == "well" else "step_left_to_sweeper"),
        "warning",
    )


def test_the_lease_is_kept_alive_while_the_work_goes_on(
    sqlite_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_runner, "HEARTBEAT_S", 0.01)
    time_passed, extended = threading.Event(), threading.Event()

    def noting(db: Database, claim: ClaimedStep) -> bool:
        # One that began before may still be under way.
        begins_after = time_passed.is_set()
        held = extend_lease(db, claim)
        if begins_after:
            extended.set()
        return held

    monkeypatch.setattr(step_runner, "extend_lease", noting)
    leases: list[Any] = []

    def work(context: StepContext) -> dict[str, Any]:
        leases.append(step_row(sqlite_db, context.claim.run_id, "answer").lease_until)
        pass_time(sqlite_db, 20)
        time_passed.set()
        assert extended.wait(10)
        leases.append(step_row(sqlite_db, context.claim.run_id, "answer").lease_until)
        return ANSWER

    run_id, _ = work_on(sqlite_db, work)
    assert (leases[1] - leases[0]).total_seconds() == pytest.approx(20, abs=0.5)
    assert get_run(sqlite_db, run_id).state == "answered"
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("heartbeat-")]


@pytest.fixture
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_runner, "LOOK_S", 0.01)


@pytest.mark.usefixtures("looks_often")
def test_a_step_is_told_that_its_run_was_cancelled(sqlite_db: Database, logged: list[EventDict]) -> None:
    def work(context: StepContext) -> dict[str, Any]:
        context.budget.spend_model_call()
        cancel_run(sqlite_db, context.claim.run_id, "employee@larkspur.example")
        assert context.budget.cancelled.wait(20)
        context.budget.spend_model_call()
        raise AssertionError("it was let go on")

    run_id, _ = work_on(sqlite_db, work)
    assert get_run(sqlite_db, run_id).state == "cancelled"
    assert step_row(sqlite_db, run_id, "answer").state == "cancelled"
    assert "step_abandoned" not in events(logged)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("heartbeat-")]


@pytest.mark.usefixtures("looks_often")
def test_a_step_that_hangs_is_ended_without_it(
    sqlite_db: Database, monkeypatch: pytest.MonkeyPatch, logged: list[EventDict]
) -> None:
    monkeypatch.setattr(step_runner, "GIVE_IN_S", 0.01)
    states: list[str] = []

    def work(context: StepContext) -> dict[str, Any]:
        run_id = context.claim.run_id
        cancel_run(sqlite_db, run_id, "employee@larkspur.example")
        assert sqlite_db.run_ended.wait(20)
        states.append(get_run(sqlite_db, run_id).state)
        return ANSWER

    run_id, _ = work_on(sqlite_db, work)
    assert states == ["cancelled"]
    run = get_run(sqlite_db, run_id)
    assert (run.state, run.answer) == ("cancelled", None)
    assert "step_abandoned" in events(logged)
    assert not [span for span in list_spans(sqlite_db, run_id) if span.ended_at is None]


@pytest.mark.usefixtures("looks_often")
def test_a_step_is_told_that_another_failed_its_run(sqlite_db: Database, logged: list[EventDict]) -> None:
    run_id = ask(furnish(sqlite_db), workflow="pair").run_id

    def work(context: StepContext) -> dict[str, Any]:
        other = claim(sqlite_db, run_id, "right" if context.claim.key == "left" else "left")
        fail_step(sqlite_db, other, "The other one broke.", try_again=False)
        assert context.budget.cancelled.wait(20)
        context.budget.check_cancelled()
        return {}

    runner, crew = runner_for(sqlite_db, work)
    work_off(sqlite_db, runner.run)
    assert (len(crew.contexts), get_run(sqlite_db, run_id).failure) == (1, "The other one broke.")
    assert step_row(sqlite_db, run_id, crew.contexts[0].claim.key).state == "failed"
    assert events(logged) == ["step_claimed", "step_failed"]


def test_a_step_is_told_that_it_lost_its_lease(
    sqlite_db: Database, monkeypatch: pytest.MonkeyPatch, logged: list[EventDict]
) -> None:
    monkeypatch.setattr(step_runner, "HEARTBEAT_S", 0.01)

    def work(context: StepContext) -> dict[str, Any]:
        take_away(sqlite_db, context.claim)
        assert context.budget.cancelled.wait(20)
        context.budget.check_cancelled()
        return ANSWER

    run_id, _ = work_on(sqlite_db, work)
    assert get_run(sqlite_db, run_id).state == "running"
    assert events(logged) == ["step_claimed", "step_failed", "step_left_to_sweeper"]


def test_a_step_that_hangs_past_its_deadline_is_left_to_lose_its_lease(
    sqlite_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_runner, "HEARTBEAT_S", 0.001)
    monkeypatch.setattr(step_runner, "GRACE_S", 0.0)
    looks: list[int] = []
    renewals: list[int] = []
    looked_often = threading.Event()

    def looking(db: Database, run_id: str) -> bool:
        looks.append(1)
        if len(looks) == 20:
            looked_often.set()
        return is_stopped(db, run_id)

    def renewing(db: Database, claim: ClaimedStep) -> bool:
        renewals.append(1)
        return extend_lease(db, claim)

    monkeypatch.setattr(step_runner, "is_stopped", looking)
    monkeypatch.setattr(step_runner, "extend_lease", renewing)

    def work(_context: StepContext) -> dict[str, Any]:
        assert looked_often.wait(20)
        return ANSWER

    furnish(sqlite_db)
    step = {"key": "answer", "kind": "crew", "uses": "desk", "deadline_s": 0.0001}
    publish_workflow(sqlite_db, WorkflowSpec.model_validate({**ASK.model_dump(), "steps": [step]}))
    run_id = ask(sqlite_db).run_id
    work_off(sqlite_db, runner_for(sqlite_db, work)[0].run)
    assert renewals == []
    assert get_run(sqlite_db, run_id).state == "answered"


@pytest.mark.usefixtures("looks_often")
def test_a_function_undoes_what_a_cancelled_run_has_done(sqlite_db: Database) -> None:
    furnish(sqlite_db)
    steps = [
        {"key": "open", "kind": "function", "uses": "open_ticket", "undo": "close_ticket"},
        {"key": "answer", "kind": "crew", "uses": "desk", "needs": ["open"]},
    ]
    publish_workflow(sqlite_db, WorkflowSpec.model_validate({**ASK.model_dump(), "steps": steps}))
    closed: list[Any] = []

    def close_ticket(context: StepContext) -> Ticket:
        closed.append((context.claim.inputs, context.budget.cancelled.is_set()))
        return Ticket(number=0)

    def work(context: StepContext) -> dict[str, Any]:
        cancel_run(sqlite_db, context.claim.run_id, "employee@larkspur.example")
        assert context.budget.cancelled.wait(20)
        context.budget.check_cancelled()
        return {}

    functions = {"open_ticket": lambda _context: Ticket(number=12), "close_ticket": close_ticket}
    run_id = ask(sqlite_db).run_id
    runner = StepRunner(sqlite_db, _no_library, Crew(work), functions, open_pattern_detector)
    work_off(sqlite_db, runner.run)
    assert closed == [({"open": {"number": 12}}, False)]
    assert get_run(sqlite_db, run_id).state == "cancelled"


@pytest.mark.parametrize(("limits", "calls"), [({}, 7), ({"model_calls": 2}, 2)])
def test_a_step_may_have_limits_of_its_own(sqlite_db: Database, limits: dict[str, int], calls: int) -> None:
    furnish(sqlite_db)
    step = {"key": "answer", "kind": "crew", "uses": "desk", "limits": limits}
    publish_workflow(sqlite_db, WorkflowSpec.model_validate({**ASK.model_dump(), "steps": [step]}))
    ask(sqlite_db)
    runner, crew = runner_for(sqlite_db, lambda _context: ANSWER)
    work_off(sqlite_db, runner.run)
    assert crew.contexts[0].budget.limits == Limits(model_calls=calls)


def test_a_failure_is_tried_again_by_the_rule_for_its_code(sqlite_db: Database) -> None:
    furnish(sqlite_db)
    rule = {"on": ["invalid_input", "broken"], "times": 2, "after_s": 30}
    step = {"key": "answer", "kind": "crew", "uses": "desk", "retries": [rule]}
    publish_workflow(sqlite_db, WorkflowSpec.model_validate({**ASK.model_dump(), "steps": [step]}))

    def work(context: StepContext) -> dict[str, Any]:
        if context.claim.attempt == 1:
            raise InvalidInput("This cannot be done.")
        if context.claim.attempt == 2:
            raise ZeroDivisionError
        return ANSWER

    run_id = ask(sqlite_db).run_id
    runner, crew = runner_for(sqlite_db, work)
    for attempts in (1, 2, 3):
        work_off(sqlite_db, runner.run)
        assert len(crew.contexts) == attempts
        pass_time(sqlite_db, 31)
    assert get_run(sqlite_db, run_id).state == "answered"


def test_a_heartbeat_that_finds_the_database_away_goes_on(
    sqlite_db: Database, monkeypatch: pytest.MonkeyPatch, logged: list[EventDict]
) -> None:
    monkeypatch.setattr(step_runner, "HEARTBEAT_S", 0.01)
    beats: list[int] = []
    twice = threading.Event()

    def away(_db: Database, _claim: ClaimedStep) -> bool:
        beats.append(1)
        if len(beats) > 1:
            twice.set()
        raise DatabaseUnavailable("The database is away.")

    monkeypatch.setattr(step_runner, "extend_lease", away)

    def work(_context: StepContext) -> dict[str, Any]:
        assert twice.wait(10)
        return ANSWER

    run_id, _ = work_on(sqlite_db, work)
    assert get_run(sqlite_db, run_id).state == "answered"
    assert events(logged).count("heartbeat_missed") >= 2


def test_the_step_that_broke_after_its_end_was_committed_changes_nothing(sqlite_db: Database) -> None:
    def work(context: StepContext) -> dict[str, Any]:
        take_away(sqlite_db, context.claim)
        raise ZeroDivisionError

    run_id, _ = work_on(sqlite_db, work)
    assert get_run(sqlite_db, run_id).state == "running"
