"""The fake Slack's Web API, called by slack_sdk's own client."""

import http.client
import threading
import urllib.error
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.stand_ins.faults import HoldAfter, HttpStatus, LoseResponse, ResetBefore, Slow
from tests.stand_ins.journal import Latch
from tests.stand_ins.slack import Channel, FakeSlack, User, api_error, rate_limited

LOST_CONNECTION = (ConnectionError, urllib.error.URLError, http.client.HTTPException)
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "Your badge opens the *north* door."}}


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
def client(slack: FakeSlack) -> WebClient:
    # No retry handlers: a test wants to see the first failure.
    return WebClient(token=slack.bot_token, base_url=slack.api_url, timeout=5, retry_handlers=[])


def refused_with(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return str(caught.value.response["error"])


def test_auth_test_names_the_bot_and_a_wrong_token_is_refused(slack: FakeSlack, client: WebClient) -> None:
    assert client.auth_test()["user_id"] == slack.bot_user_id
    stranger = WebClient(token="xoxb-other", base_url=slack.api_url)
    assert refused_with(stranger.auth_test) == "invalid_auth"
    assert refused_with(WebClient(base_url=slack.api_url).auth_test) == "not_authed"
    assert refused_with(client.apps_connections_open, app_token=slack.bot_token) == "not_allowed_token_type"
    assert refused_with(client.api_call, api_method="chat.shout") == "unknown_method"


def test_a_posted_message_is_stored_with_all_it_came_with(
    slack: FakeSlack, client: WebClient, employee: User, channel: Channel
) -> None:
    root = slack.mention(employee, channel, "which door?").message
    assert root is not None
    metadata = {"event_type": "crewdesk_reply", "event_payload": {"reply_id": "r-1"}}
    posted = client.chat_postMessage(
        channel=channel.id,
        text="north",
        blocks=[SECTION],
        thread_ts=root.ts,
        metadata=metadata,
        unfurl_links=False,
    )
    reply = slack.wait_for_message(channel)
    assert (reply.ts, reply.thread_ts, reply.text) == (posted["ts"], root.ts, "north")
    assert (list(reply.blocks), reply.metadata) == ([SECTION], metadata)
    assert slack.calls[-1].arguments["unfurl_links"] is False
    assert reply.ts > root.ts
    below_a_reply = {"channel": channel.id, "text": "x", "thread_ts": reply.ts}
    assert refused_with(client.chat_postMessage, **below_a_reply) == "thread_not_found"


def test_a_thread_is_read_back_in_order_with_metadata_on_request(
    slack: FakeSlack, client: WebClient, employee: User, channel: Channel
) -> None:
    root = slack.mention(employee, channel, "which door?").message
    assert root is not None
    metadata = {"event_type": "crewdesk_reply", "event_payload": {"reply_id": "r-1"}}
    for text in ("one", "two"):
        client.chat_postMessage(channel=channel.id, text=text, thread_ts=root.ts, metadata=metadata)
    plain = client.conversations_replies(channel=channel.id, ts=root.ts)
    assert [message["text"] for message in plain["messages"]] == [root.text, "one", "two"]
    assert (plain["messages"][0]["reply_count"], "metadata" in plain["messages"][1]) == (2, False)
    full = client.conversations_replies(channel=channel.id, ts=root.ts, include_all_metadata=True)
    assert full["messages"][2]["metadata"] == metadata
    pages = client.conversations_replies(channel=channel.id, ts=root.ts, limit=1)
    assert [page["messages"][0]["text"] for page in pages] == [root.text, "one", "two"]
    after_one = client.conversations_replies(channel=channel.id, ts=root.ts, oldest=full["messages"][1]["ts"])
    assert [message["text"] for message in after_one["messages"]] == [root.text, "two"]
    assert [m["text"] for m in client.conversations_history(channel=channel.id)["messages"]] == [root.text]


def test_an_update_changes_our_message_and_nobody_else_s(
    slack: FakeSlack, client: WebClient, employee: User, channel: Channel
) -> None:
    posted = client.chat_postMessage(channel=channel.id, text="draft")
    client.chat_update(channel=channel.id, ts=posted["ts"], text="final")
    assert [message.text for message in slack.messages(channel)] == ["final"]
    theirs = slack.mention(employee, channel, "mine").message
    assert theirs is not None
    assert (
        refused_with(client.chat_update, channel=channel.id, ts=theirs.ts, text="x") == "cant_update_message"
    )
    assert refused_with(client.chat_update, channel=channel.id, ts="1.1", text="x") == "message_not_found"


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        ("channel_not_found", {"channel": "C99", "text": "x"}),
        ("no_text", {"text": None}),
        ("msg_too_long", {"text": "x" * 40_001}),
        ("invalid_blocks", {"text": "x", "blocks": [{"type": "divider"}] * 51}),
        (
            "invalid_blocks",
            {"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]},
        ),
        ("invalid_blocks", {"text": "x", "blocks": [{"type": "section"}]}),
        ("invalid_blocks", {"text": "x", "blocks": [{"type": "marquee"}]}),
        ("invalid_blocks", {"text": "x", "blocks": [{"type": "actions", "elements": []}]}),
        ("invalid_metadata_format", {"text": "x", "metadata": {"event_type": "t"}}),
        ("invalid_metadata_schema", {"text": "x", "metadata": {"event_type": "t", "event_payload": "p"}}),
        ("thread_not_found", {"text": "x", "thread_ts": "1.000001"}),
    ],
)
def test_what_slack_would_refuse_is_refused_and_not_stored(
    slack: FakeSlack, client: WebClient, channel: Channel, error: str, arguments: dict[str, Any]
) -> None:
    # By api_call: the SDK's own method warns of some of these before they leave.
    call = {"channel": channel.id, **arguments}
    assert refused_with(client.api_call, api_method="chat.postMessage", json=call) == error
    assert slack.messages(channel) == ()


