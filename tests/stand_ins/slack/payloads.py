"""The payloads Slack puts into envelopes, with the fields its real ones have."""

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from tests.stand_ins.slack.store import APP_ID, BOT_USER_ID, TEAM_ID, Channel, Message, SlackStore, User

VERIFICATION_TOKEN = "loopback-verification"
CHANNEL_TYPES = {"channel": "channel", "private": "group", "im": "im", "mpim": "mpim"}


def event_callback(event: Mapping[str, Any]) -> dict[str, Any]:
    number = uuid.uuid4().hex[:10].upper()
    grant = {
        "enterprise_id": None,
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "context_team_id": TEAM_ID,
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{number}",
        "event_time": int(float(event["event_ts"])),
        "authorizations": [grant],
        "is_ext_shared_channel": False,
        "event_context": f"4-{number}",
    }


def app_mention(message: Message) -> dict[str, Any]:
    return {**_message_fields(message), "type": "app_mention"}


def message_event(message: Message, channel: Channel) -> dict[str, Any]:
    return {**_message_fields(message), "channel_type": CHANNEL_TYPES[channel.kind]}


def slash_command(user: User, channel: Channel, command: str, text: str, **links: str) -> dict[str, Any]:
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "team_domain": "loopback",
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.kind == "im" else channel.name,
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        **links,
    }


def block_actions(
    user: User, channel: Channel, message: Message, action: Mapping[str, Any], **links: str
) -> dict[str, Any]:
    container: dict[str, Any] = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": False,
    }
    if message.thread_ts is not None:
        container["thread_ts"] = message.thread_ts
    return {
        **_interaction("block_actions", user),
        "container": container,
        "channel": {"id": channel.id, "name": "directmessage" if channel.kind == "im" else channel.name},
        "message": message.as_json(with_metadata=True),
        "state": {"values": {}},
        "actions": [{**action, "action_ts": f"{time.time():.6f}"}],
        **links,
    }


def view_submission(
    user: User, view: Mapping[str, Any], values: Mapping[str, Mapping[str, Any]], **links: str
) -> dict[str, Any]:
    submitted = {**view, "state": {"values": values}}
    return {**_interaction("view_submission", user), "view": submitted, "response_urls": [], **links}


def find_action(blocks: Sequence[Mapping[str, Any]], action_id: str) -> dict[str, Any]:
    """The button's part of a block_actions payload; raises LookupError when no such button is shown."""
    for block in blocks:
        for element in (*block.get("elements", ()), block.get("accessory") or {}):
            if element.get("action_id") == action_id:
                kept = {
                    name: element[name]
                    for name in ("action_id", "type", "text", "value", "style")
                    if name in element
                }
                return {**kept, "block_id": block.get("block_id", "generated")}
    raise LookupError(f"the message shows no element with action id {action_id!r}")


def user_message(
    store: SlackStore, user: User, channel: Channel, text: str, thread_ts: str | None
) -> Message:
    """Stores what a person wrote, as Slack does before it tells the app."""
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    block = {"type": "rich_text", "block_id": uuid.uuid4().hex[:5], "elements": [section]}
    return store.post(
        channel.id, user.id, text, thread_ts=thread_ts, blocks=(block,), client_msg_id=str(uuid.uuid4())
    )


def _message_fields(message: Message) -> dict[str, Any]:
    return {**message.as_json(), "channel": message.channel, "event_ts": message.ts}


def _interaction(kind: str, user: User) -> dict[str, Any]:
    return {
        "type": kind,
        "team": {"id": TEAM_ID, "domain": "loopback"},
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": TEAM_ID},
        "api_app_id": APP_ID,
        "token": VERIFICATION_TOKEN,
        "enterprise": None,
        "is_enterprise_install": False,
    }
