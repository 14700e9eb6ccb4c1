"""The fake Slack's Socket Mode, with Bolt and slack_sdk's built-in WebSocket client at the other end."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_bolt import Ack, App, Respond, Say
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.stand_ins.journal import Journal
from tests.stand_ins.slack import Channel, FakeSlack, User

BUTTON = {
    "type": "actions",
    "block_id": "decision",
    "elements": [
        {
            "type": "button",
            "action_id": "approve",
            "value": "d-1",
            "text": {"type": "plain_text", "text": "Approve"},
        }
    ],
}
MODAL = {
    "type": "modal",
    "callback_id": "reason",
    "title": {"type": "plain_text", "text": "Why?"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        }
    ],
}


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as running:
        yield running


@pytest.fixture
def employee(slack: FakeSlack) -> User:
    return slack.add_user("employee@larkspur.example")


@pytest.fixture
def channel(slack: FakeSlack, employee: User) -> Channel:
    return slack.add_channel("help-desk", [employee])


@pytest.fixture
def seen() -> Journal[dict[str, Any]]:
    """Every payload the app was given, ours and the retries."""
    return Journal()


Connect = Callable[[], SocketModeHandler]


@pytest.fixture
def connect(slack: FakeSlack, seen: Journal[dict[str, Any]]) -> Iterator[Connect]:
    app = App(client=WebClient(token=slack.bot_token, base_url=slack.api_url), process_before_response=True)

    @app.middleware
    def keep(body: dict[str, Any], next: Callable[[], Any]) -> Any:
        seen.append(body)
        return next()

    @app.event("app_mention")
    def answer(event: dict[str, Any], say: Say) -> None:
        say(text="cited answer", thread_ts=event["ts"])

    @app.event("message")
    def reply(event: dict[str, Any], say: Say) -> None:
        if "bot_id" not in event:
            say("direct answer")

    @app.command("/crewdesk")
    def command(ack: Ack, respond: Respond) -> None:
        ack("on it")
        respond("done")

    @app.action("approve")
    def approve(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @app.view("reason")
    def submitted(ack: Ack) -> None:
        ack(response_action="errors", errors={"why": "too short"})

    handlers: list[SocketModeHandler] = []

    def start() -> SocketModeHandler:
        handler = SocketModeHandler(app, slack.app_token, ping_interval=0.1)
        handlers.append(handler)
        handler.connect()  # type: ignore[no-untyped-call]
        return handler

    yield start
    slack.hang_up(*(handler.client for handler in handlers))


def test_a_mention_is_acknowledged_and_answered_in_its_thread(
    slack: FakeSlack, employee: User, channel: Channel, connect: Connect
) -> None:
    connect()
    slack.wait_for_connection()
    envelope = slack.mention(employee, channel, "where is my badge?")
    assert slack.wait_for_ack(envelope).payload is None
    assert envelope.message is not None
    reply = slack.wait_for_message(channel)
    assert (reply.text, reply.thread_ts) == ("cited answer", envelope.message.ts)


def test_an_event_waits_for_the_first_client(
    slack: FakeSlack, employee: User, channel: Channel, connect: Connect
) -> None:
    envelope = slack.mention(employee, channel, "anybody there?")
    assert len(slack.deliveries) == 0
    connect()
    slack.wait_for_ack(envelope)


def test_a_direct_message_comes_as_message_im_and_the_bot_s_own_reply_comes_back(
    slack: FakeSlack, employee: User, connect: Connect, seen: Journal[dict[str, Any]]
) -> None:
    connect()
    slack.direct_message(employee, "hello")
    own = slack.deliveries.wait_for(2)[1].envelope
    assert (own.payload["event"]["text"], own.payload["event"]["user"]) == (
        "direct answer",
        slack.bot_user_id,
    )
    # Bolt drops its own messages before any listener, and still acknowledges them.
    slack.wait_for_ack(own)
    assert len(seen) == 1
    theirs = seen[0]["event"]
    assert (theirs["type"], theirs["channel_type"], theirs["user"]) == ("message", "im", employee.id)
    assert len(slack.messages(slack.direct_channel(employee))) == 2


def test_a_redelivery_has_the_same_event_and_the_next_attempt(
    slack: FakeSlack, employee: User, channel: Channel, connect: Connect, seen: Journal[dict[str, Any]]
) -> None:
    connect()
    envelope = slack.mention(employee, channel, "twice")
    again = slack.redeliver(envelope)
    slack.wait_for_ack(again)
    assert (again.retry_attempt, again.retry_reason) == (1, "timeout")
    assert {body["event_id"] for body in seen} == {envelope.payload["event_id"]}
    as_message = slack.also_as_message(envelope)
    assert as_message.payload["event"]["ts"] == envelope.payload["event"]["ts"]
    assert as_message.payload["event_id"] != envelope.payload["event_id"]


def test_a_command_is_acknowledged_with_a_payload_and_answered_by_its_response_url(
    slack: FakeSlack, employee: User, channel: Channel, connect: Connect
) -> None:
    connect()
    envelope = slack.command(employee, channel, "/crewdesk", "status")
    assert slack.wait_for_ack(envelope).payload == {"text": "on it"}
    assert slack.responses.wait_for(1)[0].body == {"text": "done"}
    assert slack.responses[0].url == envelope.payload["response_url"]


def test_a_click_opens_a_view_and_the_view_is_submitted(
    slack: FakeSlack, employee: User, channel: Channel, connect: Connect, seen: Journal[dict[str, Any]]
) -> None:
    handler = connect()
    handler.app.client.chat_postMessage(channel=channel.id, text="decide", blocks=[BUTTON])
    card = slack.wait_for_message(channel)
    with pytest.raises(LookupError, match="deny"):
        slack.click(employee, card, "deny")
    slack.wait_for_ack(slack.click(employee, card, "approve"))
    assert seen[0]["actions"][0]["value"] == "d-1"
    shown = slack.views.wait_for(1)[0]
    spent = seen[0]["trigger_id"]
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        handler.app.client.views_open(trigger_id=spent, view=MODAL)
    assert shown.user == employee.id
    submission = slack.submit_view(employee, shown.view["id"], {"why": {"text": {"value": "so"}}})
    errors = {"response_action": "errors", "errors": {"why": "too short"}}
    assert slack.wait_for_ack(submission).payload == errors


def test_a_client_asked_to_refresh_connects_anew(
    slack: FakeSlack, employee: User, channel: Channel, connect: Connect
) -> None:
    connect()
    slack.wait_for_connection()
    slack.disconnect()
    slack.wait_for_connection(opened=2)
    slack.wait_for_ack(slack.mention(employee, channel, "still there?"))
    assert slack.deliveries[0].connection == 2


def test_a_cut_connection_is_replaced_by_the_client(
    slack: FakeSlack, employee: User, channel: Channel, connect: Connect
) -> None:
    connect()
    slack.wait_for_connection()
    slack.cut()
    slack.wait_for_connection(opened=2)
    slack.wait_for_ack(slack.mention(employee, channel, "still there?"))


def test_a_stalled_connection_loses_what_it_is_given_until_the_client_notices(
    slack: FakeSlack, employee: User, channel: Channel, connect: Connect
) -> None:
    connect()
    slack.wait_for_ack(slack.mention(employee, channel, "before"))
    slack.stall()
    lost = slack.mention(employee, channel, "into the void")
    assert slack.unacknowledged() == (lost,)
    # No pong comes back, so slack_sdk gives the connection up and opens another.
    slack.wait_for_connection(opened=2)
    slack.wait_for_ack(slack.redeliver(lost))
    assert lost.id not in {ack.envelope_id for ack in slack.acks}


def test_clients_take_turns_and_come_back_after_down_time(
    slack: FakeSlack, employee: User, channel: Channel, connect: Connect
) -> None:
    connect()
    connect()
    slack.wait_for_connection(opened=2)
    for envelope in [slack.mention(employee, channel, str(number)) for number in range(4)]:
        slack.wait_for_ack(envelope)
    assert sorted(ack.connection for ack in slack.acks) == [1, 1, 2, 2]
    with slack.server.down():
        assert slack.socket.connected == 0
    slack.wait_for_connection(opened=4)


def test_waiting_in_vain_tells_what_is_there(slack: FakeSlack, employee: User, channel: Channel) -> None:
    slack.mention(employee, channel, "hello?")
    with pytest.raises(TimeoutError, match=r"connected: 0, delivered: 0.*hello\?"):
        slack.wait_for_message(channel, timeout_s=0.05)
