"""What a run may stand on: each thing a tool found, kept as it was when it was found, under a label claims
can cite."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

from sqlalchemy import Row, Table, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from ledger.db import Database, now_in
from ledger.ids import new_id
from ledger.outgoing import in_words
from ledger.run_lock import lock_run
from ledger.schema import EvidenceRow
from ledger.steps import ClaimedStep

# The kind of evidence that is rows of governed figures.
FIGURES = "figures"
# A governed query that the question may mean.
SUGGESTION = "suggestion"
# That there is no figure, because the data is not fit for one; its details name the `products`.
BLOCKED = "blocked"
# A page of the web, or what a search engine tells of one; its source is its address.
WEB_PAGE = "web_page"

_TABLE = cast(Table, EvidenceRow.__table__)
# Shorter labels first, or E10 would stand before E2.
_IN_ORDER = (func.length(_TABLE.c.label), _TABLE.c.label)
_ADD = insert(_TABLE)
_TAKE_OVER = update(_TABLE).where(_TABLE.c.id == bindparam("row")).values(attempt=bindparam("by"))
_OF_RUN = select(_TABLE).where(_TABLE.c.run_id == bindparam("run")).order_by(*_IN_ORDER)
_OF_ATTEMPT = _OF_RUN.where(_TABLE.c.step_id == bindparam("step"), _TABLE.c.attempt == bindparam("attempt"))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a tool found. `locator` says where in the source; `as_of` is the ISO date it speaks for."""

    kind: str
    source: str
    locator: str
    text: str
    as_of: str | None
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        parts = json.dumps([self.kind, self.source, self.locator, self.text])
        return hashlib.sha256(parts.encode()).hexdigest()[:32]


def shown_source(finding: Finding) -> str:
    """For people: a web page's address in words, so that nobody gets there by accident."""
    return in_words(finding.source) if finding.kind == WEB_PAGE else finding.source


@dataclass(frozen=True, slots=True)
class Evidence:
    """A finding with its label (`E1`, `E2`, ...), unique in its run."""

    id: str
    label: str
    step_id: str
    finding: Finding


def record_evidence(
    db: Database, claim: ClaimedStep, findings: list[Finding], labels: Sequence[str] = ()
) -> list[Evidence]:
    """One label per finding, in order; a finding this attempt already has keeps its label. A replay gives the
    `labels` of its record, because what was said then cites these; one that is taken is given anew."""
    if not findings:
        return []
    with db.record() as session:
        # Locked, or two parallel steps would give out the same label.
        lock_run(session, claim.run_id)
        connection, now = session.connection(), now_in(session)
        taken = {row.label: row for row in connection.execute(_OF_RUN, {"run": claim.run_id})}
        mine = [row for row in taken.values() if (row.step_id, row.attempt) == (claim.step_id, claim.attempt)]
        known = {row.digest: _evidence(row) for row in mine}
        used = set(taken)
        fresh = (label for number in count(1) if (label := f"E{number}") not in used)
        new: list[dict[str, Any]] = []
        for position, finding in enumerate(findings):
            if finding.digest in known:
                continue
            wanted = labels[position] if labels else None
            earlier = _of_earlier_attempt(taken, wanted, claim, finding)
            if earlier is not None:
                connection.execute(_TAKE_OVER, {"row": earlier.id, "by": claim.attempt})
                known[finding.digest] = _evidence(earlier)
                continue
            label = next(fresh) if wanted is None or wanted in used else wanted
            used.add(label)
            new.append({**_row(claim, finding, label), "created_at": now})
            known[finding.digest] = Evidence(new[-1]["id"], label, claim.step_id, finding)
        if new:
            connection.execute(_ADD, new)
        return [known[finding.digest] for finding in findings]


def list_evidence(
    db: Database, run_id: str, *, step_id: str | None = None, attempt: int | None = None
) -> list[Evidence]:
    """In the order it was found; only that of one attempt of one step where these are given."""
    query = _OF_RUN if step_id is None else _OF_ATTEMPT
    wanted = {"run": run_id, "step": step_id, "attempt": attempt}
    with db.read() as session:
        return [_evidence(row) for row in session.connection().execute(query, wanted)]


def evidence_in(session: Session, run_id: str) -> list[Evidence]:
    """For a reader that has a transaction already and wants one picture of the run."""
    return [_evidence(row) for row in session.connection().execute(_OF_RUN, {"run": run_id})]


def _of_earlier_attempt(
    taken: Mapping[str, Row[Any]], wanted: str | None, claim: ClaimedStep, finding: Finding
) -> Row[Any] | None:
    """What a replay's attempt that was broken off had found under this label, which is this attempt's now."""
    row = None if wanted is None else taken.get(wanted)
    if row is None or (row.step_id, row.digest) != (claim.step_id, finding.digest):
        return None
    return row


def _row(claim: ClaimedStep, finding: Finding, label: str) -> dict[str, Any]:
    return {
        "id": new_id(),
        "run_id": claim.run_id,
        "step_id": claim.step_id,
        "attempt": claim.attempt,
        "label": label,
        "kind": finding.kind,
        "source": finding.source,
        "locator": finding.locator,
        "text": finding.text,
        "as_of": finding.as_of,
        "details": finding.details,
        "digest": finding.digest,
    }


def _evidence(row: Row[Any]) -> Evidence:
    finding = Finding(row.kind, row.source, row.locator, row.text, row.as_of, row.details)
    return Evidence(row.id, row.label, row.step_id, finding)
