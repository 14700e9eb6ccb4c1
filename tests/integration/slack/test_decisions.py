"""Decisions in Slack: brought before those who may take them, taken by a button, and told to be settled."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from bots.answer_card import Card
from bots.delivering import Deliverer
from bots.posting import DeliveryMark, Outcome, SlackPoster
from ledger.cancel import cancel_run
from ledger.decision_views import Decision, list_decisions
from ledger.decisions import decide
from ledger.due import pass_due
from ledger.people import Person, Role, find_principal, sync_people
from ledger.reading import run_state
from ledger.runs import RunRequest, submit_run
from ledger.workflow import WorkflowSpec
from ledger.workflows import publish_workflow
from tests.integration.slack.desk import ASKER, Desk, broken_table, open_door, wait_until
from tests.stand_ins.faults import LoseResponse
from tests.stand_ins.slack import Message, User, api_error, rate_limited

BOSS, DEPUTY = "boss@shop.example", "deputy@shop.example"
APPROVE = {
    "name": "approve",
    "description": "for tests",
    "steps": [
        {
            "key": "approve",
            "kind": "decision",
            "ask": {
                "question": "May the *list* go to <!channel>?",
                "why": "It names prices.",
                "options": ["yes", "not_yet"],
                "by": "role:manager",
                "expires_s": 3600,
                "on_expiry": "not_yet",
            },
        },
        {"key": "end", "kind": "function", "uses": "end", "needs": ["approve"]},
    ],
}


class Shop:
    """The desk with two managers on Slack, and one run that waits for either of them."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.boss, self.deputy = (desk.slack.add_user(email) for email in (BOSS, DEPUTY))
        self.employ(Role.MANAGER)
        publish_workflow(desk.db, WorkflowSpec.model_validate(APPROVE))
        request = RunRequest(workflow="approve", principal=ASKER, question="Q", source="cli", external_id="1")
        self.run_id = submit_run(desk.db, request).run_id

    def employ(self, role: Role) -> None:
        people = self.desk.workspace.people
        more = [
            Person(email=email, name="Manager", slack=user.id, roles=(role,))
            for email, user in ((BOSS, self.boss), (DEPUTY, self.deputy))
        ]
        sync_people(self.desk.db, people.model_copy(update={"people": (*people.people, *more)}))

    @property
    def decision(self) -> Decision:
        [decision] = list_decisions(self.desk.db, run_id=self.run_id)
        return decision

    def told(self, user: User) -> list[Message]:
        return self.desk.from_bot(self.desk.slack.direct_channel(user))

    def asked(self, user: User) -> Message:
        return self.desk.slack.wait_for_message(self.desk.slack.direct_channel(user))

    def wait_for_change(self, user: User, words: str) -> Message:
        wait_until(lambda: words in self.told(user)[0].text)
        return self.told(user)[0]

    def wait_for_reply(self, user: User) -> Message:
        channel = self.desk.slack.direct_channel(user)
        return self.desk.slack.wait_for_message(channel, lambda m: m.from_bot and m.thread_ts is not None)


@pytest.fixture
def shop(desk: Desk) -> Shop:
    return Shop(desk)


@pytest.fixture
def open_shop(shop: Shop) -> Iterator[Shop]:
    with open_door(shop.desk):
        yield shop


def _buttons(message: Message) -> list[dict[str, Any]]:
    return [one for block in message.blocks if block["type"] == "actions" for one in block["elements"]]


def _shown(message: Message) -> str:
    return "\n".join(block["text"]["text"] for block in message.blocks if block["type"] == "section")


def test_those_who_may_decide_are_asked_with_a_button_for_each_option(open_shop: Shop) -> None:
    message = open_shop.asked(open_shop.boss)
    assert [button["text"]["text"] for button in _buttons(message)] == ["yes", "not_yet"]
    assert _shown(message) == "May the *list* go to channel?".replace("channel", "&lt;!channel&gt;")
    assert "It names prices." in message.text
    assert "Asked for by asker@shop.example." in message.text
    assert f"crewdesk decisions decide {open_shop.decision.id[-8:]} CHOICE --as EMAIL" in message.text
    assert open_shop.asked(open_shop.deputy).text == message.text
    assert open_shop.told(open_shop.desk.asker) == []


def test_a_press_decides_and_everybody_who_was_asked_sees_it(open_shop: Shop) -> None:
    boss, deputy = open_shop.asked(open_shop.boss), open_shop.asked(open_shop.deputy)
    open_shop.desk.slack.wait_for_ack(open_shop.desk.slack.click(open_shop.boss, boss, "decide.1"))
    made = open_shop.decision
    assert (made.state, made.choice, made.decided_by) == ("decided", "not_yet", BOSS)
    for user, before in ((open_shop.boss, boss), (open_shop.deputy, deputy)):
        after = open_shop.wait_for_change(user, f"*not_yet*, decided by {BOSS}.")
        assert (after.ts, _buttons(after)) == (before.ts, [])
        assert len(open_shop.told(user)) == 1
    assert run_state(open_shop.desk.db, open_shop.run_id) == "queued"


