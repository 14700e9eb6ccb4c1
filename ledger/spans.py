"""The record of what happened inside a run: every prompt, tool call, retrieval and check, as a tree of
spans.

A span is on record before anything it holds reaches outside, so a process that dies leaves the prompt it had
sent; how it ended is on record before the next of them, and before the step ends. Inputs and outputs are
masked here, the one way in: secrets always, personal data by the run's own tokens.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from ledger.db import Database, now_in
from ledger.ids import span_id_for, trace_id_for
from ledger.masking import mask_secrets
from ledger.schema import SpanRow
from ledger.steps import ClaimedStep

# Made once, and of the table itself: a run writes some dozen spans, and putting the statement together and
# mapping a row took longer than writing it.
_TABLE = cast(Table, SpanRow.__table__)
_BEGIN = insert(_TABLE)
_END = update(_TABLE).where(_TABLE.c.id == bindparam("span"), _TABLE.c.ended_at.is_(None))

_OF_RUN = select(_TABLE).where(_TABLE.c.run_id == bindparam("run")).order_by(_TABLE.c.started_at, _TABLE.c.id)
_OF_KIND = _OF_RUN.where(_TABLE.c.kind == bindparam("kind"))

# What goes on around the calls that reach outside. Its beginning is written with the first of them within it,
# or with its own end: before that nothing has happened that would not be on record.
_AROUND = frozenset({"crew", "retrieval", "guardrail", "check"})


@dataclass(slots=True)
class OpenSpan:
    """A span that has begun. Its body sets `output` and `attributes`; they are written when it ends."""

    id: str
    output: Any = None
    attributes: dict[str, Any] = field(default_factory=dict)
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    id: str
    trace_id: str
    run_id: str
    parent_id: str | None
    kind: str
    name: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    input: Any
    output: Any
    attributes: dict[str, Any]

    @property
    def seconds(self) -> float | None:
        return None if self.ended_at is None else (self.ended_at - self.started_at).total_seconds()


class SpanRecorder:
    """Records the spans of one attempt of one step; `mask` puts tokens in place of personal data in a string.
    Safe to share between threads."""

    def __init__(self, db: Database, claim: ClaimedStep, mask: Callable[[str], str] | None = None) -> None:
        self._db = db
        self._mask = mask
        self._run_id = claim.run_id
        self._step_id = claim.step_id
        self.root_id = span_id_for(claim.run_id)
        self.step_span_id = span_id_for(claim.step_id, str(claim.attempt))
        # Rows that have begun and are not written yet, by span, each with the moment it is of.
        self._kept: dict[str, tuple[dict[str, Any], float]] = {}
        # Ends that are not written yet, by span.
        self._ended: dict[str, tuple[dict[str, Any], float]] = {}
        self._within_step = False
        self._writing = threading.Lock()

    @contextmanager
    def step(self, name: str, step_input: Any) -> Iterator[OpenSpan]:
        """The step's own span. Its end is left to `handing_over`, for the transaction that commits the step;
        an error is noted at once and passes on."""
        opened = self._keep("step", name, step_input, parent_id=self.root_id, span_id=self.step_span_id)
        self._within_step = True
        try:
            yield opened
        except BaseException as error:
            opened.failure = f"{type(error).__name__}: {error}"
            self.end(opened)
            raise
        self._note_end(opened)

    @contextmanager
    def span(
        self,
        kind: str,
        name: str,
        span_input: Any,
        *,
        parent_id: str | None = None,
        span_id: str | None = None,
    ) -> Iterator[OpenSpan]:
        """Below the step's own span unless `parent_id` says otherwise. An error is noted and passes on.
        Within a step its end is written with what follows, at the latest with the step's own."""
        begin = self._keep if kind in _AROUND else self.begin
        opened = begin(kind, name, span_input, parent_id=parent_id, span_id=span_id)
        try:
            yield opened
        except BaseException as error:
            opened.failure = f"{type(error).__name__}: {error}"
            raise
        finally:
            if self._within_step:
                self._note_end(opened)
            else:
                self.end(opened)

    def begin(
        self,
        kind: str,
        name: str,
        span_input: Any,
        *,
        parent_id: str | None = None,
        span_id: str | None = None,
    ) -> OpenSpan:
        """On record when it returns."""
        opened = self._keep(kind, name, span_input, parent_id=parent_id, span_id=span_id)
        self.write()
        return opened

    def end(self, opened: OpenSpan) -> None:
        """On record when it returns."""
        self._note_end(opened)
        self.write()

    def write(self) -> None:
        """What is not on record yet, in a transaction of its own."""
        # One at a time, or whoever finds that another has taken its row would go on before it is written.
        with self._writing:
            kept, ended = dict(self._kept), dict(self._ended)
            if kept or ended:
                with self._db.record() as session:
                    _insert(session, kept, ended)
                self._forget(kept, ended)

    @contextmanager
    def handing_over(self) -> Iterator[Callable[[Session], None]]:
        """Writes it in a transaction of the caller's, or in one of its own if that fails or never was."""
        written = False
        try:
            # Before that transaction begins, or it could wait for one that waits for it.
            with self._writing:
                kept, ended = dict(self._kept), dict(self._ended)

                def write(session: Session) -> None:
                    nonlocal written
                    _insert(session, kept, ended)
                    written = True

                yield write
                if written:
                    self._forget(kept, ended)
        finally:
            self.write()

    def _keep(
        self, kind: str, name: str, span_input: Any, *, parent_id: str | None, span_id: str | None
    ) -> OpenSpan:
        opened = OpenSpan(span_id or secrets.token_hex(8))
        row = {
            "id": opened.id,
            "trace_id": trace_id_for(self._run_id),
            "run_id": self._run_id,
            "step_id": self._step_id,
            "parent_id": parent_id or self.step_span_id,
            "kind": kind,
            "name": name[:255],
            "state": "open",
            # Before any transaction: a new token is one of its own.
            "input": self._masked(span_input),
            "attributes": {},
        }
        self._kept[opened.id] = (row, time.monotonic())
        return opened

    def _note_end(self, opened: OpenSpan) -> None:
        noted = {} if opened.failure is None else {"failure": opened.failure}
        end = {
            "span": opened.id,
            "state": "error" if opened.failure else "ok",
            "output": self._masked(opened.output),
            "attributes": self._masked({**opened.attributes, **noted}),
        }
        self._ended[opened.id] = (end, time.monotonic())

    def _forget(self, kept: Iterable[str], ended: Iterable[str]) -> None:
        for span in kept:
            del self._kept[span]
        for span in ended:
            del self._ended[span]

    def _masked(self, value: Any) -> Any:
        return mask_secrets(value, self._mask)


