"""Taking requests in: one run per external id, whoever sends it however often, on both databases."""

import subprocess
import sys

import pytest
from sqlalchemy import func, select

from ledger.db import Database
from ledger.errors import ExternalIdReused, InvalidInput, NotPermitted, UnknownPrincipal, UnknownWorkflow
from ledger.inbox import refuse_request
from ledger.people import sync_people
from ledger.reading import get_run, get_run_for_delivery
from ledger.runs import Submission, submit_run
from ledger.schema import AuditRow, DeliveryRow, InboxRow, RunRow
from ledger.spans import list_spans
from ledger.steps import ClaimedStep
from ledger.workflows import list_workflows, publish_workflow
from tests.unit.ledger.world import (
    ASK,
    DIAMOND,
    GUEST,
    SLACK_PLACE,
    ask,
    at_once,
    claim,
    dispatch_row,
    furnish,
    people_file,
    request,
    step_row,
    workflow,
)


def _count(db: Database, row: type) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(row)) or 0


def test_ten_equal_requests_at_once_make_one_run(db: Database) -> None:
    furnish(db)
    results = at_once(*[lambda: ask(db, "same")] * 10)
    assert all(isinstance(result, Submission) for result in results), results
    assert len({result.run_id for result in results}) == 1
    assert [result.created for result in results].count(True) == 1
    assert _count(db, RunRow) == _count(db, InboxRow) == 1


def test_equal_requests_from_several_processes_make_one_run(sqlite_db: Database) -> None:
    furnish(sqlite_db)
    script = (
        "import sys; from ledger.db import Database; from tests.unit.ledger.world import ask, at_once\n"
        "db = Database(sys.argv[1]); print(*{at.run_id for at in at_once(*[lambda: ask(db, 'same')] * 4)})"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, sqlite_db.url], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    outputs = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert len(outputs) == 1
    assert outputs == {get_run(sqlite_db, outputs.copy().pop()).run_id}
    assert _count(sqlite_db, RunRow) == 1


def test_the_same_id_with_another_question_is_refused(db: Database) -> None:
    furnish(db)
    ask(db, "1", question="How do I reset my password?")
    with pytest.raises(ExternalIdReused, match="'1' was used before"):
        ask(db, "1", question="How do I order a badge?")
    assert _count(db, RunRow) == 1


def test_the_same_id_from_another_source_is_another_request(db: Database) -> None:
    furnish(db)
    assert ask(db, "1", source="api").run_id != ask(db, "1", source="slack").run_id


def test_the_order_of_the_audience_does_not_make_another_request(db: Database) -> None:
    furnish(db)
    first = ask(db, "1", audience_groups=("everyone", "finance"))
    assert ask(db, "1", audience_groups=("finance", "everyone", "finance")) == Submission(first.run_id, False)


def test_where_the_answer_goes_does_not_make_another_request(db: Database) -> None:
    furnish(db)
    first = ask(db, "1", deliver_to=SLACK_PLACE)
    assert ask(db, "1", deliver_to=None) == Submission(first.run_id, False)


def test_a_new_run_is_queued_and_its_first_steps_are_rung_for(db: Database) -> None:
    furnish(db)
    run_id = ask(db, workflow="diamond", question="  Why?  ", thread="t1").run_id
    run = get_run_for_delivery(db, run_id)
    assert (run.state, run.is_open, run.outcome, run.question) == ("queued", True, None, "Why?")
    assert [step.key for step in run.timings.steps] == ["start", "left", "right", "join"]
    assert [step.state for step in run.timings.steps] == ["ready", "blocked", "blocked", "blocked"]
    assert dispatch_row(db, run_id, "start") is not None
    assert dispatch_row(db, run_id, "left") is None
    root = list_spans(db, run_id)[0]
    assert (root.kind, root.state, root.attributes["session_id"]) == ("run", "open", "t1")


def test_a_claim_carries_what_the_step_needs_to_know(db: Database) -> None:
    furnish(db)
    run_id = ask(db, audience_groups=("finance", "everyone"), thread="t1").run_id
    claimed = claim(db, run_id)
    assert isinstance(claimed, ClaimedStep)
    assert (claimed.question, claimed.thread) == ("How do I reset my password?", "t1")
    assert claimed.audience_groups == {"finance", "everyone"}
    assert claimed.principal.groups == {"everyone"}
    alone = ask(db, "2")
    assert claim(db, alone.run_id).audience_groups is None


def test_an_empty_audience_is_not_the_principal_alone(db: Database) -> None:
    furnish(db)
    assert claim(db, ask(db, audience_groups=()).run_id).audience_groups == frozenset()


