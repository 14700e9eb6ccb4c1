"""Who may do what: principals, their groups (what they may read) and roles (what they may do).

Rights are computed here from rows that `people.yaml` fills; nothing a model says can add one.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self, cast

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from sqlalchemy import Table, bindparam, delete, literal, select
from sqlalchemy.orm import Session

from ledger.audit import append_audit
from ledger.db import Database, take_turns
from ledger.errors import NotPermitted, UnknownPrincipal
from ledger.ids import new_id
from ledger.schema import PrincipalGroupRow, PrincipalRoleRow, PrincipalRow
from ledger.yaml_file import load_yaml

# Groups and roles in one look: it is taken for every request and every step.
_HELD = (
    select(literal("group"), PrincipalGroupRow.group_name)
    .where(PrincipalGroupRow.principal_id == bindparam("principal"))
    .union_all(
        select(literal("role"), PrincipalRoleRow.role_name).where(
            PrincipalRoleRow.principal_id == bindparam("principal")
        )
    )
)
_PEOPLE = cast(Table, PrincipalRow.__table__).c
_ACTIVE = select(_PEOPLE.id, _PEOPLE.email, _PEOPLE.name, _PEOPLE.slack_id).where(_PEOPLE.active.is_(True))
_BY_EMAIL = _ACTIVE.where(_PEOPLE.email == bindparam("email"))
_BY_ID = _ACTIVE.where(_PEOPLE.id == bindparam("principal"))

EVERYONE = "everyone"
# Not a group anybody is in: it stands for whoever may read what is classified as public, strangers too.
PUBLIC = "public"


def readers_of(allowed_groups: tuple[str, ...], classification: str) -> tuple[str, ...]:
    """The groups that may read a document: of a public one that is for everyone here, strangers too."""
    if classification == PUBLIC and EVERYONE in allowed_groups:
        return (*allowed_groups, PUBLIC)
    return allowed_groups


class Right(StrEnum):
    ASK = "ask"
    READ_ALL_RUNS = "read_all_runs"
    RELEASE_DOCUMENTS = "release_documents"
    READ_ALL_TICKETS = "read_all_tickets"
    MANAGE = "manage"


class Role(StrEnum):
    EMPLOYEE = "employee"
    MANAGER = "manager"
    STEWARD = "steward"
    ENGINEER = "engineer"
    ADMIN = "admin"


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.EMPLOYEE: frozenset({Right.ASK}),
    Role.MANAGER: frozenset({Right.ASK}),
    Role.STEWARD: frozenset({Right.ASK, Right.RELEASE_DOCUMENTS, Right.READ_ALL_TICKETS}),
    Role.ENGINEER: frozenset({Right.ASK, Right.READ_ALL_RUNS}),
    Role.ADMIN: frozenset(Right),
}

Email = Annotated[
    str, StringConstraints(pattern=r"^[^\s@]+@[^\s@]+$", to_lower=True, strip_whitespace=True, max_length=255)
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class Person(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    email: Email
    name: Name
    slack: Name | None = None
    groups: tuple[Name, ...] = (EVERYONE,)
    roles: tuple[Role, ...] = (Role.EMPLOYEE,)


class PeopleFile(BaseModel):
    """The shape of `people.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    groups: dict[Name, str]
    roles: dict[Role, str] = Field(default_factory=dict)
    people: tuple[Person, ...]

    @model_validator(mode="after")
    def _check(self) -> Self:
        for field in ("email", "slack"):
            values = [getattr(person, field) for person in self.people if getattr(person, field)]
            for value in values:
                if values.count(value) > 1:
                    raise ValueError(f"{field} {value} is given to two people")
        if PUBLIC in self.groups:
            raise ValueError(
                f"the group '{PUBLIC}' cannot be declared; a document is opened to everybody by "
                "`classification: public`"
            )
        for person in self.people:
            for group in person.groups:
                if group not in self.groups:
                    raise ValueError(
                        f"{person.email} is in the group '{group}', which is not declared under groups"
                    )
        return self


@dataclass(frozen=True, slots=True)
class Principal:
    id: str
    email: str
    name: str
    slack_id: str | None
    groups: frozenset[str]
    roles: frozenset[Role]

    def may(self, right: Right) -> bool:
        return any(right in RIGHTS[role] for role in self.roles)

    def require(self, right: Right) -> None:
        """Raises NotPermitted."""
        if not self.may(right):
            raise NotPermitted(f"{self.email} does not have the right to {right.replace('_', ' ')}.")


def load_people(path: Path) -> PeopleFile:
    """Raises WorkspaceInvalid."""
    return load_yaml(path, PeopleFile)


def sync_people(db: Database, people: PeopleFile) -> int:
    """Makes the principals' rows say what the file says; who is no longer in it becomes inactive. Returns
    how many principals changed."""
    with db.write() as session:
        take_turns(session, "people")
        known = {row.email: row for row in session.scalars(select(PrincipalRow))}
        # Freed first: a Slack id may move from one person to another within one file.
        moved = {person.slack for person in people.people if person.slack}
        for row in known.values():
            if row.slack_id in moved:
                keeper = next(person for person in people.people if person.slack == row.slack_id)
                row.slack_id = row.slack_id if keeper.email == row.email else None
        session.flush()
        changed = [
            person for person in people.people if _sync_person(session, known.get(person.email), person)
        ]
        listed = {person.email for person in people.people}
        gone = sorted(email for email, row in known.items() if row.active and email not in listed)
        for email in gone:
            known[email].active = False
        # Last: whoever holds the audit chain must not still wait for a principal's row.
        _record_changes(session, changed, gone)
        return len(changed) + len(gone)


def find_principal(db: Database, email: str) -> Principal:
    """Raises UnknownPrincipal."""
    with db.read() as session:
        return principal_by(session, email=email)


def find_slack_principal(db: Database, slack_id: str) -> Principal | None:
    with db.read() as session:
        row = session.scalar(
            select(PrincipalRow).where(PrincipalRow.slack_id == slack_id, PrincipalRow.active.is_(True))
        )
        return _principal(session, row) if row else None


def principal_by(session: Session, *, email: str | None = None, principal_id: str | None = None) -> Principal:
    """Raises UnknownPrincipal; somebody who is no longer in people.yaml is unknown."""
    connection = session.connection()
    if email is not None:
        row = connection.execute(_BY_EMAIL, {"email": email.strip().lower()}).one_or_none()
    else:
        row = connection.execute(_BY_ID, {"principal": principal_id}).one_or_none()
    if row is None:
        raise UnknownPrincipal(
            f"Nobody called {email or principal_id or '(nothing)'} is in this workspace's people.yaml."
        )
    return _principal(session, cast(PrincipalRow, row))


def list_principals(db: Database) -> list[Principal]:
    with db.read() as session:
        rows = session.scalars(
            select(PrincipalRow).where(PrincipalRow.active.is_(True)).order_by(PrincipalRow.email)
        )
        return [_principal(session, row) for row in rows]


def _sync_person(session: Session, row: PrincipalRow | None, person: Person) -> bool:
    before = (_principal(session, row), row.active) if row else None
    if row is None:
        row = PrincipalRow(id=new_id(), email=person.email, name=person.name, active=True)
        session.add(row)
        session.flush()
    row.name, row.slack_id, row.active = person.name, person.slack, True
    session.execute(delete(PrincipalGroupRow).where(PrincipalGroupRow.principal_id == row.id))
    session.execute(delete(PrincipalRoleRow).where(PrincipalRoleRow.principal_id == row.id))
    for group in sorted(set(person.groups)):
        session.add(PrincipalGroupRow(principal_id=row.id, group_name=group))
    for role in sorted(set(person.roles)):
        session.add(PrincipalRoleRow(principal_id=row.id, role_name=role))
    session.flush()
    return before != (_principal(session, row), True)


def _record_changes(session: Session, changed: list[Person], gone: list[str]) -> None:
    session.flush()
    for person in changed:
        groups, roles = sorted(set(person.groups)), sorted(set(person.roles))
        detail = {"groups": groups, "roles": roles, "slack": person.slack}
        append_audit(session, "workspace", "principal.synced", person.email, detail)
    for email in gone:
        append_audit(session, "workspace", "principal.deactivated", email, {})


def _principal(session: Session, row: PrincipalRow) -> Principal:
    held = session.connection().execute(_HELD, {"principal": row.id}).all()
    groups = [name for what, name in held if what == "group"]
    roles = [name for what, name in held if what == "role"]
    return Principal(
        id=row.id,
        email=row.email,
        name=row.name,
        slack_id=row.slack_id,
        groups=frozenset(groups),
        roles=frozenset(Role(role) for role in roles),
    )
