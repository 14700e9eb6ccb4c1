"""A reply in a ticket's thread closes the ticket, opens it again, or is a question like any other."""

import pytest

from bots.service import SlackFrontDoor
from ledger.people import Person, find_principal, sync_people
from ledger.reading import list_runs
from ledger.ticket_changes import change_ticket
from ledger.ticket_follow_up import ask_if_solved, open_follow_ups
from ledger.ticket_views import TicketState, TicketView
from ledger.tickets import TicketRequest, get_ticket, open_ticket
from tests.integration.slack.desk import ASKER, QUESTION, Desk
from tests.stand_ins.slack import Envelope, Message, User

AGENT = "agent@shop.example"


class Thread:
    """A question of the asker's that was answered, and its ticket, which finance has resolved."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        people = desk.workspace.people
        agent = Person(email=AGENT, name="Agent", groups=("everyone", "finance"))
        sync_people(desk.db, people.model_copy(update={"people": (*people.people, agent)}))
        asked = desk.slack.mention(desk.asker, desk.channel, QUESTION)
        desk.slack.wait_for_ack(asked)
        [claim] = desk.answer_all()
        assert asked.message is not None
        self.ts = asked.message.ts
        request = TicketRequest(
            title="Till",
            text="The till is dark.",
            category="hardware",
            priority=2,
            priority_reason="Customers wait.",
            group="finance",
            run_id=claim.run_id,
        )
        open_ticket(desk.db, find_principal(desk.db, ASKER), request, "1")
        self.resolve()

    def resolve(self) -> None:
        change_ticket(self.desk.db, find_principal(self.desk.db, AGENT), 1, TicketState.RESOLVED)

    @property
    def ticket(self) -> TicketView:
        return get_ticket(self.desk.db, find_principal(self.desk.db, ASKER), 1)

    def reply(self, text: str, user: User | None = None) -> Envelope:
        envelope = self.desk.slack.mention(user or self.desk.asker, self.desk.channel, text, self.ts)
        self.desk.slack.wait_for_ack(envelope)
        return envelope

    def hears(self, words: str) -> Message:
        return self.desk.slack.wait_for_message(
            self.desk.channel,
            lambda message: message.from_bot and words in message.text and message.thread_ts == self.ts,
        )

    def heard(self, words: str) -> int:
        return sum(words in message.text for message in self.desk.from_bot(self.desk.channel))


@pytest.fixture
def thread(desk: Desk, door: SlackFrontDoor) -> Thread:
    assert door.failure is None
    return Thread(desk)


def test_whoever_is_asked_and_says_yes_closes_the_ticket(desk: Desk, thread: Thread) -> None:
    thread.hears("Ticket 1 is resolved.")
    [seen] = open_follow_ups(desk.db)[1]
    assert ask_if_solved(desk.db, seen)
    thread.hears("Is ticket 1 solved (Till)?")
    said = thread.reply("yes, thanks!")
    desk.slack.wait_for_ack(desk.slack.redeliver(said))
    thread.hears("Thank you. Ticket 1 is closed.")
    assert thread.ticket.state == "closed"
    assert [event.kind for event in thread.ticket.history] == ["opened", "resolved", "asked", "closed"]
    assert len(list_runs(desk.db)) == 1


@pytest.mark.parametrize("closed", [False, True])
def test_a_denial_opens_it_again_with_what_was_said(desk: Desk, thread: Thread, closed: bool) -> None:
    if closed:
        thread.reply("solved")
    thread.reply("No. It is still dark: still not working.")
    thread.hears("Ticket 1 is open again; the group “finance” has it")
    last = thread.ticket.history[-1]
    assert (last.kind, last.actor, last.text) == (
        "reopened",
        ASKER,
        "No. It is still dark: still not working.",
    )
    assert len(list_runs(desk.db)) == 1


def test_a_denial_that_asks_something_is_also_answered(desk: Desk, thread: Thread) -> None:
    said = thread.reply("Still not working. What is the warranty?")
    desk.slack.wait_for_ack(desk.slack.redeliver(said))
    thread.hears("Ticket 1 is open again")
    assert len(list_runs(desk.db)) == 2
    assert [event.kind for event in thread.ticket.history] == ["opened", "resolved", "reopened"]


@pytest.mark.parametrize("text", ["How do I order a new one?", "No, I meant the other till", "ok"])
def test_anything_else_is_a_question_and_the_ticket_stays(desk: Desk, thread: Thread, text: str) -> None:
    thread.reply(text)
    assert thread.ticket.state == "resolved"
    assert len(list_runs(desk.db)) == 2


def test_a_word_that_comes_again_late_says_nothing_new(desk: Desk, thread: Thread) -> None:
    said = thread.reply("yes")
    thread.reply("no")
    thread.resolve()
    desk.slack.wait_for_ack(desk.slack.redeliver(said))
    assert thread.ticket.state == "resolved"
    assert len(list_runs(desk.db)) == 1


def test_an_open_ticket_and_somebody_elses_are_not_touched(desk: Desk, thread: Thread) -> None:
    people = desk.workspace.people
    known = Person(email="stranger@shop.example", name="Known now", slack=desk.stranger.id)
    agent = Person(email=AGENT, name="Agent", groups=("everyone", "finance"))
    sync_people(desk.db, people.model_copy(update={"people": (*people.people, agent, known)}))
    thread.reply("yes", desk.stranger)
    thread.reply("no", desk.stranger)
    assert thread.ticket.state == "resolved"
    thread.reply("no")
    thread.reply("thanks")
    assert thread.ticket.state == "reopened"
    assert thread.heard("Ticket 1 is closed") == 0


def test_a_long_denial_is_kept_as_far_as_a_note_reaches(desk: Desk, thread: Thread) -> None:
    thread.reply(f"Still not working. {'x' * 9_000}")
    assert thread.ticket.state == "reopened"
    assert len(thread.ticket.history[-1].text or "") == 8_000
    assert len(list_runs(desk.db)) == 1
