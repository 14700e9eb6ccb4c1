"""Who may do what and read which run, on both databases."""

import pytest
from sqlalchemy import select

from ledger.api_keys import create_api_key, principal_for_key, revoke_api_key
from ledger.db import Database
from ledger.errors import InvalidInput, NotFound, NotPermitted, UnknownPrincipal
from ledger.evidence import Finding, record_evidence
from ledger.ids import new_id
from ledger.outgoing import own_domains
from ledger.people import (
    RIGHTS,
    Right,
    Role,
    find_principal,
    find_slack_principal,
    list_principals,
    sync_people,
)
from ledger.progress import read_progress
from ledger.reading import get_run, get_run_for, list_runs, run_state
from ledger.schema import AuditRow, RunRow
from ledger.short_ids import resolve_run_id
from ledger.steps import complete_step
from tests.unit.ledger.world import (
    ANSWER,
    EMPLOYEE,
    ENGINEER,
    GUEST,
    ask,
    claim,
    furnish,
    pass_time,
    people_file,
)

SECRET = b"s" * 32


def _actions(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(AuditRow.action).order_by(AuditRow.seq)))


# people.yaml


def test_syncing_twice_changes_and_records_nothing_more(db: Database) -> None:
    assert sync_people(db, people_file()) == 3
    assert sync_people(db, people_file()) == 0
    assert _actions(db) == ["principal.synced"] * 3
    assert [person.email for person in list_principals(db)] == [EMPLOYEE, ENGINEER, GUEST]


def test_changes_of_groups_roles_and_name_are_taken_over(db: Database) -> None:
    sync_people(db, people_file())
    changed = people_file(employee={"name": "E. Ployee", "groups": ["finance"], "roles": ["manager"]})
    assert sync_people(db, changed) == 1
    employee = find_principal(db, EMPLOYEE)
    assert (employee.name, employee.groups, employee.roles) == (
        "E. Ployee",
        frozenset({"finance"}),
        frozenset({Role.MANAGER}),
    )
    assert sync_people(db, people_file(employee={"groups": []})) == 1
    assert find_principal(db, EMPLOYEE).groups == frozenset()


def test_who_is_removed_is_unknown_until_they_come_back(db: Database) -> None:
    sync_people(db, people_file())
    before = find_principal(db, EMPLOYEE)
    assert sync_people(db, people_file(employee=None)) == 1
    assert sync_people(db, people_file(employee=None)) == 0
    with pytest.raises(UnknownPrincipal, match=EMPLOYEE):
        find_principal(db, EMPLOYEE)
    assert find_slack_principal(db, "U1") is None
    assert EMPLOYEE not in [person.email for person in list_principals(db)]
    assert sync_people(db, people_file()) == 1
    assert find_principal(db, EMPLOYEE) == before
    assert _actions(db)[3:] == ["principal.deactivated", "principal.synced"]


def test_a_slack_id_moves_to_another_person(db: Database) -> None:
    sync_people(db, people_file())
    sync_people(db, people_file(employee={"slack": None}, engineer={"slack": "U1"}))
    moved = find_slack_principal(db, "U1")
    assert moved is not None
    assert moved.email == ENGINEER
    assert find_slack_principal(db, "U2") is None


def test_two_people_swap_their_slack_ids(db: Database) -> None:
    sync_people(db, people_file())
    sync_people(db, people_file(employee={"slack": "U2"}, engineer={"slack": "U1"}))
    assert find_principal(db, EMPLOYEE).slack_id == "U2"
    assert find_principal(db, ENGINEER).slack_id == "U1"


def test_a_newcomer_may_get_the_slack_id_of_somebody_who_left(db: Database) -> None:
    sync_people(db, people_file())
    new = {"email": "new@larkspur.example", "name": "New", "slack": "U1"}
    sync_people(db, people_file(employee=None, new=new))
    found = find_slack_principal(db, "U1")
    assert found is not None
    assert found.email == "new@larkspur.example"


