"""A run as its readers see it: one frozen shape for the terminal's `--json`, the API and the Slack card.

Renaming or removing a field here breaks other people's programs; adding one does not. Personal data is
shown to whoever asked and to nobody else; every other reader gets the tokens that stand for it.
"""

from datetime import datetime
from typing import Any, cast

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, Table, bindparam, select
from sqlalchemy.orm import Session

from ledger.artifacts import Artifact, artifacts_in, file_of
from ledger.db import Database
from ledger.decision_views import OpenDecision, open_decisions_of
from ledger.errors import NotFound
from ledger.evidence import evidence_in, shown_source
from ledger.people import Principal, Right
from ledger.pii_tokens import reveal_in, tokens_of
from ledger.progress import RunProgress, progress_in, steps_of
from ledger.result import Claim, ModelUse, RunFile, RunResult
from ledger.schema import OPEN_RUN_STATES, PrincipalRow, RunRow, RunState, StepRow
from ledger.spending import MICROS, usage_in
from ledger.understanding import Understood

# Nobody has looked for personal data in the question yet.
UNSEEN_QUESTION = "(shown once work on it has begun)"

_RUNS = cast(Table, RunRow.__table__).c
_STATE = select(_RUNS.state).where(_RUNS.id == bindparam("run"))
_PEOPLE = cast(Table, PrincipalRow.__table__).c
_EMAIL = select(_PEOPLE.email).where(_PEOPLE.id == bindparam("principal"))


class EvidenceView(BaseModel):
    """`details` of a passage holds title, section, owner, updated and stale. The `source` of a web page is
    its address in words, so that nobody gets there by accident."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: str
    source: str
    locator: str
    text: str
    as_of: str | None
    details: dict[str, Any]


class StepTiming(BaseModel):
    model_config = ConfigDict(frozen=True)

    key: str
    state: str
    attempts: int
    seconds: float | None


class Timings(BaseModel):
    """Seconds; None while it has not happened."""

    model_config = ConfigDict(frozen=True)

    queued_s: float | None
    running_s: float | None
    total_s: float | None
    steps: tuple[StepTiming, ...]


class ArtifactView(BaseModel):
    """A file the run made. `file` is where its bytes lie, within `var/artifacts`."""

    model_config = ConfigDict(frozen=True)

    name: str
    media_type: str
    size_bytes: int
    sha256: str
    file: str


class UsageView(BaseModel):
    """What the run's models took. `cost_usd` is 0 where no candidate has prices."""

    model_config = ConfigDict(frozen=True)

    input_tokens: int
    output_tokens: int
    cost_usd: float


class RunView(BaseModel):
    """`artifacts` are all files the run made, `files` those to hand out: its result's, else all of them;
    `decisions` are those it waits for. `understood_as` is what a follow-up was taken for. One that
    `awaits_turn` begins after the run before it in its thread."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    workflow: str
    state: str
    outcome: str | None
    principal: str
    source: str
    thread: str | None
    question: str
    understood_as: str | None = None
    answer: str | None
    claims: tuple[Claim, ...]
    evidence: tuple[EvidenceView, ...]
    how_found: tuple[str, ...] = ()
    reason: str | None
    caveats: tuple[str, ...]
    suggestions: tuple[str, ...]
    choices: tuple[str, ...] = ()
    specialist: str | None
    model: ModelUse | None
    failure: str | None
    artifacts: tuple[ArtifactView, ...] = ()
    files: tuple[ArtifactView, ...] = ()
    usage: UsageView = UsageView(input_tokens=0, output_tokens=0, cost_usd=0.0)
    replay_of: str | None = None
    decisions: tuple[OpenDecision, ...] = ()
    awaits_turn: bool = False
    created_at: datetime
    finished_at: datetime | None
    timings: Timings
    progress: RunProgress

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_RUN_STATES


class RunSummary(BaseModel):
    model_config = ConfigDict(frozen=True)

    run_id: str
    state: str
    principal: str
    source: str
    question: str
    created_at: datetime
    total_s: float | None
    steps_done: int = 0
    steps_total: int = 0


def get_run(db: Database, run_id: str) -> RunView:
    """For a reader nobody has identified: tokens in place of personal data. Raises NotFound."""
    with db.read() as session:
        return _masked_view(session, _run(session, run_id))


def get_run_for(db: Database, run_id: str, reader: Principal) -> RunView:
    """Raises NotFound also when the run is not this reader's to see, so that nobody learns it exists."""
    with db.read() as session:
        run = _run(session, run_id)
        if run.principal_id == reader.id:
            return _revealed_view(session, run)
        if not reader.may(Right.READ_ALL_RUNS):
            raise NotFound(f"There is no run {run_id}.")
        return _masked_view(session, run)


def get_run_for_delivery(db: Database, run_id: str) -> RunView:
    """With all personal data: only for whoever hands the answer to the asker, or to the audience it was
    cleared for. Raises NotFound."""
    with db.read() as session:
        return _revealed_view(session, _run(session, run_id))


