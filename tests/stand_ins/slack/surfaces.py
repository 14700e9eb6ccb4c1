"""What an app shows besides messages: assistant status and prompts, reactions, views."""

import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.stand_ins.journal import Journal
from tests.stand_ins.slack.arguments import Arguments
from tests.stand_ins.slack.blocks import MAX_VIEW_BLOCKS, BlocksRefused, check_blocks
from tests.stand_ins.slack.store import APP_ID, BOT_ID, TEAM_ID, SlackRefused, SlackStore


@dataclass(frozen=True, slots=True)
class StatusSet:
    """An empty `status` takes the status away."""

    channel: str
    thread_ts: str
    status: str
    loading_messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SuggestedPrompts:
    channel: str
    thread_ts: str | None
    prompts: tuple[Mapping[str, str], ...]
    title: str | None


@dataclass(frozen=True, slots=True)
class ViewShown:
    """A modal (`user` is who pressed) or somebody's home tab."""

    user: str
    view: Mapping[str, Any]


class SurfaceMethods:
    def __init__(self, store: SlackStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._triggers: dict[str, str] = {}
        self._spent: set[str] = set()
        self.statuses: Journal[StatusSet] = Journal()
        self.prompts: Journal[SuggestedPrompts] = Journal()
        self.views: Journal[ViewShown] = Journal()

    def issue_trigger(self, user: str) -> str:
        """A trigger id, good for opening one view."""
        trigger = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
        with self._lock:
            self._triggers[trigger] = user
        return trigger

    def set_status(self, args: Arguments) -> dict[str, Any]:
        channel = self._store.channel(args.required("channel_id"))
        root = self._store.thread(channel.id, args.required("thread_ts"))[0]
        if "status" not in args.values:
            raise SlackRefused("invalid_arguments")
        loading = tuple(args.nested("loading_messages") or ())
        self.statuses.append(StatusSet(channel.id, root.ts, args.optional("status") or "", loading))
        return {}

    def set_suggested_prompts(self, args: Arguments) -> dict[str, Any]:
        channel = self._store.channel(args.required("channel_id"))
        prompts = args.nested("prompts")
        if not isinstance(prompts, list) or not 0 < len(prompts) <= 4 or not all(map(_is_prompt, prompts)):
            raise SlackRefused("invalid_arguments")
        thread_ts = args.optional("thread_ts")
        self.prompts.append(SuggestedPrompts(channel.id, thread_ts, tuple(prompts), args.optional("title")))
        return {}

    def add_reaction(self, args: Arguments) -> dict[str, Any]:
        name = args.required("name").strip(":")
        message = self._store.message(args.required("channel"), args.required("timestamp"))
        if name in message.reactions:
            raise SlackRefused("already_reacted")
        self._store.change(message, reactions=(*message.reactions, name))
        return {}

    def open_view(self, args: Arguments) -> dict[str, Any]:
        view = _checked_view(args.nested("view"), "modal")
        return {"view": self._show(self._spend(args.required("trigger_id")), view)}

    def publish_view(self, args: Arguments) -> dict[str, Any]:
        user = self._store.user(args.required("user_id"))
        return {"view": self._show(user.id, _checked_view(args.nested("view"), "home"))}

    def view(self, view_id: str) -> ViewShown:
        return self.views.wait_until(lambda shown: shown.view["id"] == view_id, timeout_s=0)

    def _spend(self, trigger: str) -> str:
        with self._lock:
            if trigger in self._spent:
                raise SlackRefused("exchanged_trigger_id")
            if trigger not in self._triggers:
                raise SlackRefused("invalid_trigger_id")
            self._spent.add(trigger)
            return self._triggers[trigger]

    def _show(self, user: str, view: Mapping[str, Any]) -> dict[str, Any]:
        def complete(index: int) -> ViewShown:
            number = f"V{index + 1:08d}"
            given: dict[str, Any] = {
                "id": number,
                "team_id": TEAM_ID,
                "app_id": APP_ID,
                "bot_id": BOT_ID,
                "root_view_id": number,
                "previous_view_id": None,
                "hash": f"{index + 1}.loopback",
                "state": {"values": {}},
            }
            defaults = {
                "private_metadata": "",
                "callback_id": "",
                "external_id": "",
                "close": None,
                "submit": None,
            }
            return ViewShown(user, {**defaults, **view, **given})

        return dict(self.views.append_indexed(complete).view)


def _is_prompt(prompt: object) -> bool:
    return isinstance(prompt, dict) and bool(prompt.get("title")) and bool(prompt.get("message"))


def _checked_view(view: object, kind: str) -> Mapping[str, Any]:
    problems: Sequence[str] = ()
    if not isinstance(view, dict) or view.get("type") != kind:
        problems = [f"view is of type {kind}"]
    elif kind == "modal" and not 0 < len(str((view.get("title") or {}).get("text", ""))) <= 24:
        problems = ["a modal's title is 1 to 24 characters [json-pointer:/view/title]"]
    else:
        try:
            check_blocks(view.get("blocks"), max_blocks=MAX_VIEW_BLOCKS)
            return view
        except BlocksRefused as refused:
            problems = refused.problems
    messages = [f"[ERROR] {problem}" for problem in problems]
    raise SlackRefused("invalid_arguments", response_metadata={"messages": messages})