def test_an_address_may_be_typed_in_capitals(db: Database) -> None:
    furnish(db)
    assert get_run(db, ask(db, principal=" Employee@Larkspur.Example").run_id).principal == (
        "employee@larkspur.example"
    )


@pytest.mark.parametrize(
    ("changes", "error", "sentence"),
    [
        ({"principal": "nobody@larkspur.example"}, UnknownPrincipal, "nobody@larkspur.example"),
        ({"principal": ""}, UnknownPrincipal, "people.yaml"),
        ({"principal": "\x00\ud800"}, UnknownPrincipal, "people.yaml"),
        ({"principal": GUEST}, NotPermitted, "right to ask"),
        ({"workflow": "\x00\ud800"}, UnknownWorkflow, "there are: ask, diamond, pair"),
        ({"workflow": "nonsense"}, UnknownWorkflow, "there are: ask, diamond, pair"),
        ({"question": " \n"}, InvalidInput, "empty"),
    ],
)
def test_a_request_that_cannot_be_a_run_leaves_nothing_behind(
    db: Database, changes: dict[str, str], error: type[Exception], sentence: str
) -> None:
    furnish(db)
    before = _count(db, AuditRow)
    with pytest.raises(error, match=sentence):
        submit_run(db, request().model_copy(update=changes))
    assert (_count(db, RunRow), _count(db, InboxRow), _count(db, AuditRow)) == (0, 0, before)
    assert ask(db).created


def test_characters_no_database_can_hold_do_not_stop_a_request(db: Database) -> None:
    furnish(db)
    assert get_run(db, ask(db, "a\x00b", thread="t\x00").run_id).thread == "t\ufffd"


def test_a_refused_request_is_kept_once_and_its_sender_is_owed_the_reason(db: Database) -> None:
    furnish(db)
    assert refuse_request(db, "slack", "E1", "You are not in people.yaml.", SLACK_PLACE)
    assert not refuse_request(db, "slack", "E1", "You are not in people.yaml.", SLACK_PLACE)
    with db.read() as session:
        delivery = session.scalars(select(DeliveryRow)).one()
        refusals = session.scalars(select(AuditRow).where(AuditRow.action == "request.refused")).all()
    assert (delivery.notice, delivery.run_id, delivery.target) == (
        "You are not in people.yaml.",
        None,
        SLACK_PLACE.place,
    )
    assert len(refusals) == 1
    with pytest.raises(ExternalIdReused):
        ask(db, "E1", source="slack")


def test_a_run_keeps_the_workflow_it_began_with(db: Database) -> None:
    furnish(db)
    old = ask(db, "1").run_id
    newer = workflow("ask", look=[], answer=["look"])
    publish_workflow(db, newer)
    publish_workflow(db, newer)
    new = ask(db, "2").run_id
    assert [step.key for step in get_run(db, old).timings.steps] == ["answer"]
    assert [step.key for step in get_run(db, new).timings.steps] == ["look", "answer"]
    assert [spec.version for spec in list_workflows(db) if spec.name == "ask"] == [newer.version]
    publish_workflow(db, ASK)
    assert [spec.version for spec in list_workflows(db) if spec.name == "ask"] == [ASK.version]


def test_workers_that_start_together_publish_and_sync_the_same_things(db: Database) -> None:
    results = at_once(
        *[lambda: publish_workflow(db, DIAMOND)] * 4, *[lambda: sync_people(db, people_file())] * 4
    )
    assert not [result for result in results if isinstance(result, BaseException)], results
    assert sorted(result for result in results if result is not None) == [0, 0, 0, 3]
    with db.read() as session:
        published = select(AuditRow).where(AuditRow.action == "workflow.published")
        assert len(session.scalars(published).all()) == 1


def test_without_any_workflow_the_sentence_says_how_to_get_one(db: Database) -> None:
    sync_people(db, people_file())
    with pytest.raises(UnknownWorkflow, match="crewdesk ingest"):
        ask(db)


def test_eight_threads_of_a_hundred_requests_never_find_the_database_locked(sqlite_db: Database) -> None:
    furnish(sqlite_db)
    # Writers of one process take turns before they reach SQLite; those of another process do not.
    doors = [Database(sqlite_db.url) for _ in range(4)]

    def submit_many(sender: int) -> int:
        return sum(ask(doors[sender % 4], f"{sender}-{number}").created for number in range(100))

    results = at_once(*[lambda sender=sender: submit_many(sender) for sender in range(8)])
    for door in doors:
        door.close()
    assert results == [100] * 8
    assert step_row(sqlite_db, ask(sqlite_db, "7-99").run_id, "answer").state == "ready"
