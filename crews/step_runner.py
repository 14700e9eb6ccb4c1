"""Works on one step: claim it, keep the lease alive, do the work, commit the result or say why there is
none."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel

from crews.errors import DecisionAwaited, StepCancelled
from crews.run_mask import RunMask
from crews.specs import Limits
from crews.step_context import Budget, StepContext
from crews.task_text import asked_question
from crews.thread_memory import remember
from crews.workflow_loader import BROKEN
from knowledge.library import Library
from knowledge.pii.port import PiiDetector
from ledger.artifacts import ArtifactStore
from ledger.call_decisions import ask_about_call
from ledger.cancel import is_stopped
from ledger.db import Database
from ledger.errors import CrewdeskError, DatabaseUnavailable, LeaseLost, NotFound
from ledger.ids import new_id, short_id
from ledger.log import bind_context, get_logger
from ledger.masking import mask_text
from ledger.pins import Replay
from ledger.runs import keep_masked_question
from ledger.spans import SpanRecorder
from ledger.step_plan import recorded_output
from ledger.steps import (
    LEASE_S,
    ClaimedStep,
    claim_longest_ready,
    claim_step,
    complete_step,
    extend_lease,
    fail_step,
)
from ledger.workflow import StepKind

if TYPE_CHECKING:
    from crews.number_desk import NumberDesk
    from crews.triage.desk import TriageDesk
    from crews.web_desk import WebDesk

_log = get_logger(__name__)

HEARTBEAT_S = LEASE_S / 3
# A stopped run ends within two seconds: the step is told after one at most, and has one to give in.
LOOK_S = 0.5
GIVE_IN_S = 1.0
# How long past its deadline a step keeps its lease, to end in good order. One that hangs loses it then.
GRACE_S = 30.0

# A replay takes what every other function put out from the record: it may have done something. Those of
# triage act by tools alone, which answer a replay from the record, and leave the evidence the answer cites.
CHECKED_AGAIN = frozenset({"classify_request", "look_up_request", "settle_request", "verify_answer"})

Function = Callable[[StepContext], BaseModel]


class CrewWork(Protocol):
    """How a crew step is done; returns the step's output as JSON data."""

    def limits(self, claim: ClaimedStep) -> Limits: ...

    def __call__(self, context: StepContext) -> dict[str, Any]: ...


