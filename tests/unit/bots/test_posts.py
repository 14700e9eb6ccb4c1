"""Only a person who speaks to us makes a request, and only a direct conversation is private."""

from typing import Any

import pytest

from bots.posts import post_in

US = "U0CREWDESK"


def mention(**changes: Any) -> dict[str, Any]:
    event = {"type": "app_mention", "channel": "C1", "ts": "17.01", "user": "U1", "text": f"<@{US}> hello?"}
    return {"team_id": "T1", "event": {**event, **changes}}


def direct(**changes: Any) -> dict[str, Any]:
    return mention(**{"type": "message", "channel_type": "im", "channel": "D1", "text": "hello?", **changes})


def test_a_mention_is_a_post_for_its_whole_channel() -> None:
    post = post_in(mention(), US)
    assert post is not None
    assert (post.question, post.is_direct) == ("hello?", False)
    assert (post.external_id, post.thread) == ("T1:C1:17.01", "C1:17.01")
    assert post.reply_to.place == {"channel": "C1", "thread_ts": "17.01"}


def test_a_reply_stays_in_its_thread() -> None:
    post = post_in(mention(thread_ts="11.02"), US)
    assert post is not None
    assert (post.external_id, post.thread) == ("T1:C1:17.01", "C1:11.02")
    assert post.reply_to.place["thread_ts"] == "11.02"


def test_a_direct_message_is_private() -> None:
    post = post_in(direct(), US)
    assert post is not None
    assert post.is_direct


@pytest.mark.parametrize("kind", ["channel", "group", "mpim", None, "IM"])
def test_only_slacks_own_word_for_a_direct_conversation_makes_it_private(kind: str | None) -> None:
    heard = post_in(mention(channel="D1", channel_type=kind), US)
    assert heard is not None
    assert not heard.is_direct
    assert post_in(direct(channel_type=kind), US) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"bot_id": "B0CREWDESK"},
        {"bot_id": "B0OTHER", "user": "U9"},
        {"user": US},
        {"user": "USLACKBOT"},
        {"user": None},
        {"subtype": "bot_message"},
        {"subtype": "message_changed"},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"hidden": True},
        {"type": "reaction_added"},
        {"ts": None},
        {"channel": {"id": "C1"}},
    ],
)
def test_what_no_person_asked_is_nothing_to_answer(changes: dict[str, Any]) -> None:
    assert post_in(direct(), US) is not None
    assert post_in(direct(**changes), US) is None


@pytest.mark.parametrize("subtype", ["file_share", "thread_broadcast", "me_message"])
def test_a_post_with_a_file_or_shown_twice_is_still_a_question(subtype: str) -> None:
    assert post_in(mention(subtype=subtype), US) is not None


@pytest.mark.parametrize("body", [{}, {"event": None}, {"event": []}, {"event": {"type": 5}}])
def test_a_body_that_is_no_event_is_passed_by(body: dict[str, Any]) -> None:
    assert post_in(body, US) is None