def test_people_are_found_however_their_address_is_typed(db: Database) -> None:
    sync_people(db, people_file(employee={"email": " Employee@Larkspur.EXAMPLE "}))
    assert find_principal(db, "  EMPLOYEE@larkspur.example\n").email == EMPLOYEE
    for stranger in ("", "nobody@larkspur.example", "\x00", "\ud800"):
        with pytest.raises(UnknownPrincipal):
            find_principal(db, stranger)
    assert find_slack_principal(db, "\x00") is None


def test_rights_come_from_roles_alone(db: Database) -> None:
    sync_people(db, people_file(guest={"groups": ["everyone", "finance"]}))
    employee, engineer, guest = (find_principal(db, email) for email in (EMPLOYEE, ENGINEER, GUEST))
    assert {right for right in Right if employee.may(right)} == {Right.ASK}
    assert {right for right in Right if engineer.may(right)} == {Right.ASK, Right.READ_ALL_RUNS}
    assert not any(guest.may(right) for right in Right)
    assert {role for role in Role if Right.RELEASE_DOCUMENTS in RIGHTS[role]} == {Role.STEWARD, Role.ADMIN}
    employee.require(Right.ASK)
    with pytest.raises(NotPermitted, match="right to read all runs"):
        employee.require(Right.READ_ALL_RUNS)


# API keys


def test_a_key_stands_for_its_principal(db: Database) -> None:
    furnish(db)
    key = create_api_key(db, SECRET, " Employee@larkspur.example")
    assert principal_for_key(db, SECRET, key).email == EMPLOYEE
    with pytest.raises(UnknownPrincipal):
        create_api_key(db, SECRET, "nobody@larkspur.example")


def test_whatever_is_wrong_with_a_key_the_sentence_is_the_same(db: Database) -> None:
    furnish(db)
    good, revoked, orphan = (create_api_key(db, SECRET, email) for email in (EMPLOYEE, EMPLOYEE, ENGINEER))
    revoke_api_key(db, revoked.split("_")[1])
    revoke_api_key(db, revoked.split("_")[1])
    sync_people(db, people_file(engineer=None))
    changed = good[:-1] + ("A" if good[-1] != "A" else "B")
    unknown = "cd_" + "0" * 12 + good[15:]
    wrong = [
        "",
        "nonsense",
        good + "x",
        good[:-1],
        f" {good}",
        good + "\n",
        changed,
        unknown,
        revoked,
        orphan,
        "é",
    ]
    sentences = set()
    for presented in wrong:
        with pytest.raises(NotPermitted) as refused:
            principal_for_key(db, SECRET, presented)
        sentences.add(str(refused.value))
    assert sentences == {"This API key is not valid."}
    with pytest.raises(NotPermitted):
        principal_for_key(db, b"another secret", good)
    assert principal_for_key(db, SECRET, good).email == EMPLOYEE


def test_the_database_never_holds_a_key(db: Database) -> None:
    furnish(db)
    key = create_api_key(db, SECRET, EMPLOYEE)
    with db.read() as session:
        rows = session.connection().exec_driver_sql("SELECT * FROM api_keys").all()
        rows += session.connection().exec_driver_sql("SELECT * FROM audit").all()
    assert key.split("_", 2)[2] not in str(rows)


def test_revoking_a_key_that_is_not_there_says_so(db: Database) -> None:
    with pytest.raises(NotFound, match="000000000000"):
        revoke_api_key(db, "000000000000")


# Reading runs


def test_a_run_shows_only_the_evidence_its_claims_cite(db: Database) -> None:
    held = claim(db, ask(furnish(db)).run_id)
    findings = [Finding("passage", f"{n}.md", "top", f"text {n}", "2026-01-01", {"n": n}) for n in range(2)]
    record_evidence(db, held, findings)
    pass_time(db, 2)
    complete_step(db, held, ANSWER)
    run = get_run(db, held.run_id)
    (shown,) = run.evidence
    assert (shown.id, shown.source, shown.text, shown.details) == ("E1", "0.md", "text 0", {"n": 0})
    assert run.timings.total_s is not None
    assert run.timings.total_s >= (run.timings.running_s or 0) >= 0


