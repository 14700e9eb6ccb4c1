"""Who may decide: `role:manager`, `group:finance` or `person:EMAIL`, but never whoever asked for the run."""

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from ledger.errors import NotPermitted
from ledger.people import Principal
from ledger.schema import PrincipalGroupRow, PrincipalRoleRow, PrincipalRow


def is_meant(by: str, person: Principal) -> bool:
    kind, _, name = by.partition(":")
    if kind == "role":
        return name in {str(role) for role in person.roles}
    return name in person.groups if kind == "group" else name.lower() == person.email


def require_decider(by: str, requester_id: str, person: Principal) -> None:
    """Raises NotPermitted."""
    if not is_meant(by, person):
        raise NotPermitted(f"This is for {in_words(by)} to decide.")
    if requester_id == person.id:
        raise NotPermitted("You asked for this yourself, so somebody else has to decide it.")


def list_deciders(session: Session, by: str, requester_id: str, limit: int) -> list[PrincipalRow]:
    """The first of those who may, in the order of their addresses."""
    kind, _, name = by.partition(":")
    if kind == "role":
        held = select(PrincipalRoleRow.principal_id).where(PrincipalRoleRow.role_name == name)
        meant: ColumnElement[bool] = PrincipalRow.id.in_(held)
    elif kind == "group":
        member = select(PrincipalGroupRow.principal_id).where(PrincipalGroupRow.group_name == name)
        meant = PrincipalRow.id.in_(member)
    else:
        meant = PrincipalRow.email == name.lower()
    query = select(PrincipalRow).where(meant, PrincipalRow.active, PrincipalRow.id != requester_id)
    return list(session.scalars(query.order_by(PrincipalRow.email).limit(limit)))


def in_words(by: str) -> str:
    kind, _, name = by.partition(":")
    return f"the {kind} {name}"
