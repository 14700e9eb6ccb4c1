"""Posting, changing and reading messages, refused by Slack's own rules."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.stand_ins.journal import Journal
from tests.stand_ins.slack.arguments import Arguments
from tests.stand_ins.slack.blocks import BlocksRefused, check_blocks
from tests.stand_ins.slack.store import BOT_ID, BOT_USER_ID, Channel, Message, SlackRefused, SlackStore

MAX_TEXT_CHARS = 40_000
MAX_MARKDOWN_CHARS = 12_000
MAX_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Ephemeral:
    """A message only `user` was shown."""

    channel: str
    user: str
    text: str
    blocks: tuple[Mapping[str, Any], ...]
    thread_ts: str | None
    message_ts: str


class ChatMethods:
    def __init__(self, store: SlackStore, on_posted: Callable[[Message], None]) -> None:
        self._store = store
        self._on_posted = on_posted
        self.ephemerals: Journal[Ephemeral] = Journal()

    def post_message(self, args: Arguments) -> dict[str, Any]:
        channel = self._writable_channel(args.required("channel"))
        text, blocks = _content(args)
        message = self._store.post(
            channel.id,
            BOT_USER_ID,
            text,
            bot_id=BOT_ID,
            thread_ts=self._thread_root(channel, args),
            blocks=blocks,
            metadata=_metadata(args),
        )
        self._on_posted(message)
        return {"channel": channel.id, "ts": message.ts, "message": message.as_json(with_metadata=True)}

    def update(self, args: Arguments) -> dict[str, Any]:
        channel = self._store.channel(args.required("channel"))
        message = self._store.message(channel.id, args.required("ts"))
        if message.bot_id != BOT_ID:
            raise SlackRefused("cant_update_message")
        text, blocks = _content(args)
        if args.nested("blocks") is None:
            blocks = message.blocks
        metadata = _metadata(args) or message.metadata
        changed = self._store.change(
            message, text=text, blocks=blocks, metadata=metadata, edited_ts=self._store.new_ts()
        )
        shown = changed.as_json(with_metadata=True)
        return {"channel": channel.id, "ts": changed.ts, "text": text, "message": shown}

    def post_ephemeral(self, args: Arguments) -> dict[str, Any]:
        channel = self._writable_channel(args.required("channel"))
        user = self._store.user(args.required("user"))
        if user.id not in channel.members:
            raise SlackRefused("user_not_in_channel")
        text, blocks = _content(args)
        thread_ts = self._thread_root(channel, args)
        shown = Ephemeral(channel.id, user.id, text, blocks, thread_ts, self._store.new_ts())
        self.ephemerals.append(shown)
        return {"message_ts": shown.message_ts}

    def replies(self, args: Arguments) -> dict[str, Any]:
        channel = self._readable_channel(args.required("channel"))
        root, *replies = self._store.thread(channel.id, args.required("ts"))
        kept = [reply for reply in replies if _within(reply.ts, args)]
        page, more = _page([root, *kept], args)
        shown = [_in_thread(message, root, replies, args) for message in page]
        return {"messages": shown, **more}

    def history(self, args: Arguments) -> dict[str, Any]:
        channel = self._readable_channel(args.required("channel"))
        tops = [m for m in self._store.messages(channel.id) if m.thread_ts is None and _within(m.ts, args)]
        page, more = _page(tops[::-1], args)
        with_metadata = args.flag("include_all_metadata")
        return {"messages": [message.as_json(with_metadata=with_metadata) for message in page], **more}

    def _writable_channel(self, name: str) -> Channel:
        channel = self._resolve(name)
        if channel.is_archived:
            raise SlackRefused("is_archived")
        if BOT_USER_ID not in channel.members:
            raise SlackRefused("not_in_channel" if channel.kind == "channel" else "channel_not_found")
        return channel

    def _readable_channel(self, channel_id: str) -> Channel:
        channel = self._store.channel(channel_id)
        if BOT_USER_ID not in channel.members:
            raise SlackRefused("not_in_channel" if channel.kind == "channel" else "channel_not_found")
        return channel

    def _resolve(self, name: str) -> Channel:
        if not name.startswith("U"):
            return self._store.channel(name)
        try:
            return self._store.direct_channel([name])[0]
        except SlackRefused:
            raise SlackRefused("channel_not_found") from None

    def _thread_root(self, channel: Channel, args: Arguments) -> str | None:
        thread_ts = args.optional("thread_ts")
        if thread_ts is None:
            return None
        root = self._store.thread(channel.id, thread_ts)[0]
        if root.thread_ts is not None:
            # A reply's own ts opens a thread nobody sees; Slack's documentation warns of it.
            raise SlackRefused("thread_not_found")
        return root.ts


def _content(args: Arguments) -> tuple[str, tuple[Mapping[str, Any], ...]]:
    text, markdown, blocks = args.optional("text"), args.optional("markdown_text"), args.nested("blocks")
    if markdown is not None and (text is not None or blocks):
        raise SlackRefused("markdown_text_conflict")
    if not any((text, markdown, blocks)):
        raise SlackRefused("no_text")
    if len(text or "") > MAX_TEXT_CHARS or len(markdown or "") > MAX_MARKDOWN_CHARS:
        raise SlackRefused("msg_too_long")
    try:
        return text or markdown or "", check_blocks(blocks or [])
    except BlocksRefused as refused:
        messages = [f"[ERROR] {problem}" for problem in refused.problems]
        details = {"errors": list(refused.problems), "response_metadata": {"messages": messages}}
        raise SlackRefused("invalid_blocks", **details) from None


def _metadata(args: Arguments) -> Mapping[str, Any] | None:
    metadata = args.nested("metadata")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        raise SlackRefused("invalid_metadata_format")
    if not isinstance(metadata["event_type"], str) or not isinstance(metadata["event_payload"], dict):
        raise SlackRefused("invalid_metadata_schema")
    return metadata


def _within(ts: str, args: Arguments) -> bool:
    oldest, latest = args.optional("oldest") or "0", args.optional("latest") or "9999999999.999999"
    if args.flag("inclusive"):
        return float(oldest) <= float(ts) <= float(latest)
    return float(oldest) < float(ts) < float(latest)


def _page(messages: Sequence[Message], args: Arguments) -> tuple[Sequence[Message], dict[str, Any]]:
    start, size = _cursor_start(args.optional("cursor")), args.integer("limit", MAX_PAGE)
    if not 0 < size <= MAX_PAGE:
        raise SlackRefused("invalid_limit")
    end = start + size
    if end >= len(messages):
        return messages[start:], {"has_more": False}
    cursor = base64.b64encode(f"next:{end}".encode()).decode()
    return messages[start:end], {"has_more": True, "response_metadata": {"next_cursor": cursor}}


def _cursor_start(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        return int(base64.b64decode(cursor).decode().removeprefix("next:"))
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise SlackRefused("invalid_cursor") from None


def _in_thread(
    message: Message, root: Message, replies: Sequence[Message], args: Arguments
) -> dict[str, Any]:
    shown = message.as_json(with_metadata=args.flag("include_all_metadata"))
    if message.ts != root.ts:
        return {**shown, "parent_user_id": root.user}
    if not replies:
        return shown
    users = sorted({reply.user for reply in replies})
    counts = {"reply_count": len(replies), "reply_users_count": len(users), "reply_users": users}
    return {**shown, **counts, "thread_ts": root.ts, "latest_reply": replies[-1].ts, "is_locked": False}
