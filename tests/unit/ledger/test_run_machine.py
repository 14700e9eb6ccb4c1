"""Any order of messages, claims, crashes, failures, cancels, decisions, sweeps and time: work is neither lost
nor done twice, nothing goes on before its time or its turn, and nothing of a cancelled run is left."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from ledger.audit import verify_audit
from ledger.cancel import RunEnded, cancel_run
from ledger.clock import ManualClock
from ledger.db import Database
from ledger.decisions import DecisionClosed, decide
from ledger.due import pass_due
from ledger.errors import InvalidInput, LeaseLost, NotPermitted
from ledger.people import find_principal
from ledger.relay import Relay
from ledger.schema import (
    OPEN_RUN_STATES,
    AuditRow,
    DecisionRow,
    DeliveryRow,
    DispatchRow,
    InboxRow,
    RunRow,
    SpanRow,
    StepRow,
)
from ledger.spans import OpenSpan, SpanRecorder
from ledger.steps import (
    LEASE_S,
    MAX_ATTEMPTS,
    ClaimedStep,
    claim_step,
    complete_step,
    extend_lease,
    fail_step,
)
from ledger.sweep import release_leases, sweep_steps
from ledger.thread_queue import ThreadBusy, WhenBusy
from tests.conftest import START
from tests.unit.ledger.world import ANSWER, EMPLOYEE, ENGINEER, SLACK_PLACE, ask, furnish

index = st.integers(0, 1_000)

_WAYS_TO_END = ("done", "done", "done", "done", "away", "again", "for good", "crash", "not yet")
# Of the steps that undo, in the order they run in: what has ended, at most one at work, what has not begun.
_UNDOING_ORDER = ("ended", "running", "ready", "blocked")


class RunMachine(RuleBasedStateMachine):
    """Workers, a relay and a clock on one database. `held` is what some worker believes it works on."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="crewdesk-machine-")
        path = Path(self.folder.name) / "ledger.db"
        shutil.copy(self.template, path)
        self.clock = ManualClock(START)
        self.db = Database(f"sqlite:///{path}", self.clock)
        self.rung: list[str] = []
        self.relay = Relay(self.db, self.rung.append)
        self.held: list[ClaimedStep] = []
        self.newest_fence: dict[str, int] = {}
        self.committed: dict[str, dict[str, Any]] = {}
        self.final: dict[str, dict[str, Any]] = {}
        self.spans: dict[tuple[str, int], OpenSpan] = {}
        self.submitted = 0
        self.decided: set[str] = set()
        self.cancelled: set[str] = set()
        self.waited: set[str] = set()
        self._look()

    @initialize(
        workflow=st.sampled_from(["pair", "diamond", "whole", "whole"]), thread=st.sampled_from([None, "T"])
    )
    def begin(self, workflow: str, thread: str | None) -> None:
        self._submit(workflow, thread=thread, audience_groups=("everyone",))

    @precondition(lambda self: self.submitted < 3)
    @rule(workflow=st.sampled_from(["ask", "pair", "diamond", "whole"]))
    def submit(self, workflow: str) -> None:
        self._submit(workflow)

    @precondition(lambda self: self.submitted < 8)
    @rule(
        workflow=st.sampled_from(["ask", "pair", "whole"]),
        when_busy=st.sampled_from(list(WhenBusy)),
        person=st.sampled_from([EMPLOYEE, ENGINEER]),
    )
    def somebody_writes_in_the_thread(self, workflow: str, when_busy: WhenBusy, person: str) -> None:
        at_work = [run for run in self.in_thread if self._is_at_work(run)]
        own = {run.id for run in self.in_thread if run.principal_id == find_principal(self.db, person).id}
        try:
            self._submit(
                workflow,
                thread="T",
                audience_groups=("everyone",),
                when_busy=when_busy,
                principal=person,
            )
        except ThreadBusy:
            assert (when_busy, bool(at_work)) == (WhenBusy.REJECT, True)
            return
        assert not (at_work and when_busy is WhenBusy.REJECT)
        cancelling = {run.id for run in self.in_thread if run.cancel_requested_at is not None}
        assert cancelling - self.cancelled <= (own if when_busy is WhenBusy.INTERRUPT else set())
        self.cancelled |= cancelling

    def _submit(self, workflow: str, **changes: Any) -> None:
        self.submitted += 1
        given = {"workflow": workflow, "source": "slack", "deliver_to": SLACK_PLACE, **changes}
        ask(self.db, str(self.submitted), question=f"Question {self.submitted}?", **given)
        self._look()

    @rule(which=index, late=st.booleans())
    def a_worker_hears_a_doorbell(self, which: int, late: bool) -> None:
        """Late, it may be for a step that is long done."""
        wanted = [step.id for step in self.steps if late or step.state in ("ready", "running")]
        if wanted:
            self._claim(sorted(wanted)[which % len(wanted)])

    @precondition(lambda self: self.held)
    @rule(which=index, how=st.sampled_from(_WAYS_TO_END), go=st.booleans(), items=st.integers(0, 4))
    def a_worker_ends(self, which: int, how: str, go: bool, items: int) -> None:
        claim = self.held.pop(which % len(self.held))
        if how == "done":
            self._complete(claim, {"go": go, "items": [f"item {number}" for number in range(items)]})
        elif how in ("again", "for good", "away"):
            self._fail(claim, how)
        elif how == "not yet":
            self.held.append(claim)
            assert not extend_lease(self.db, claim) or self._is_newest(claim)
        self._look()

    @rule(which=index)
    def somebody_cancels(self, which: int) -> None:
        run_id = self.runs[which % len(self.runs)].id
        try:
            cancel_run(self.db, run_id, "employee@larkspur.example")
        except RunEnded:
            assert run_id in self.ended
        self.cancelled.add(run_id)
        self._look()

    @precondition(lambda self: self.decisions)
    @rule(
        which=index, person=st.sampled_from([EMPLOYEE, ENGINEER]), choice=st.sampled_from(["yes", "no", "x"])
    )
    def somebody_decides(self, which: int, person: str, choice: str) -> None:
        decision = self.decisions[which % len(self.decisions)]
        try:
            decide(self.db, decision.id, find_principal(self.db, person), choice)
        except (NotPermitted, InvalidInput, DecisionClosed):
            return
        finally:
            self._look()
        assert (person, decision.state) == (ENGINEER, "open")
        assert decision.id not in self.decided, "it was decided twice"
        self.decided.add(decision.id)

    @precondition(lambda self: self.held)
    @rule(which=index)
    def a_worker_is_overtaken(self, which: int) -> None:
        """It stalls past its lease, and does not know that another has its step now."""
        self.clock.advance(LEASE_S + 1)
        self._claim(self.held[which % len(self.held)].step_id)

    @rule(
        seconds=st.sampled_from([0.5, 6, LEASE_S - 1, LEASE_S + 1]),
        then=st.sampled_from(["sweep", "ring", "due", "nothing", "restart"]),
    )
    def time_passes(self, seconds: float, then: str) -> None:
        self.clock.advance(seconds)
        if then == "sweep":
            sweep_steps(self.db)
            assert sweep_steps(self.db) == 0, "a second sweep at the same moment found more to do"
        elif then == "ring":
            self.relay.ring_due()
        elif then == "due":
            pass_due(self.db)
            assert pass_due(self.db) == 0, "a second look at the same moment found more due"
        elif then == "restart":
            self.held.clear()
            release_leases(self.db)
        self._look()

    def _complete(self, claim: ClaimedStep, said: dict[str, Any]) -> None:
        self._work_ends(claim)
        output = {**ANSWER, "answer": f"{claim.step_id} {claim.fence}"}
        if claim.key == "start":
            output = said
        try:
            complete_step(self.db, claim, output)
        except LeaseLost:
            return
        assert self._is_newest(claim), "a stale worker committed its output"
        assert claim.step_id not in self.committed, "an output was committed twice"
        self.committed[claim.step_id] = output

    def _fail(self, claim: ClaimedStep, how: str) -> None:
        self._work_ends(claim)
        code = "away" if how == "away" else "failed"
        try:
            fail_step(self.db, claim, f"Attempt {claim.fence} failed.", code=code, try_again=how == "again")
        except LeaseLost:
            return
        assert self._is_newest(claim), "a stale worker failed its step"

    @invariant()
    def outputs_are_those_that_were_accepted(self) -> None:
        done = {step.id: step for step in self.steps if step.state == "done"}
        worked_on = {step.id: step.output for step in done.values() if step.attempt}
        assert worked_on == self.committed
        for joined in (step for step in done.values() if step.key == "part"):
            parts = [step for step in self.steps if step.run_id == joined.run_id and step.part_of == "part"]
            parts.sort(key=lambda step: step.position)
            assert joined.output == {"items": [self.committed[part.id] for part in parts]}

    @invariant()
    def nothing_begins_before_its_needs_are_settled(self) -> None:
        for step in self.steps:
            if step.state in ("blocked", "cancelled") or step.undoes:
                continue
            needs = {key: self.by_key[step.run_id, key] for key in step.needs}
            assert all(need.state in ("done", "skipped") for need in needs.values())
            if step.key == "maybe":
                assert (step.state == "skipped") != bool(needs["start"].output["go"])
            assert step.state != "skipped" or step.key == "maybe"

    @invariant()
    def waits_last_as_long_as_they_should(self) -> None:
        for step in self.steps:
            if step.kind == "wait" and step.state == "done":
                assert (step.finished_at - step.started_at).total_seconds() >= 20

    @invariant()
    def a_cancelled_run_keeps_nothing_but_what_is_at_work_and_what_undoes(self) -> None:
        for run in self.runs:
            if run.cancel_requested_at is None:
                continue
            steps = [step for step in self.steps if step.run_id == run.id]
            idle = {step.state for step in steps if not step.undoes}
            assert not idle & {"blocked", "ready", "waiting", "spread"}
            undoing = sorted((step for step in steps if step.undoes), key=lambda step: step.position)
            states = [step.state for step in undoing]
            begun = ["ended" if state in _ENDED else state for state in states]
            assert begun == sorted(begun, key=_UNDOING_ORDER.index), "undoing is one after another"
            assert len(begun) - begun.count("ended") - begun.count("blocked") <= 1
            if run.id in self.ended:
                assert run.state == "cancelled"
                assert not set(states) & {"blocked", "ready", "running"}
                assert "running" not in idle
                undone = {step.undoes for step in undoing}
                assert undone == {
                    step.key
                    for step in steps
                    if step.state == "done" and (step.key in ("start", "late") or step.part_of)
                    if run.workflow == "whole" and not step.undoes
                }
                done = [self.by_key[run.id, str(step.undoes)].finished_at for step in undoing]
                assert done == sorted(done, reverse=True), "the last is undone first"

    @invariant()
    def what_has_ended_never_changes(self) -> None:
        ended = [step for step in self.steps if step.state in _ENDED]
        for row in (*ended, *(run for run in self.runs if run.id in self.ended)):
            now = {column.name: getattr(row, column.name) for column in row.__table__.columns}
            assert self.final.setdefault(row.id, now) == now

    @invariant()
    def every_open_run_has_something_that_can_move_it(self) -> None:
        movable = {
            step.run_id
            for step in self.steps
            if (
                step.state == "ready" and step.id in self.owed and step.attempt - step.forgiven < MAX_ATTEMPTS
            )
            or (step.state == "running" and step.lease_until is not None)
            or (step.state == "waiting" and step.due_at is not None)
        }
        awaiting = {run.id for run in self.runs if run.awaits_turn}
        assert {run.id for run in self.runs} - self.ended - awaiting <= movable

    @invariant()
    def who_awaits_their_turn_comes_after_somebody_at_work(self) -> None:
        awaiting = [run for run in self.in_thread if run.awaits_turn]
        assert not awaiting or any(self._is_at_work(run) for run in self.in_thread)
        never_waited = [run for run in self.in_thread if self._is_at_work(run) and run.id not in self.waited]
        assert len(never_waited) <= 1, "two of one thread are at work"
        for run in awaiting:
            states = {step.state for step in self.steps if step.run_id == run.id}
            assert (run.state, states) == ("queued", {"blocked"})

    @invariant()
    def no_message_is_lost(self) -> None:
        """Each that was not refused is the question of a run, or a line of one."""
        lines = [line for run in self.runs for line in run.question.splitlines()]
        assert sorted(lines) == sorted(f"Question {number}?" for number in self.kept)

    @invariant()
    def nothing_is_rung_for_what_has_ended(self) -> None:
        assert not {step.id for step in self.steps if step.run_id in self.ended} & self.owed

    @invariant()
    def a_run_that_ended_is_recorded_and_delivered_once(self) -> None:
        assert sorted(self.endings) == sorted(self.ended)
        assert sorted(self.delivered) == sorted(self.ended)

    @invariant()
    def people_are_asked_what_is_open_and_nothing_else(self) -> None:
        """The one who may decide is not asked of a run of their own."""
        decider = find_principal(self.db, ENGINEER).id
        own = {run.id for run in self.runs if run.principal_id == decider}
        to_decide = [row.id for row in self.decisions if row.state == "open" and row.run_id not in own]
        assert sorted(self.asked) == sorted(to_decide)

    @invariant()
    def a_run_waits_while_nothing_else_can_move_it(self) -> None:
        for run in self.runs:
            states = {step.state for step in self.steps if step.run_id == run.id}
            if run.id not in self.ended and not run.awaits_turn:
                assert (run.state == "waiting") == (not states & {"ready", "running"})

    def _look(self) -> None:
        """One picture of the tables, for the invariants and for choosing what to do next."""
        with self.db.read() as session:
            self.steps = list(session.scalars(select(StepRow)))
            self.runs = list(session.scalars(select(RunRow)))
            self.owed = set(session.scalars(select(DispatchRow.step_id)))
            answers = select(DeliveryRow.run_id).where(
                DeliveryRow.run_id.is_not(None), DeliveryRow.decision_id.is_(None)
            )
            self.delivered = list(session.scalars(answers))
            asked = select(DeliveryRow.decision_id).where(DeliveryRow.decision_id.is_not(None))
            self.asked = list(session.scalars(asked))
            self.decisions = list(session.scalars(select(DecisionRow)))
            self.kept = list(
                session.scalars(select(InboxRow.external_id).where(InboxRow.run_id.is_not(None)))
            )
            endings = select(AuditRow.subject).where(AuditRow.action.in_(_ENDINGS))
            self.endings = list(session.scalars(endings))
        self.by_key = {(step.run_id, step.key): step for step in self.steps}
        self.ended = {run.id for run in self.runs if run.state not in OPEN_RUN_STATES}
        self.waited |= {run.id for run in self.runs if run.state == "waiting"}
        self.in_thread = [run for run in self.runs if run.thread == "T"]

    def _is_at_work(self, run: RunRow) -> bool:
        return run.state in ("queued", "running") and not run.awaits_turn

    def teardown(self) -> None:
        try:
            self._let_everything_finish()
        finally:
            self.db.close()
            self.folder.cleanup()

    def _let_everything_finish(self) -> None:
        self.held.clear()
        for _ in range(40 * MAX_ATTEMPTS):
            if len(self.ended) == len(self.runs):
                break
            self.clock.advance(LEASE_S + 1)
            sweep_steps(self.db)
            pass_due(self.db)
            self.rung.clear()
            self.relay.ring_due()
            for step_id in self.rung:
                self._claim(step_id)
            while self.held:
                self._complete(self.held.pop(), {"go": True, "items": ["item 0", "item 1"]})
            self._look()
            self.people_are_asked_what_is_open_and_nothing_else()
        assert {run.state for run in self.runs} <= {"answered", "failed", "cancelled"}
        self.clock.advance(LEASE_S + 1)
        sweep_steps(self.db)
        self._look()
        assert not [step for step in self.steps if step.state == "running"]
        assert not {row.state for row in self.decisions} & {"open"}
        with self.db.read() as session:
            assert session.scalar(select(SpanRow.id).where(SpanRow.ended_at.is_(None)).limit(1)) is None
        self.what_has_ended_never_changes()
        verify_audit(self.db)

    def _claim(self, step_id: str) -> None:
        with self.db.read() as session:
            before = session.get_one(StepRow, step_id)
        claim = claim_step(self.db, step_id, "worker")
        if claim is None:
            return
        assert before.due_at is None or before.due_at <= self.clock.now(), "it was tried again too soon"
        assert claim.fence == self.newest_fence.get(step_id, 0) + 1
        assert claim.attempt - before.forgiven <= MAX_ATTEMPTS
        assert before.forgiven <= 2
        self.newest_fence[step_id] = claim.fence
        self.spans[claim.step_id, claim.fence] = SpanRecorder(self.db, claim).begin("step", claim.key, None)
        self.held.append(claim)
        self._look()

    def _work_ends(self, claim: ClaimedStep) -> None:
        SpanRecorder(self.db, claim).end(self.spans[claim.step_id, claim.fence])

    def _is_newest(self, claim: ClaimedStep) -> bool:
        return self.newest_fence[claim.step_id] == claim.fence


_ENDED = ("done", "failed", "parked", "skipped", "cancelled")
_ENDINGS = ("run.answered", "run.abstained", "run.escalated", "run.cancelled", "run.failed")


@pytest.fixture(scope="module")
def template(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("machine") / "ledger.db"
    shutil.copy(_sqlite_template, path)
    db = furnish(Database(f"sqlite:///{path}", ManualClock(START)))
    db.close()
    return path


def test_runs_survive_any_order_of_events(template: Path) -> None:
    RunMachine.template = template
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        RunMachine,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            # A failing history is short enough to read; shrinking it takes minutes.
            phases=[Phase.reuse, Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