def _insert(
    session: Session,
    kept: Mapping[str, tuple[dict[str, Any], float]],
    ended: Mapping[str, tuple[dict[str, Any], float]],
) -> None:
    now, clock, connection = now_in(session), time.monotonic(), session.connection()
    if kept:
        rows = [{**row, "started_at": now - timedelta(seconds=clock - at)} for row, at in kept.values()]
        connection.execute(_BEGIN, rows)
    if ended:
        ends = [{**end, "ended_at": now - timedelta(seconds=clock - at)} for end, at in ended.values()]
        connection.execute(_END, ends)


def list_spans(db: Database, run_id: str, kind: str | None = None) -> list[Span]:
    """All spans of a run, or those of one kind, in the order they began."""
    with db.read() as session:
        return spans_in(session, run_id, kind)


def spans_in(session: Session, run_id: str, kind: str | None) -> list[Span]:
    """The same for a reader that has a transaction already and wants one picture of the run."""
    query = _OF_RUN if kind is None else _OF_KIND
    rows = session.connection().execute(query, {"run": run_id, "kind": kind})
    return [_span(cast(SpanRow, row)) for row in rows]


def unshipped_spans(db: Database, limit: int) -> list[Span]:
    """Ended spans that Langfuse has not acknowledged, oldest first."""
    with db.read() as session:
        rows = session.scalars(
            select(SpanRow)
            .where(SpanRow.shipped_at.is_(None), SpanRow.ended_at.is_not(None))
            .order_by(SpanRow.ended_at, SpanRow.id)
            .limit(limit)
        )
        return [_span(row) for row in rows]


def trace_attributes(db: Database, run_ids: set[str]) -> dict[str, dict[str, Any]]:
    """By run: who asked, in which thread, by which workflow - what every span of its trace is filed under."""
    with db.read() as session:
        roots = session.scalars(select(SpanRow).where(SpanRow.id.in_([span_id_for(run) for run in run_ids])))
        return {root.run_id: {"name": root.name, **root.attributes} for root in roots}


def mark_shipped(db: Database, span_ids: list[str]) -> None:
    with db.record() as session:
        session.execute(update(SpanRow).where(SpanRow.id.in_(span_ids)).values(shipped_at=now_in(session)))


def _span(row: SpanRow) -> Span:
    return Span(
        id=row.id,
        trace_id=row.trace_id,
        run_id=row.run_id,
        parent_id=row.parent_id,
        kind=row.kind,
        name=row.name,
        state=row.state,
        started_at=row.started_at,
        ended_at=row.ended_at,
        input=row.input,
        output=row.output,
        attributes=row.attributes,
    )
