"""Resolved tickets until it is known that they are, and what their requesters are told, on both databases."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from ledger.audit import verify_audit
from ledger.db import Database
from ledger.errors import NotFound, NotPermitted
from ledger.incidents import gather_incident
from ledger.people import Principal, find_principal, sync_people
from ledger.schema import AuditRow, DeliveryRow
from ledger.steps import complete_step
from ledger.ticket_changes import TicketStateRefused, change_ticket, comment_on_ticket
from ledger.ticket_follow_up import (
    FollowUp,
    ThreadTicket,
    ask_if_solved,
    close_unanswered,
    confirm_ticket,
    open_follow_ups,
    reopen_ticket,
    settle_ticket,
    ticket_of_thread,
)
from ledger.ticket_views import TicketState, TicketView
from ledger.tickets import TicketRequest, get_ticket, open_ticket
from tests.unit.ledger.world import (
    ANSWER,
    EMPLOYEE,
    ENGINEER,
    GUEST,
    SLACK_PLACE,
    ask,
    at_once,
    claim,
    furnish,
    pass_time,
    people_file,
)

THREAD = "C1:1.2"
DESK = "desk@larkspur.example"


@pytest.fixture
def ticket(db: Database) -> int:
    """A ticket of a run that was answered in a thread."""
    furnish(db)
    sync_people(db, people_file(desk={"email": DESK, "name": "Desk", "groups": ["everyone", "finance"]}))
    run_id = ask(db, deliver_to=SLACK_PLACE, thread=THREAD).run_id
    complete_step(db, claim(db, run_id), ANSWER)
    return opened(db, run_id)


def opened(db: Database, run_id: str | None = None, key: str = "1", email: str = EMPLOYEE) -> int:
    request = TicketRequest(
        title="VPN [x](http://evil.example/x)",
        text="It says timeout.",
        category="network",
        priority=2,
        priority_reason="One person cannot work.",
        group="finance",
        run_id=run_id,
    )
    return open_ticket(db, who(db, email), request, key).number


def who(db: Database, email: str) -> Principal:
    return find_principal(db, email)


def resolve(db: Database, number: int, note: str | None = None) -> TicketView:
    return change_ticket(db, who(db, DESK), number, TicketState.RESOLVED, note)


def seen(db: Database) -> FollowUp:
    [one] = open_follow_ups(db)[1]
    return one


def words(db: Database) -> list[str]:
    with db.read() as session:
        rows = session.scalars(select(DeliveryRow).where(DeliveryRow.notice.is_not(None)))
        return [row.notice or "" for row in sorted(rows, key=lambda row: row.created_at)]


def history(db: Database, number: int) -> list[tuple[str, str, str | None]]:
    ticket = get_ticket(db, who(db, DESK), number)
    return [(event.kind, event.state, event.text) for event in ticket.history]


def audited(db: Database, number: int) -> list[str]:
    with db.read() as session:
        query = select(AuditRow.action).where(AuditRow.subject == f"ticket {number}").order_by(AuditRow.seq)
        return list(session.scalars(query))


def test_a_resolved_ticket_is_asked_about_once_however_many_look(db: Database, ticket: int) -> None:
    assert open_follow_ups(db)[1] == []
    resolve(db, ticket, "Restarted it.")
    now, [one] = open_follow_ups(db)
    assert one.asked_at is None
    assert one.resolved_at <= now
    assert at_once(*[lambda: ask_if_solved(db, one)] * 4).count(True) == 1
    assert words(db) == [
        "Ticket 1 is resolved: Restarted it.",
        "Is ticket 1 solved (VPN x (http://evil.example/x))?".replace(
            "http://evil.example/x", "(link left out: evil[.]example)"
        )
        + " Reply yes or no in this thread; in a channel, mention me. Without an answer I close it.",
    ]
    assert seen(db).asked_at is not None
    assert history(db, ticket)[-1] == ("asked", "resolved", None)


def test_without_an_answer_it_is_closed_once(db: Database, ticket: int) -> None:
    resolve(db, ticket)
    assert ask_if_solved(db, seen(db))
    one = seen(db)
    assert at_once(*[lambda: close_unanswered(db, one)] * 4).count(True) == 1
    assert open_follow_ups(db)[1] == []
    assert history(db, ticket)[-1] == ("closed", "closed", "No answer came.")
    assert words(db)[-1] == "Ticket 1 is closed, as no answer came. If it is not solved, say so here."
    assert audited(db, ticket) == ["ticket.opened", "ticket.resolved", "ticket.asked", "ticket.closed"]
    verify_audit(db)


@pytest.mark.parametrize("move", ["confirmed", "reopened", "commented", "resolved anew"])
def test_what_has_moved_since_is_neither_asked_about_nor_closed(db: Database, ticket: int, move: str) -> None:
    resolve(db, ticket)
    unasked = seen(db)
    assert ask_if_solved(db, unasked)
    asked, requester = seen(db), who(db, EMPLOYEE)
    if move == "confirmed":
        confirm_ticket(db, requester, ticket)
    elif move == "commented":
        comment_on_ticket(db, requester, ticket, "It is back.")
    else:
        change_ticket(db, requester, ticket, TicketState.REOPENED)
    if move == "resolved anew":
        pass_time(db, 5)
        resolve(db, ticket)
    before = history(db, ticket)
    assert not ask_if_solved(db, unasked)
    assert not close_unanswered(db, asked)
    assert history(db, ticket) == before
    if move == "resolved anew":
        assert seen(db).asked_at is None
        assert ask_if_solved(db, seen(db))


def test_the_requester_confirms_it_and_nobody_else(db: Database, ticket: int) -> None:
    with pytest.raises(TicketStateRefused, match="is open, so it cannot be closed"):
        confirm_ticket(db, who(db, EMPLOYEE), ticket)
    resolve(db, ticket)
    with pytest.raises(NotPermitted, match="Only whoever asked can confirm that ticket 1 is solved"):
        confirm_ticket(db, who(db, DESK), ticket)
    with pytest.raises(NotFound):
        confirm_ticket(db, who(db, ENGINEER), ticket)
    closed = confirm_ticket(db, who(db, EMPLOYEE), ticket)
    assert confirm_ticket(db, who(db, EMPLOYEE), ticket) == closed
    assert closed.state == "closed"
    assert history(db, ticket)[-1] == ("closed", "closed", "Confirmed.")
    assert words(db) == ["Ticket 1 is resolved.", "Thank you. Ticket 1 is closed."]
    assert audited(db, ticket) == ["ticket.opened", "ticket.resolved", "ticket.closed"]


def test_the_requester_is_told_of_each_change_where_the_request_came_from(db: Database, ticket: int) -> None:
    desk, requester = who(db, DESK), who(db, EMPLOYEE)
    change_ticket(db, desk, ticket, TicketState.WAITING, "Which version?")
    comment_on_ticket(db, requester, ticket, "Version 3.")
    gather_incident(db, "VPN", [ticket])
    resolve(db, ticket, "My key is sk-abcdefghijklmnopqrstuvwx")
    comment_on_ticket(db, requester, ticket, "It is back.")
    resolve(db, ticket)
    change_ticket(db, desk, ticket, TicketState.CLOSED)
    change_ticket(db, requester, ticket, TicketState.REOPENED, "No.")
    assert words(db) == [
        "Ticket 1 waits for your answer: Which version?",
        "Ticket 1 is part of incident 1: VPN.",
        "Ticket 1 is resolved: My key is [masked secret]",
        "Ticket 1 is open again; the group “finance” has it.",
        "Ticket 1 is resolved.",
        "Ticket 1 is closed.",
        "Ticket 1 is open again; the group “finance” has it: No.",
    ]
    with db.read() as session:
        places = {row.target["thread_ts"] for row in session.scalars(select(DeliveryRow))}
    assert places == {"1.2"}


@pytest.mark.usefixtures("ticket")
def test_while_its_run_is_at_work_the_answer_tells_of_it(db: Database) -> None:
    run_id = ask(db, "2", deliver_to=SLACK_PLACE, thread=THREAD).run_id
    number = opened(db, run_id, "2")
    gather_incident(db, "VPN", [number])
    resolve(db, number)
    assert words(db) == []
    complete_step(db, claim(db, run_id), ANSWER)
    change_ticket(db, who(db, DESK), number, TicketState.REOPENED)
    assert words(db) == ["Ticket 2 is open again; the group “finance” has it."]


@pytest.mark.usefixtures("ticket")
def test_a_ticket_that_came_from_no_place_is_followed_up_in_silence(db: Database) -> None:
    number = opened(db, key="2")
    resolve(db, number)
    assert ask_if_solved(db, seen(db))
    assert close_unanswered(db, seen(db))
    assert words(db) == []


def test_a_thread_knows_its_newest_ticket_of_whoever_asked(db: Database, ticket: int) -> None:
    requester = who(db, EMPLOYEE)
    assert ticket_of_thread(db, THREAD, requester) == ThreadTicket(ticket, TicketState.OPEN)
    newer = opened(db, ask(db, "2", thread=THREAD).run_id, "2")
    resolve(db, newer)
    assert ticket_of_thread(db, THREAD, requester) == ThreadTicket(newer, TicketState.RESOLVED)
    assert ticket_of_thread(db, "C1:9.9", requester) is None
    assert ticket_of_thread(db, THREAD, who(db, GUEST)) is None


def test_its_requester_settles_what_is_still_worked_on_and_is_told_elsewhere(
    db: Database, ticket: int
) -> None:
    told = words(db)
    requester = who(db, EMPLOYEE)
    for _ in range(2):
        view = settle_ticket(db, requester, ticket, "thanks, works now")
        assert view.state == TicketState.CLOSED
    kinds = [kind for kind, _state, _text in history(db, ticket)]
    assert (kinds.count("resolved"), kinds.count("closed")) == (1, 1)
    for _ in range(2):
        assert reopen_ticket(db, requester, ticket, "broken again").state == TicketState.REOPENED
    assert words(db) == told
    verify_audit(db)


@pytest.mark.parametrize("change", [settle_ticket, reopen_ticket])
def test_nobody_else_settles_or_reopens_it_so(
    db: Database, ticket: int, change: Callable[[Database, Principal, int, str], TicketView]
) -> None:
    with pytest.raises(NotPermitted):
        change(db, who(db, DESK), ticket, "works now")
    assert get_ticket(db, who(db, DESK), ticket).state == TicketState.OPEN