def test_a_channel_the_bot_may_not_write_to(slack: FakeSlack, client: WebClient, channel: Channel) -> None:
    foreign = slack.add_channel("elsewhere", bot_is_member=False)
    secret = slack.add_channel("board", kind="private", bot_is_member=False)
    slack.archive(channel)
    errors = [
        refused_with(client.chat_postMessage, channel=c.id, text="x") for c in (foreign, secret, channel)
    ]
    assert errors == ["not_in_channel", "channel_not_found", "is_archived"]


def test_people_and_conversations_are_looked_up(
    slack: FakeSlack, client: WebClient, employee: User, channel: Channel
) -> None:
    assert client.users_info(user=employee.id)["user"]["profile"]["email"] == "employee@larkspur.example"
    assert client.users_lookupByEmail(email="Employee@larkspur.example")["user"]["id"] == employee.id
    assert refused_with(client.users_lookupByEmail, email="nobody@larkspur.example") == "users_not_found"
    assert refused_with(client.users_info, user="U404") == "user_not_found"
    assert client.conversations_info(channel=channel.id)["channel"]["is_member"] is True
    assert client.conversations_members(channel=channel.id)["members"] == [employee.id, slack.bot_user_id]
    direct = client.conversations_open(users=employee.id)["channel"]["id"]
    assert client.conversations_open(users=[employee.id])["already_open"] is True
    assert client.conversations_info(channel=direct)["channel"]["user"] == employee.id
    client.chat_postMessage(channel=employee.id, text="hello")
    assert [message.text for message in slack.messages(slack.direct_channel(employee))] == ["hello"]


