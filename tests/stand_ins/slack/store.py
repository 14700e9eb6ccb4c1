"""One workspace's people, channels and messages. Timestamps are unique and rising, as Slack's are."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

TEAM_ID = "T0LOOPBACK"
APP_ID = "A0CREWDESK"
BOT_ID = "B0CREWDESK"
BOT_USER_ID = "U0CREWDESK"

ChannelKind = Literal["channel", "private", "im", "mpim"]


class SlackRefused(Exception):
    """Slack answers this call with `{"ok": false, "error": ...}`."""

    def __init__(self, error: str, **details: Any) -> None:
        super().__init__(error)
        self.error = error
        self.details = details


@dataclass(frozen=True, slots=True)
class User:
    id: str
    name: str
    email: str | None
    is_bot: bool = False
    deleted: bool = False

    def as_json(self) -> dict[str, Any]:
        profile = {"real_name": self.name, "display_name": self.name, "team": TEAM_ID}
        if self.email is not None:
            profile["email"] = self.email
        return {
            "id": self.id,
            "team_id": TEAM_ID,
            "name": self.name,
            "real_name": self.name,
            "deleted": self.deleted,
            "tz": "Etc/UTC",
            "tz_label": "UTC",
            "tz_offset": 0,
            "profile": profile,
            "is_admin": False,
            "is_owner": False,
            "is_restricted": False,
            "is_ultra_restricted": False,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": 0,
        }


@dataclass(frozen=True, slots=True)
class Channel:
    id: str
    name: str
    kind: ChannelKind
    members: tuple[str, ...]
    is_archived: bool = False

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": self.id,
            "created": 0,
            "is_archived": self.is_archived,
            "is_im": self.kind == "im",
            "is_org_shared": False,
            "context_team_id": TEAM_ID,
        }
        if self.kind == "im":
            other = next((member for member in self.members if member != BOT_USER_ID), BOT_USER_ID)
            return {**shown, "user": other, "is_user_deleted": False, "priority": 0}
        return {
            **shown,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": self.kind == "channel",
            "is_group": self.kind == "private",
            "is_mpim": self.kind == "mpim",
            "is_private": self.kind != "channel",
            "is_member": BOT_USER_ID in self.members,
            "is_general": False,
            "is_shared": False,
            "is_ext_shared": False,
            "num_members": len(self.members),
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }


@dataclass(frozen=True, slots=True)
class Message:
    channel: str
    ts: str
    user: str
    text: str
    bot_id: str | None = None
    thread_ts: str | None = None
    blocks: tuple[Mapping[str, Any], ...] = ()
    metadata: Mapping[str, Any] | None = None
    client_msg_id: str | None = None
    edited_ts: str | None = None
    reactions: tuple[str, ...] = field(default=())

    @property
    def from_bot(self) -> bool:
        return self.bot_id is not None

    def as_json(self, *, with_metadata: bool = False) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "type": "message",
            "user": self.user,
            "ts": self.ts,
            "text": self.text,
            "team": TEAM_ID,
        }
        if self.bot_id is not None:
            profile = {
                "id": self.bot_id,
                "app_id": APP_ID,
                "name": "crewdesk",
                "deleted": False,
                "team_id": TEAM_ID,
            }
            shown.update(bot_id=self.bot_id, app_id=APP_ID, bot_profile=profile)
        if self.client_msg_id is not None:
            shown["client_msg_id"] = self.client_msg_id
        if self.thread_ts is not None:
            shown["thread_ts"] = self.thread_ts
        if self.blocks:
            shown["blocks"] = list(self.blocks)
        if self.edited_ts is not None:
            shown["edited"] = {"user": self.user, "ts": self.edited_ts}
        if self.reactions:
            shown["reactions"] = [
                {"name": name, "users": [BOT_USER_ID], "count": 1} for name in self.reactions
            ]
        if with_metadata and self.metadata is not None:
            shown["metadata"] = dict(self.metadata)
        return shown


class SlackStore:
    """All state behind one lock; readers get frozen values."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._users = {BOT_USER_ID: User(BOT_USER_ID, "crewdesk", None, is_bot=True)}
        self._channels: dict[str, Channel] = {}
        self._messages: dict[str, dict[str, Message]] = {}
        self._last_ts_us = 0

    def new_ts(self) -> str:
        with self._changed:
            self._last_ts_us = max(self._last_ts_us + 1, time.time_ns() // 1000)
            return f"{self._last_ts_us // 1_000_000}.{self._last_ts_us % 1_000_000:06d}"

    def add_user(self, email: str | None, name: str | None = None, *, deleted: bool = False) -> User:
        with self._changed:
            number = len(self._users)
            shown = name or (email.split("@")[0] if email else f"member{number}")
            user = User(f"U{number:08d}", shown, email, deleted=deleted)
            self._users[user.id] = user
            return user

    def add_channel(self, name: str, kind: ChannelKind, members: Sequence[str]) -> Channel:
        letter = {"im": "D", "channel": "C", "private": "C", "mpim": "G"}[kind]
        with self._changed:
            channel = Channel(f"{letter}{len(self._channels) + 1:08d}", name, kind, tuple(members))
            self._channels[channel.id] = channel
            self._messages[channel.id] = {}
            return channel

    def archive_channel(self, channel_id: str) -> None:
        with self._changed:
            self._channels[channel_id] = replace(self.channel(channel_id), is_archived=True)

    def user(self, user_id: str) -> User:
        with self._changed:
            if user_id not in self._users:
                raise SlackRefused("user_not_found")
            return self._users[user_id]

    def user_by_email(self, email: str) -> User:
        with self._changed:
            for user in self._users.values():
                if user.email is not None and user.email.lower() == email.lower() and not user.deleted:
                    return user
            raise SlackRefused("users_not_found")

    def channel(self, channel_id: str) -> Channel:
        with self._changed:
            if channel_id not in self._channels:
                raise SlackRefused("channel_not_found")
            return self._channels[channel_id]

    def direct_channel(self, members: Sequence[str]) -> tuple[Channel, bool]:
        """The conversation of exactly these people with the bot, and whether it was there already."""
        everybody = frozenset((*members, BOT_USER_ID))
        with self._changed:
            for member in members:
                self.user(member)
            for channel in self._channels.values():
                if channel.kind in ("im", "mpim") and frozenset(channel.members) == everybody:
                    return channel, True
            kind: ChannelKind = "im" if len(everybody) == 2 else "mpim"
            return self.add_channel("mpdm" if kind == "mpim" else "", kind, sorted(everybody)), False

    def post(self, channel_id: str, user: str, text: str, **rest: Any) -> Message:
        with self._changed:
            self.channel(channel_id)
            message = Message(channel_id, self.new_ts(), user, text, **rest)
            self._messages[channel_id][message.ts] = message
            self._changed.notify_all()
            return message

    def message(self, channel_id: str, ts: str) -> Message:
        with self._changed:
            self.channel(channel_id)
            if ts not in self._messages[channel_id]:
                raise SlackRefused("message_not_found")
            return self._messages[channel_id][ts]

    def change(self, message: Message, **changes: Any) -> Message:
        with self._changed:
            changed = replace(message, **changes)
            self._messages[message.channel][message.ts] = changed
            self._changed.notify_all()
            return changed

    def messages(self, channel_id: str) -> tuple[Message, ...]:
        """All messages of a channel, thread replies among them, oldest first."""
        with self._changed:
            self.channel(channel_id)
            return tuple(self._messages[channel_id].values())

    def thread(self, channel_id: str, root_ts: str) -> tuple[Message, ...]:
        """A thread's first message and its replies; a message nobody replied to is a thread of one."""
        with self._changed:
            messages = self.messages(channel_id)
        found = tuple(m for m in messages if m.ts == root_ts or m.thread_ts == root_ts)
        if not found or found[0].ts != root_ts:
            raise SlackRefused("thread_not_found")
        return found

    def wait_for_message(
        self, channel_id: str, wanted: Callable[[Message], bool], timeout_s: float
    ) -> Message | None:
        """The first message `wanted` accepts, or None when the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: any(map(wanted, self.messages(channel_id))), timeout_s)
            return next(filter(wanted, self.messages(channel_id)), None)
