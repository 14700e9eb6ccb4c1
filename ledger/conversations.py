"""What was said before in a thread, as far as everybody who will read the next answer may know it.

Nothing of it is kept beside the runs: turns, facts and the open question are read off them each time, within
the rights of that moment. So what somebody loses the right to, or has erased, is gone from the conversation
too. In doubt a thing is left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from ledger.db import Database
from ledger.documents import SERVED
from ledger.errors import NotFound
from ledger.evidence import SUGGESTION, Evidence, evidence_in
from ledger.people import Principal, principal_by, readers_of
from ledger.pii_tokens import reveal, reveal_in, tokens_of
from ledger.result import AbstainReason, RunResult
from ledger.schema import DocumentRow, InboxRow, PrincipalRow, RunRow, RunState
from ledger.thread_queue import thread_of
from ledger.understanding import Understood

# A thread that is longer has said what matters again since.
MOST_TURNS = 50

_SAID = (RunState.ANSWERED, RunState.ABSTAINED, RunState.ESCALATED, RunState.FAILED)


@dataclass(frozen=True, slots=True)
class Fact:
    """A claim of an earlier answer. `as_of` is the oldest day its sources speak for."""

    text: str
    sources: tuple[str, ...]
    as_of: str | None


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what came of it. `answer` is None, and `facts` are fewer than it had, where the reader
    may not know it all; `left_out` says so. `choices` are what an ambiguous question may mean, `readings`
    those that are governed queries."""

    run_id: str
    at: datetime
    speaker: str
    is_own: bool
    asked: str
    understood: Understood | None
    outcome: str
    answer: str | None
    facts: tuple[Fact, ...] = ()
    choices: tuple[str, ...] = ()
    left_out: bool = False
    evidence: tuple[Evidence, ...] = ()
    readings: frozenset[str] = frozenset()

    @property
    def question(self) -> str:
        """What was asked, in full."""
        return self.asked if self.understood is None else self.understood.question


@dataclass(frozen=True, slots=True)
class Conversation:
    """The oldest turn first. `asked_again` is what the question was taken for when it was asked first, of a
    run that asks another's question again."""

    turns: tuple[Turn, ...] = ()
    asked_again: Understood | None = None

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(fact for turn in self.turns for fact in turn.facts)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What the facts stand on."""
        return tuple(item for turn in self.turns for item in turn.evidence)

    @property
    def last(self) -> Turn | None:
        """What a follow-up goes on from: the asker's own last turn, or else the thread's."""
        own = [turn for turn in self.turns if turn.is_own]
        return next(reversed(own or self.turns), None)

    @property
    def open_question(self) -> Turn | None:
        """The turn that ended in a question of ours, if nobody has asked for anything since."""
        last = self.last
        return last if last is not None and last.choices else None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Whoever will read: the principal and, unless they are alone, everybody of a channel by its clearance.
    `took_part` is set for somebody who looks at a channel's thread they wrote in."""

    principal_id: str
    groups: frozenset[str]
    audience: frozenset[str] | None = None
    took_part: bool = False

    def may_know_of(self, run: RunRow) -> bool:
        """An answer for one person is that person's alone; one for a channel may be used where everybody who
        reads now could have read it then."""
        if run.audience_groups is None:
            return self.audience is None and run.principal_id == self.principal_id
        if self.audience is None:
            return self.took_part
        return set(run.audience_groups) <= self.audience

    def may_read(self, session: Session, run: RunRow, item: Evidence) -> bool:
        document_id = item.finding.details.get("document_id")
        if document_id is None:
            # Figures and the like are as the asker's groups showed them.
            return run.asked_with is not None and self.groups >= set(run.asked_with)
        document = session.get(DocumentRow, document_id)
        if document is None or document.status != SERVED:
            return False
        allowed = set(readers_of(tuple(document.allowed_groups), document.classification))
        sets = (self.groups,) if self.audience is None else (self.groups, self.audience)
        return all(groups & allowed for groups in sets)