def test_surfaces_beside_messages_are_kept(
    slack: FakeSlack, client: WebClient, employee: User, channel: Channel
) -> None:
    root = slack.mention(employee, channel, "hello").message
    assert root is not None
    client.assistant_threads_setStatus(channel_id=channel.id, thread_ts=root.ts, status="is reading ...")
    client.assistant_threads_setStatus(channel_id=channel.id, thread_ts=root.ts, status="")
    prompts = [{"title": "Leave", "message": "How many days of leave have I?"}]
    client.assistant_threads_setSuggestedPrompts(channel_id=channel.id, thread_ts=root.ts, prompts=prompts)
    client.reactions_add(channel=channel.id, timestamp=root.ts, name="eyes")
    client.chat_postEphemeral(channel=channel.id, user=employee.id, text="only you")
    home = {"type": "home", "blocks": [SECTION]}
    client.views_publish(user_id=employee.id, view=home)
    assert [status.status for status in slack.statuses] == ["is reading ...", ""]
    assert list(slack.prompts[0].prompts) == prompts
    assert slack.messages(channel)[0].reactions == ("eyes",)
    assert [(shown.user, shown.text) for shown in slack.ephemerals] == [(employee.id, "only you")]
    assert (slack.views[0].user, slack.views[0].view["blocks"]) == (employee.id, [SECTION])
    again = {"channel": channel.id, "timestamp": root.ts, "name": "eyes"}
    assert refused_with(client.reactions_add, **again) == "already_reacted"
    assert (
        refused_with(client.views_open, trigger_id="1.2.x", view={**home, "type": "modal"})
        == "invalid_arguments"
    )


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        (rate_limited(7), 429, "ratelimited"),
        (api_error("fatal_error"), 200, "fatal_error"),
        (HttpStatus(500, b'{"ok": false}', {"content-type": "application/json"}), 500, None),
    ],
)
def test_answered_faults_store_nothing_and_pass(
    slack: FakeSlack, client: WebClient, channel: Channel, fault: HttpStatus, status: int, error: str | None
) -> None:
    slack.fail("chat.postMessage", fault, times=2)
    for _ in range(2):
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(channel=channel.id, text="x")
        assert (caught.value.response.status_code, caught.value.response.get("error")) == (status, error)
        assert caught.value.response.headers.get("Retry-After") == fault.headers.get("Retry-After")
    assert slack.messages(channel) == ()
    client.chat_postMessage(channel=channel.id, text="x")
    assert (len(slack.messages(channel)), len(slack.calls)) == (1, 3)


@pytest.mark.parametrize(("fault", "stored"), [(ResetBefore(), 0), (LoseResponse(), 1)])
def test_a_reset_looks_the_same_whether_or_not_the_message_was_taken(
    slack: FakeSlack, client: WebClient, channel: Channel, fault: ResetBefore | LoseResponse, stored: int
) -> None:
    slack.fail("chat.postMessage", fault)
    with pytest.raises(LOST_CONNECTION):
        client.chat_postMessage(channel=channel.id, text="x")
    assert len(slack.messages(channel)) == stored
    with pytest.raises(ValueError, match=r"no method 'chat\.post'"):
        slack.fail("chat.post", fault)


def test_a_slow_answer_comes_after_the_message_is_there(
    slack: FakeSlack, client: WebClient, channel: Channel
) -> None:
    latch = Latch()
    slack.fail("chat.postMessage", HoldAfter(latch))
    poster = threading.Thread(target=client.chat_postMessage, kwargs={"channel": channel.id, "text": "x"})
    poster.start()
    latch.wait_reached()
    assert len(slack.messages(channel)) == 1
    assert poster.is_alive()
    latch.release()
    poster.join(5)
    assert not poster.is_alive()
    impatient = WebClient(token=slack.bot_token, base_url=slack.api_url, timeout=0.05, retry_handlers=[])  # type: ignore[arg-type]
    slack.fail("chat.postMessage", Slow(0.5))
    with pytest.raises((TimeoutError, urllib.error.URLError)):
        impatient.chat_postMessage(channel=channel.id, text="y")
    assert len(slack.messages(channel)) == 2


def test_down_time_keeps_the_workspace(slack: FakeSlack, client: WebClient, channel: Channel) -> None:
    client.chat_postMessage(channel=channel.id, text="before")
    with slack.server.down(), pytest.raises(urllib.error.URLError):
        client.auth_test()
    client.chat_postMessage(channel=channel.id, text="after")
    assert [message.text for message in slack.messages(channel)] == ["before", "after"]
