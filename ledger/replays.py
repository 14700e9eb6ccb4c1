"""Runs that repeat another from its record: what was recorded, and the run of its own that goes through it
again.

A replay belongs to whoever asked the original and has the same audience, so it may read exactly what the
original could. It is delivered to nobody. Only who may see a run may replay it.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.db import Database
from ledger.errors import InvalidInput
from ledger.evidence import Finding, list_evidence
from ledger.ids import new_id, short_id, span_id_for
from ledger.people import Principal, Right, principal_by
from ledger.pins import Replay
from ledger.reading import get_run_for
from ledger.runs import RunRequest, create_run
from ledger.schema import OPEN_RUN_STATES, PiiTokenRow, RunRow, StepRow
from ledger.spans import Span, list_spans
from ledger.workflows import workflow_version


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """The attempt of a step that was committed: its output, what was asked and said in order, and what was
    found, by label."""

    output: dict[str, Any]
    generations: tuple[Span, ...]
    tool_calls: tuple[Span, ...]
    evidence: dict[str, Finding]


def submit_replay(db: Database, run_id: str, actor: Principal, model: str | None) -> str:
    """The id of the new run. Raises NotPermitted where the actor may not ask, NotFound where they may not see
    the original, InvalidInput where there is nothing to repeat."""
    actor.require(Right.ASK)
    original = get_run_for(db, run_id, actor)
    if original.state in OPEN_RUN_STATES or original.answer is None:
        raise InvalidInput(
            f"The run {short_id(run_id)} is {original.state}: only one that came to an answer or an "
            "abstention can be replayed."
        )
    with db.write() as session:
        row = session.get_one(RunRow, run_id)
        spec = workflow_version(session, row.workflow, row.workflow_version)
        principal = principal_by(session, principal_id=row.principal_id)
        replay = Replay(of=run_id, by=actor.email, model=model)
        request = RunRequest(
            workflow=row.workflow,
            principal=principal.email,
            question=row.question,
            source="replay",
            external_id=new_id(),
            audience_groups=None if row.audience_groups is None else tuple(row.audience_groups),
        )
        run = create_run(
            session, request, row.question, principal, spec, replay=replay.model_dump(mode="json")
        )
        # The same tokens stand for the same values, or nothing the record holds would be asked again.
        run.masked_question, run.understood = row.masked_question, row.understood
        if model is None:
            # Or what was edited since would ask otherwise than the record answers.
            run.pins = row.pins
        _copy_tokens(session, run_id, run.id)
        detail = {"of": run_id, "model": model}
        append_audit(session, actor.email, "run.replayed", run.id, detail)
        return run.id


def recorded_step(db: Database, run_id: str, key: str) -> RecordedStep | None:
    """None where the run never finished a step of this key."""
    with db.read() as session:
        step = session.scalar(select(StepRow).where(StepRow.run_id == run_id, StepRow.key == key))
        if step is None or step.output is None:
            return None
        step_id, attempt, output = step.id, step.attempt, step.output
    spans = list_spans(db, run_id)
    crews = {span.id for span in spans if span.parent_id == span_id_for(step_id, str(attempt))}
    below = [span for span in spans if span.parent_id in crews]
    found = list_evidence(db, run_id, step_id=step_id, attempt=attempt)
    return RecordedStep(
        output=output,
        generations=tuple(span for span in below if span.kind == "generation" and span.state == "ok"),
        tool_calls=tuple(span for span in below if span.kind == "tool"),
        evidence={item.label: item.finding for item in found},
    )


def _copy_tokens(session: Session, origin: str, run_id: str) -> None:
    for row in session.scalars(select(PiiTokenRow).where(PiiTokenRow.run_id == origin)):
        session.add(
            PiiTokenRow(run_id=run_id, token=row.token, kind=row.kind, value=row.value, digest=row.digest)
        )