def test_a_run_is_hidden_from_everybody_who_may_not_see_it(db: Database) -> None:
    furnish(db)
    mine = ask(db, "1").run_id
    theirs = ask(db, "2", principal=ENGINEER).run_id
    employee, engineer = find_principal(db, EMPLOYEE), find_principal(db, ENGINEER)
    assert get_run_for(db, mine, employee).run_id == mine
    assert get_run_for(db, mine, engineer).run_id == mine
    sentences = []
    for hidden in (theirs, new_id()):
        with pytest.raises(NotFound) as refused:
            get_run_for(db, hidden, employee)
        sentences.append(str(refused.value).replace(hidden, "ID"))
    assert sentences[0] == sentences[1]


@pytest.mark.parametrize("given", ["", "no-such-run", "\x00", "\ud800", "x" * 5000])
def test_an_id_of_no_run_is_not_found(db: Database, given: str) -> None:
    for read in (get_run, run_state, read_progress):
        with pytest.raises(NotFound):
            read(db, given)


def test_runs_are_listed_newest_first(db: Database) -> None:
    furnish(db)
    runs = [ask(db, str(number)).run_id for number in range(4)]
    assert [run.run_id for run in list_runs(db, 3)] == runs[:0:-1]
    assert list_runs(db, 1)[0].principal == EMPLOYEE
    assert list_runs(db, 1)[0].total_s is None


def test_a_run_is_found_by_the_end_of_its_id(db: Database) -> None:
    furnish(db)
    run_id = ask(db).run_id
    for given in (run_id, run_id[-8:], f" {run_id[-8:].upper()} "):
        assert resolve_run_id(db, given) == run_id
    for nonsense in ("", "abc", "zzzz", "%%%%", "____", "\x00\x00\x00\x00"):
        with pytest.raises(InvalidInput, match="not a run id"):
            resolve_run_id(db, nonsense)
    with pytest.raises(NotFound):
        resolve_run_id(db, "0000-0000")


def test_an_ending_that_two_runs_share_is_not_guessed(db: Database) -> None:
    furnish(db)
    principal = find_principal(db, EMPLOYEE).id
    with db.write() as session:
        for front in "ab":
            session.add(_bare_run(db, f"{front * 8}-0000-7000-8000-00000000cafe", principal))
    with pytest.raises(InvalidInput, match="More than one run"):
        resolve_run_id(db, "cafe")
    assert resolve_run_id(db, "a-0000-7000-8000-00000000cafe") == "aaaaaaaa-0000-7000-8000-00000000cafe"


def _bare_run(db: Database, run_id: str, principal_id: str) -> RunRow:
    return RunRow(
        id=run_id,
        workflow="ask",
        workflow_version="1",
        principal_id=principal_id,
        source="cli",
        question="?",
        state="queued",
        created_at=db.clock.now(),
    )


def test_a_reader_sees_one_picture_of_a_run(db: Database) -> None:
    """A read that began before a change shows nothing of it, on both databases."""
    furnish(db)
    run_id = ask(db).run_id
    with db.read() as session:
        before = session.scalar(select(RunRow.state).where(RunRow.id == run_id))
        complete_step(db, claim(db, run_id), ANSWER)
        after = session.scalar(select(RunRow.state).where(RunRow.id == run_id))
    assert before == after == "queued"
    assert run_state(db, run_id) == "answered"
    progress = read_progress(db, run_id)
    assert (progress.state, progress.is_open, {step.state for step in progress.steps}) == (
        "answered",
        False,
        {"done"},
    )


def test_own_domains_are_those_of_the_people_who_are_here(db: Database) -> None:
    sister = {"email": "kim@Sister.Example", "name": "Kim"}
    gone = {"email": "somebody@left.example", "name": "Somebody"}
    sync_people(db, people_file(sister=sister, gone=gone))
    sync_people(db, people_file(sister=sister))
    assert own_domains(db) == {"larkspur.example", "sister.example"}