def recall(db: Database, run_id: str) -> Conversation:
    """What the crews of this run may know of its thread. A run that repeats another, or asks its question
    again, knows what that one did."""
    with db.read() as session:
        run = session.get_one(RunRow, run_id)
        first = _asked_first(session, run)
        thread = thread_of(first)
        if thread is None or first.started_at is None:
            return Conversation()
        asker = principal_by(session, principal_id=first.principal_id)
        audience = None if first.audience_groups is None else frozenset(first.audience_groups)
        reader = _Reader(asker.id, asker.groups, audience)
        earlier = tuple_(RunRow.created_at, RunRow.id) < tuple_(first.created_at, first.id)
        before = (earlier, RunRow.finished_at <= first.started_at)
        rows = session.scalars(
            select(RunRow)
            .where(*thread.runs(), *before, RunRow.state.in_(_SAID))
            .order_by(RunRow.created_at.desc(), RunRow.id.desc())
            .limit(MOST_TURNS)
        ).all()
        again = None
        if first.id != run.id and first.understood:
            tokens = tokens_of(session, first.id)
            again = Understood.model_validate(reveal_in(first.understood, tokens))
        # Nothing is asked for further where nothing was asked.
        asked = [row for row in rows if not _is_small_talk(row)]
        return Conversation(_turns(session, reversed(asked), reader), again)


def read_thread(db: Database, name: str, reader: Principal, source: str | None = None) -> Conversation:
    """The thread as this person may see it: their own turns, and in a channel where they wrote those of the
    others. Raises NotFound also for one they had no part in, so that nobody learns it exists."""
    own = (RunRow.thread == name, RunRow.principal_id == reader.id)
    with db.read() as session:
        mine = session.scalars(
            select(RunRow)
            .where(*own, *(() if source is None else (RunRow.source == source,)))
            .order_by(RunRow.created_at.desc(), RunRow.id.desc())
        ).first()
        thread = None if mine is None else thread_of(mine)
        if thread is None:
            raise NotFound(f"There is no thread '{name}' that you took part in.")
        rows = session.scalars(
            select(RunRow)
            .where(*thread.runs(), RunRow.replay.is_(None))
            .order_by(RunRow.created_at.desc(), RunRow.id.desc())
            .limit(MOST_TURNS)
        ).all()
        took_part = _Reader(reader.id, reader.groups, took_part=True)
        return Conversation(_turns(session, reversed(rows), took_part))


def _asked_first(session: Session, run: RunRow) -> RunRow:
    """The run that this one replays or asks again for, or itself."""
    origin = run.replay["of"] if run.replay else None
    if run.source == "watch":
        # Its request was named after the run it asks again for.
        origin = session.scalar(select(InboxRow.external_id).where(InboxRow.run_id == run.id))
    return run if origin is None else session.get(RunRow, origin) or run


def _is_small_talk(run: RunRow) -> bool:
    return (run.result or {}).get("reason") == AbstainReason.NOTHING_ASKED


def _turns(session: Session, rows: Iterable[RunRow], reader: _Reader) -> tuple[Turn, ...]:
    return tuple(_turn(session, row, reader) for row in rows if reader.may_know_of(row))


def _turn(session: Session, run: RunRow, reader: _Reader) -> Turn:
    """With the values behind the tokens: whoever gives it to a model masks it anew."""
    tokens = tokens_of(session, run.id)
    result = RunResult.model_validate(run.result) if run.result else None
    found = {item.label: item for item in evidence_in(session, run.id)}
    may_read = partial(reader.may_read, session, run)
    has_all_rights = run.asked_with is not None and reader.groups >= set(run.asked_with)
    claims = result.claims if result is not None else ()
    known = [
        (claim, [found[label] for label in claim.evidence if label in found])
        for claim in claims
        if all(label in found and may_read(found[label]) for label in claim.evidence)
    ]
    is_whole = len(known) == len(claims) and has_all_rights
    is_ambiguous = result is not None and result.reason is AbstainReason.AMBIGUOUS and has_all_rights
    cited = {item.id: item for _claim, items in known for item in items}
    suggested = [item for item in found.values() if is_ambiguous and item.finding.kind == SUGGESTION]
    return Turn(
        run_id=run.id,
        at=run.created_at,
        speaker=session.get_one(PrincipalRow, run.principal_id).name,
        is_own=run.principal_id == reader.principal_id,
        asked=run.question,
        understood=Understood.model_validate(reveal_in(run.understood, tokens)) if run.understood else None,
        outcome=run.state,
        answer=reveal(result.answer, tokens) if result is not None and is_whole else None,
        facts=tuple(_fact(reveal(claim.text, tokens), items) for claim, items in known),
        choices=tuple(reveal_in(list(result.choices), tokens)) if result is not None and is_ambiguous else (),
        left_out=result is not None and not is_whole,
        evidence=(*cited.values(), *suggested),
        readings=frozenset(reveal(item.finding.text, tokens) for item in suggested),
    )


def _fact(text: str, items: Sequence[Evidence]) -> Fact:
    sources = dict.fromkeys(str(item.finding.details.get("title") or item.finding.source) for item in items)
    return Fact(
        text, tuple(sources), min((item.finding.as_of for item in items if item.finding.as_of), default=None)
    )