def test_a_press_that_comes_again_decides_once_and_is_no_mistake(open_shop: Shop) -> None:
    slack = open_shop.desk.slack
    slack.fail("chat.update", rate_limited(3600), times=2)
    press = slack.click(open_shop.boss, open_shop.asked(open_shop.boss), "decide.0")
    slack.wait_for_ack(press)
    slack.wait_for_ack(slack.redeliver(press))
    slack.wait_for_ack(slack.click(open_shop.deputy, open_shop.asked(open_shop.deputy), "decide.1"))
    refusal = open_shop.wait_for_reply(open_shop.deputy)
    assert refusal.text == f"{BOSS} decided this before: yes."
    assert open_shop.decision.choice == "yes"
    assert len(open_shop.told(open_shop.boss)) == 1


def test_whoever_may_no_longer_decide_is_told_so_once(open_shop: Shop) -> None:
    asked = open_shop.asked(open_shop.boss)
    open_shop.employ(Role.EMPLOYEE)
    press = open_shop.desk.slack.click(open_shop.boss, asked, "decide.0")
    for envelope in (press, open_shop.desk.slack.redeliver(press)):
        open_shop.desk.slack.wait_for_ack(envelope)
    refusal = open_shop.wait_for_reply(open_shop.boss)
    assert (refusal.text, refusal.thread_ts) == ("This is for the role manager to decide.", asked.ts)
    stranger = open_shop.desk.slack.click(open_shop.desk.stranger, asked, "decide.0")
    open_shop.desk.slack.wait_for_ack(stranger)
    wait_until(lambda: len(open_shop.told(open_shop.boss)) > 2)
    [_, _, told] = open_shop.told(open_shop.boss)
    assert "nobody has told me who you are" in told.text
    assert open_shop.decision.state == "open"


@pytest.mark.parametrize(
    ("settle", "words"),
    [
        ("cancelled", "Nothing is left to decide: the run has ended."),
        ("expired", "Nobody decided in time, so it went on with *not_yet*."),
        ("elsewhere", f"*yes*, decided by {DEPUTY}."),
    ],
)
def test_a_decision_that_is_settled_elsewhere_loses_its_buttons(
    open_shop: Shop, settle: str, words: str
) -> None:
    open_shop.asked(open_shop.boss)
    db = open_shop.desk.db
    if settle == "cancelled":
        cancel_run(db, open_shop.run_id, ASKER)
    elif settle == "expired":
        open_shop.desk.clock.advance(3601)
        assert pass_due(db) == 1
    else:
        decide(db, open_shop.decision.id, find_principal(db, DEPUTY), "yes")
    assert _buttons(open_shop.wait_for_change(open_shop.boss, words)) == []


def test_a_press_that_cannot_be_kept_is_not_acknowledged(open_shop: Shop) -> None:
    asked, slack = open_shop.asked(open_shop.boss), open_shop.desk.slack
    with capture_logs() as logs, broken_table(open_shop.desk.db, "decisions"):
        press = slack.click(open_shop.boss, asked, "decide.0")
        wait_until(lambda: [entry for entry in logs if entry["event"] == "press_not_kept"])
    assert open_shop.decision.state == "open"
    slack.wait_for_ack(slack.click(open_shop.boss, asked, "decide.1"))
    # The echo of our own message may still be on its way.
    wait_until(lambda: slack.unacknowledged() == (press,))
    assert open_shop.decision.choice == "not_yet"


def _deliver_all(shop: Shop) -> None:
    deliverer = Deliverer(shop.desk.db, SlackPoster(shop.desk.client))
    while deliverer.deliver_next():
        shop.desk.clock.advance(1)
    shop.desk.clock.advance(600)
    assert not deliverer.deliver_next(), "it comes to an end at once"


def test_a_question_whose_response_was_lost_is_found_in_the_direct_messages(shop: Shop) -> None:
    shop.desk.slack.fail("chat.postMessage", LoseResponse(), times=2)
    _deliver_all(shop)
    assert [len(shop.told(user)) for user in (shop.boss, shop.deputy)] == [1, 1]
    decide(shop.desk.db, shop.decision.id, find_principal(shop.desk.db, BOSS), "yes")
    shop.desk.slack.fail("chat.update", LoseResponse())
    _deliver_all(shop)
    for user in (shop.boss, shop.deputy):
        [message] = shop.told(user)
        assert "decided by" in message.text


def test_a_question_whose_buttons_are_refused_names_the_command(shop: Shop) -> None:
    shop.desk.slack.fail("chat.postMessage", api_error("invalid_blocks"))
    _deliver_all(shop)
    plain = [m for user in (shop.boss, shop.deputy) for m in shop.told(user) if m.blocks == ()]
    assert len(plain) == 1
    assert "Choose one of: yes, not_yet. In a terminal: crewdesk decisions decide" in plain[0].text


class _Overtaken(SlackPoster):
    """While it posts, somebody decides elsewhere."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop.desk.client)
        self._shop = shop

    def post(self, place: Mapping[str, str], card: Card, mark: DeliveryMark) -> Outcome:
        db, decision = self._shop.desk.db, self._shop.decision
        if decision.state == "open":
            decide(db, decision.id, find_principal(db, BOSS), "yes")
        return super().post(place, card, mark)


def test_a_question_that_was_under_way_while_it_was_settled_is_changed_after(shop: Shop) -> None:
    deliverer = Deliverer(shop.desk.db, _Overtaken(shop))
    assert deliverer.deliver_next()
    [message] = [message for user in (shop.boss, shop.deputy) for message in shop.told(user)]
    assert len(_buttons(message)) == 2
    assert deliverer.deliver_next()
    assert not deliverer.deliver_next()
    [message] = [message for user in (shop.boss, shop.deputy) for message in shop.told(user)]
    assert "decided by" in message.text
    assert _buttons(message) == []
