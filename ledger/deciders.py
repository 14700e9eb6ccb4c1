"""Who may decide: `role:manager`, `group:finance` or `person:EMAIL`, and nobody who may not read all that is
decided upon. Whoever asked for the run may not, unless it is for them by name to say whether a call that a
model wants to make in it is what they meant; nobody allows a call they would need another right for."""

from sqlalchemy import ColumnElement, Select, select

from ledger.errors import NotPermitted
from ledger.people import Principal, Right
from ledger.schema import DecisionRow, PrincipalGroupRow, PrincipalRoleRow, PrincipalRow, RunRow


def require_decider(row: DecisionRow, run: RunRow, person: Principal) -> None:
    """Raises NotPermitted."""
    kind, _, name = row.by.partition(":")
    meant = {
        "role": name in {str(role) for role in person.roles},
        "group": name in person.groups,
        "person": name.lower() == person.email,
    }
    if not meant[kind]:
        raise NotPermitted(f"This is for {in_words(row.by)} to decide.")
    if run.principal_id == person.id and not (kind == "person" and row.call is not None):
        raise NotPermitted("You asked for this yourself, so somebody else has to decide it.")
    if row.call is not None:
        person.require(Right(row.call["right"]))
    if any(person.groups.isdisjoint(groups) for groups in row.readers or ()):
        raise NotPermitted(
            "This rests on sources you may not read, so somebody else who may decides it; whoever asked can "
            "also ask for less."
        )


def may_decide(row: DecisionRow, run: RunRow, person: Principal) -> bool:
    try:
        require_decider(row, run, person)
    except NotPermitted:
        return False
    return True


def deciders(by: str, run: RunRow, *, with_asker: bool = False) -> Select[PrincipalRow]:
    """Those who are meant, in the order of their addresses; whoever asked for the run only `with_asker`."""
    kind, _, name = by.partition(":")
    if kind == "role":
        held = select(PrincipalRoleRow.principal_id).where(PrincipalRoleRow.role_name == name)
        meant: ColumnElement[bool] = PrincipalRow.id.in_(held)
    elif kind == "group":
        member = select(PrincipalGroupRow.principal_id).where(PrincipalGroupRow.group_name == name)
        meant = PrincipalRow.id.in_(member)
    else:
        meant = PrincipalRow.email == name.lower()
    query = select(PrincipalRow).where(meant, PrincipalRow.active).order_by(PrincipalRow.email)
    return query if with_asker else query.where(PrincipalRow.id != run.principal_id)


def in_words(by: str) -> str:
    kind, _, name = by.partition(":")
    return f"the {kind} {name}"