class StepRunner:
    """Safe to call with any step id, any number of times, from any thread: the claim decides."""

    def __init__(
        self,
        db: Database,
        library: Callable[[], Library],
        crew_work: CrewWork,
        functions: Mapping[str, Function],
        detector: Callable[[], PiiDetector],
        desk: "Callable[[], NumberDesk] | None" = None,
        triage_desk: "Callable[[], TriageDesk | None] | None" = None,
        web_desk: "Callable[[], WebDesk] | None" = None,
        artifacts: ArtifactStore | None = None,
        recorder: type[SpanRecorder] = SpanRecorder,
    ) -> None:
        self._db = db
        self._library = library
        self._crew_work = crew_work
        self._functions = functions
        self._detector = detector
        self._desk = desk
        self._triage_desk = triage_desk
        self._web_desk = web_desk
        self._artifacts = artifacts
        self._recorder = recorder
        self._owner = f"{socket.gethostname()}:{os.getpid()}"

    def run(self, step_id: str) -> None:
        """Works on this step, and then on what it made ready: one after another, a run need not wait for
        doorbells."""
        self._go_on_from(claim_step(self._db, step_id, self._owner))

    def run_waiting(self, goes_on: Callable[[], bool]) -> None:
        """Begins with steps that wait for a worker, the longest first, until there is none or it is not to go
        on."""
        while goes_on():
            claim = claim_longest_ready(self._db, self._owner)
            if claim is None:
                return
            self._go_on_from(claim)

    def _go_on_from(self, claim: ClaimedStep | None) -> None:
        while claim is not None:
            claim = self._run_one(claim)

    def _run_one(self, claim: ClaimedStep) -> ClaimedStep | None:
        cancelled = threading.Event()
        with bind_context(run=short_id(claim.run_id), step=claim.key), self._heartbeat(claim, cancelled):
            _log.info("step_claimed", attempt=claim.attempt)
            try:
                following = self._complete(claim, *self._work(claim, cancelled))
                _log.info("step_completed")
                return following
            except LeaseLost as error:
                _log.warning("step_lost", reason=str(error))
            except DecisionAwaited:
                self._put_to_person(claim)
            except CrewdeskError as error:
                _log.warning("step_failed", code=error.code, reason=str(error))
                self._give_up(claim, str(error), code=error.code, try_again=error.worth_retrying)
            except Exception:  # noqa: BLE001 - the last resort: the person who asked hears of it, whatever it is
                error_id = short_id(new_id())
                _log.exception("step_broke", error_id=error_id)
                sentence = (
                    f"Something went wrong inside Crewdesk. Tell an administrator the error id {error_id}."
                )
                self._give_up(claim, sentence, code=BROKEN, try_again=False)
        return None

    def _complete(
        self, claim: ClaimedStep, output: dict[str, Any], recorder: SpanRecorder
    ) -> ClaimedStep | None:
        with recorder.handing_over() as last_words:
            return complete_step(self._db, claim, output, last_words, self._owner)

    def _work(self, claim: ClaimedStep, cancelled: threading.Event) -> tuple[dict[str, Any], SpanRecorder]:
        """The step's output, and the record of it whose last words are not written yet."""
        mask, asked = RunMask(self._db, claim.run_id, self._detector, claim.tokens), claim.question
        # From here on nobody meets the question as it was asked.
        claim = replace(claim, question=self._masked_question(claim, mask))
        recorder = self._recorder(self._db, claim, mask.datum)
        with recorder.step(claim.key, claim.inputs) as span:
            limits = self._crew_work.limits(claim) if claim.kind == StepKind.CREW else Limits()
            limits = Limits.model_validate({**limits.model_dump(), **claim.limits})
            deadline = time.monotonic() + claim.deadline_s
            budget = Budget(limits=limits, deadline=deadline, cancelled=cancelled)
            context = StepContext(
                self._db,
                claim,
                recorder,
                self._library,
                budget,
                mask,
                self._desk,
                self._triage_desk,
                self._web_desk,
                self._artifacts,
            )
            context.asked = claim.question
            remember(context, asked)
            # A step that asks its crew something else, asks just that.
            context.claim = replace(context.claim, question=asked_question(context.claim))
            output: dict[str, Any] = mask.data(self._output(context))
            span.output = output
            span.attributes["attempt"] = claim.attempt
        return output, recorder

    def _masked_question(self, claim: ClaimedStep, mask: RunMask) -> str:
        if claim.masked_question is not None:
            return claim.masked_question
        masked = mask.fresh(mask_text(claim.question))
        keep_masked_question(self._db, claim.run_id, claim.question, masked)
        return masked

    def _output(self, context: StepContext) -> dict[str, Any]:
        claim = context.claim
        if claim.kind == StepKind.CREW:
            return self._crew_work(context)
        replay = claim.replay
        if replay is not None and claim.uses not in CHECKED_AGAIN:
            return _recorded_output(self._db, claim, replay)
        return self._functions[claim.uses](context).model_dump(mode="json")

    def _put_to_person(self, claim: ClaimedStep) -> None:
        try:
            ask_about_call(self._db, claim)
            _log.info("step_awaits_decision")
        except (LeaseLost, DatabaseUnavailable) as error:
            # What is wanted is on record; whoever has the step next asks.
            _log.warning("step_left_to_sweeper", reason=str(error))

    def _give_up(self, claim: ClaimedStep, sentence: str, *, code: str, try_again: bool) -> None:
        try:
            fail_step(self._db, claim, sentence, code=code, try_again=try_again)
        except (LeaseLost, DatabaseUnavailable) as error:
            # Nothing is lost: the lease runs out and the sweeper hands the step to somebody else.
            _log.warning("step_left_to_sweeper", reason=str(error))

    @contextmanager
    def _heartbeat(self, claim: ClaimedStep, cancelled: threading.Event) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(
            target=self._beat,
            args=(claim, stop, cancelled),
            name=f"heartbeat-{short_id(claim.step_id)}",
            daemon=True,
        )
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _beat(self, claim: ClaimedStep, stop: threading.Event, cancelled: threading.Event) -> None:
        beat_at = time.monotonic() + HEARTBEAT_S
        last_beat_at = time.monotonic() + claim.deadline_s + GRACE_S
        while not stop.wait(min(LOOK_S, HEARTBEAT_S)):
            try:
                if claim.undoes is None and is_stopped(self._db, claim.run_id):
                    cancelled.set()
                    self._end_stopped(claim, stop)
                    return
                if beat_at <= time.monotonic() <= last_beat_at:
                    beat_at = time.monotonic() + HEARTBEAT_S
                    if not extend_lease(self._db, claim):
                        cancelled.set()
                        return
            except DatabaseUnavailable as error:
                _log.warning("heartbeat_missed", reason=str(error))

    def _end_stopped(self, claim: ClaimedStep, stop: threading.Event) -> None:
        """Ends the step in place of a worker that hangs in a call: what it brings home later is refused."""
        if not stop.wait(GIVE_IN_S):
            _log.warning("step_abandoned")
            self._give_up(claim, "The step was cancelled.", code=StepCancelled.code, try_again=False)


def _recorded_output(db: Database, claim: ClaimedStep, replay: Replay) -> dict[str, Any]:
    """What the function put out then; of an undoing nothing, as the replay did nothing that could be undone.
    Raises NotFound."""
    if claim.undoes is not None:
        return {}
    with db.read() as session:
        output = recorded_output(session, replay.of, claim.key)
    if output is None:
        raise NotFound(
            f"The replayed run has no record of the step '{claim.key}'; ask again instead of replaying."
        )
    return output
