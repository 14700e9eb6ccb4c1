"""The Web API: token check, method table, and the `ok`/`error` answer every call gets with status 200."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.stand_ins.faults import ANY_OPERATION, Fault, FaultPlan, serve_with
from tests.stand_ins.journal import Journal
from tests.stand_ins.slack.arguments import Arguments, read_arguments
from tests.stand_ins.slack.chat import ChatMethods
from tests.stand_ins.slack.store import BOT_ID, BOT_USER_ID, TEAM_ID, SlackRefused, SlackStore
from tests.stand_ins.slack.surfaces import SurfaceMethods

Method = Callable[[Arguments], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call with a good token, whether or not it was then refused or spoiled by a fault."""

    index: int
    method: str
    arguments: Mapping[str, Any]
    received_at_s: float
    fault: Fault | None


class WebApi:
    def __init__(
        self,
        store: SlackStore,
        chat: ChatMethods,
        surfaces: SurfaceMethods,
        *,
        bot_token: str,
        app_token: str,
        open_socket: Callable[[], str],
    ) -> None:
        self._store = store
        self._bot_token = bot_token
        self._app_token = app_token
        self._open_socket = open_socket
        self._methods: Mapping[str, Method] = {
            **self._own_methods(),
            **_chat_table(chat),
            **_surface_table(surfaces),
        }
        self.faults = FaultPlan()
        self.calls: Journal[ApiCall] = Journal()

    def fail(self, method: str, fault: Fault, times: int) -> None:
        if method not in (ANY_OPERATION, *self._methods):
            raise ValueError(f"no method {method!r}; there are {sorted(self._methods)}")
        self.faults.add(fault, operation=method, times=times)

    async def serve(self, request: Request) -> Response:
        method = request.path_params["method"]
        try:
            args = await read_arguments(request)
            self._check_token(request, args, method)
        except SlackRefused as refused:
            return _refusal(refused)
        fault = self.faults.take(method)
        shown = {name: value for name, value in args.values.items() if name != "token"}
        self.calls.append_indexed(lambda index: ApiCall(index, method, shown, time.monotonic(), fault))

        async def work() -> Response:
            return self._call(method, args)

        return await serve_with(fault, request, work)

    def _call(self, method: str, args: Arguments) -> Response:
        try:
            if method not in self._methods:
                raise SlackRefused("unknown_method", req_method=method)
            return JSONResponse({"ok": True, **self._methods[method](args)})
        except SlackRefused as refused:
            return _refusal(refused)

    def _check_token(self, request: Request, args: Arguments, method: str) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ") or args.optional("token")
        if not token:
            raise SlackRefused("not_authed")
        is_app_method = method == "apps.connections.open"
        wanted, other = (self._bot_token, self._app_token)[:: -1 if is_app_method else 1]
        if secrets.compare_digest(token.encode(), other.encode()):
            raise SlackRefused("not_allowed_token_type")
        if not secrets.compare_digest(token.encode(), wanted.encode()):
            raise SlackRefused("invalid_auth")

    def _own_methods(self) -> dict[str, Method]:
        return {
            "auth.test": self._auth_test,
            "apps.connections.open": lambda _: {"url": self._open_socket()},
            "conversations.info": lambda args: {
                "channel": self._store.channel(args.required("channel")).as_json()
            },
            "conversations.members": self._members,
            "conversations.open": self._open_conversation,
            "users.info": lambda args: {"user": self._store.user(args.required("user")).as_json()},
            "users.lookupByEmail": lambda args: {
                "user": self._store.user_by_email(args.required("email")).as_json()
            },
        }

    def _auth_test(self, _: Arguments) -> dict[str, Any]:
        return {
            "url": "https://loopback.slack.example/",
            "team": "Loopback",
            "user": "crewdesk",
            "team_id": TEAM_ID,
            "user_id": BOT_USER_ID,
            "bot_id": BOT_ID,
            "is_enterprise_install": False,
        }

    def _members(self, args: Arguments) -> dict[str, Any]:
        members = self._store.channel(args.required("channel")).members
        return {"members": list(members), "response_metadata": {"next_cursor": ""}}

    def _open_conversation(self, args: Arguments) -> dict[str, Any]:
        channel_id = args.optional("channel")
        if channel_id is not None:
            return {
                "no_op": True,
                "already_open": True,
                "channel": {"id": self._store.channel(channel_id).id},
            }
        users = args.required("users").split(",")
        channel, was_open = self._store.direct_channel(users)
        shown = channel.as_json() if args.flag("return_im") else {"id": channel.id}
        return {"no_op": was_open, "already_open": was_open, "channel": shown}


def _chat_table(chat: ChatMethods) -> dict[str, Method]:
    return {
        "chat.postMessage": chat.post_message,
        "chat.update": chat.update,
        "chat.postEphemeral": chat.post_ephemeral,
        "conversations.replies": chat.replies,
        "conversations.history": chat.history,
    }


def _surface_table(surfaces: SurfaceMethods) -> dict[str, Method]:
    return {
        "assistant.threads.setStatus": surfaces.set_status,
        "assistant.threads.setSuggestedPrompts": surfaces.set_suggested_prompts,
        "reactions.add": surfaces.add_reaction,
        "views.open": surfaces.open_view,
        "views.publish": surfaces.publish_view,
    }


def _refusal(refused: SlackRefused) -> Response:
    return JSONResponse({"ok": False, "error": refused.error, **refused.details})
