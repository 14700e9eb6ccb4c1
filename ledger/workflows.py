"""The workflows on offer: published by whoever can run them, read by whoever takes requests for them."""

import json
from collections.abc import Collection
from functools import lru_cache

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.db import Database, now_in, take_turns
from ledger.errors import UnknownWorkflow
from ledger.schema import WorkflowRow
from ledger.workflow import WorkflowSpec

_CURRENT = select(WorkflowRow.spec).where(
    WorkflowRow.current.is_(True), WorkflowRow.name == bindparam("name")
)
# Every request reads the one it is for.
_WORKFLOWS_REMEMBERED = 100


def publish_workflow(db: Database, spec: WorkflowSpec) -> None:
    """Makes this version the current one; older versions stay for the runs that began with them."""
    with db.write() as session:
        # Several workers publish the same workflows when they start together.
        take_turns(session, "workflows")
        row = session.get(WorkflowRow, (spec.name, spec.version))
        if row is not None and row.current:
            return
        session.execute(update(WorkflowRow).where(WorkflowRow.name == spec.name).values(current=False))
        if row is None:
            row = WorkflowRow(name=spec.name, version=spec.version, spec=spec.model_dump(mode="json"))
            row.published_at = now_in(session)
            session.add(row)
        row.current = True
        append_audit(session, "workspace", "workflow.published", spec.name, {"version": spec.version})


def retire_workflows(db: Database, *, keep: Collection[str]) -> None:
    """No run can begin any more with one that is not to be kept; those that have begun finish."""
    with db.write() as session:
        take_turns(session, "workflows")
        gone = (WorkflowRow.current.is_(True), WorkflowRow.name.not_in(keep))
        retired = update(WorkflowRow).where(*gone).values(current=False).returning(WorkflowRow.name)
        for name in session.scalars(retired).all():
            append_audit(session, "workspace", "workflow.retired", name, {})


def list_workflows(db: Database) -> list[WorkflowSpec]:
    with db.read() as session:
        rows = session.scalars(
            select(WorkflowRow).where(WorkflowRow.current.is_(True)).order_by(WorkflowRow.name)
        )
        return [WorkflowSpec.model_validate(row.spec) for row in rows]


def current_workflow(session: Session, name: str) -> WorkflowSpec:
    """Raises UnknownWorkflow naming those there are."""
    spec = session.scalar(_CURRENT, {"name": name})
    if spec is not None:
        return _read(json.dumps(spec))
    is_current = WorkflowRow.current.is_(True)
    names = session.scalars(select(WorkflowRow.name).where(is_current).order_by(WorkflowRow.name))
    known = ", ".join(names) or "none yet (run `crewdesk ingest` first)"
    raise UnknownWorkflow(f"There is no workflow called '{name}'; there are: {known}.")


@lru_cache(_WORKFLOWS_REMEMBERED)
def _read(spec: str) -> WorkflowSpec:
    return WorkflowSpec.model_validate_json(spec)


def workflow_version(session: Session, name: str, version: str) -> WorkflowSpec:
    """The workflow as it was when a run began with it. Raises UnknownWorkflow."""
    row = session.get(WorkflowRow, (name, version))
    if row is None:
        raise UnknownWorkflow(f"The version {version} of the workflow '{name}' is no longer known.")
    return WorkflowSpec.model_validate(row.spec)