def run_state(db: Database, run_id: str) -> RunState:
    """A cheap look at one column, for those who wait. Raises NotFound."""
    with db.read() as session:
        state = session.connection().execute(_STATE, {"run": run_id}).scalar()
    if state is None:
        raise NotFound(f"There is no run {run_id}.")
    return RunState(state)


def list_runs(db: Database, limit: int = 20) -> list[RunSummary]:
    """The newest first, for a reader nobody has identified: questions with tokens."""
    query: Select[RunRow, str] = (
        select(RunRow, PrincipalRow.email)
        .join(PrincipalRow, PrincipalRow.id == RunRow.principal_id)
        .order_by(RunRow.created_at.desc(), RunRow.id.desc())
        .limit(limit)
    )
    with db.read() as session:
        found = session.execute(query).all()
        steps = _steps_by_run(session, [run.id for run, _email in found])
        progress = {run.id: progress_in(run, steps[run.id]) for run, _email in found}
        return [
            RunSummary(
                run_id=run.id,
                state=run.state,
                principal=email,
                source=run.source,
                question=run.masked_question or UNSEEN_QUESTION,
                created_at=run.created_at,
                total_s=_seconds(run.created_at, run.finished_at),
                steps_done=progress[run.id].done,
                steps_total=progress[run.id].total,
            )
            for run, email in found
        ]


def _steps_by_run(session: Session, run_ids: list[str]) -> dict[str, list[StepRow]]:
    steps: dict[str, list[StepRow]] = {run_id: [] for run_id in run_ids}
    for step in session.scalars(select(StepRow).where(StepRow.run_id.in_(run_ids))):
        steps[step.run_id].append(step)
    return steps


def _run(session: Session, run_id: str) -> RunRow:
    run = session.get(RunRow, run_id)
    if run is None:
        raise NotFound(f"There is no run {run_id}.")
    return run


def _revealed_view(session: Session, run: RunRow) -> RunView:
    view, tokens = _masked_view(session, run), tokens_of(session, run.id)
    if not tokens:
        return view.model_copy(update={"question": run.question})
    return RunView.model_validate({**reveal_in(view.model_dump(), tokens), "question": run.question})


def _masked_view(session: Session, run: RunRow) -> RunView:
    result = RunResult.model_validate(run.result) if run.result else None
    steps = steps_of(session, run.id)
    cited = {label for claim in result.claims for label in claim.evidence} if result else set()
    used = usage_in(session, run.id)
    artifacts = tuple(map(_file, artifacts_in(session, run.id)))
    issued = tuple(map(_file, result.files)) if result else ()
    evidence = tuple(
        EvidenceView(
            id=item.label,
            kind=item.finding.kind,
            source=shown_source(item.finding),
            locator=item.finding.locator,
            text=item.finding.text,
            as_of=item.finding.as_of,
            details=item.finding.details,
        )
        for item in evidence_in(session, run.id)
        if item.label in cited
    )
    return RunView(
        run_id=run.id,
        workflow=run.workflow,
        state=run.state,
        outcome=None if run.state in OPEN_RUN_STATES else run.state,
        principal=session.connection().execute(_EMAIL, {"principal": run.principal_id}).scalar_one(),
        source=run.source,
        thread=run.thread,
        question=run.masked_question or UNSEEN_QUESTION,
        understood_as=Understood.model_validate(run.understood).said if run.understood else None,
        awaits_turn=run.awaits_turn,
        answer=result.answer if result else None,
        claims=result.claims if result else (),
        evidence=evidence,
        how_found=result.how_found if result else (),
        reason=result.reason if result else None,
        caveats=result.caveats if result else (),
        suggestions=result.suggestions if result else (),
        choices=result.choices if result else (),
        specialist=result.specialist if result else None,
        model=result.model if result else None,
        failure=run.failure,
        artifacts=artifacts,
        files=issued or artifacts,
        usage=UsageView(
            input_tokens=used.input_tokens,
            output_tokens=used.output_tokens,
            cost_usd=used.micro_usd / MICROS,
        ),
        replay_of=run.replay["of"] if run.replay else None,
        decisions=open_decisions_of(session, run.id) if run.state in OPEN_RUN_STATES else (),
        created_at=run.created_at,
        finished_at=run.finished_at,
        timings=Timings(
            queued_s=_seconds(run.created_at, run.started_at),
            running_s=_seconds(run.started_at, run.finished_at),
            total_s=_seconds(run.created_at, run.finished_at),
            steps=tuple(
                StepTiming(
                    key=step.key,
                    state=step.state,
                    attempts=step.attempt,
                    seconds=_seconds(step.started_at, step.finished_at),
                )
                for step in steps
            ),
        ),
        progress=progress_in(run, steps),
    )


def _file(item: Artifact | RunFile) -> ArtifactView:
    return ArtifactView(
        name=item.name,
        media_type=item.media_type,
        size_bytes=item.size_bytes,
        sha256=item.sha256,
        file=file_of(item.sha256, item.name),
    )


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else round((end - start).total_seconds(), 4)
