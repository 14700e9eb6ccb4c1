"""The fake Slack itself: one server for Web API, Socket Mode and response URLs, one workspace to act in."""

import json
import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from slack_sdk.socket_mode.builtin import SocketModeClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from tests.stand_ins.faults import Fault, HttpStatus
from tests.stand_ins.journal import Journal
from tests.stand_ins.server import LoopbackServer
from tests.stand_ins.slack import payloads
from tests.stand_ins.slack.chat import ChatMethods
from tests.stand_ins.slack.socket_mode import Ack, Envelope, SocketMode
from tests.stand_ins.slack.store import BOT_USER_ID, Channel, ChannelKind, Message, SlackStore, User
from tests.stand_ins.slack.surfaces import SurfaceMethods
from tests.stand_ins.slack.web_api import WebApi


@dataclass(frozen=True, slots=True)
class ResponseUrlPost:
    """What an app sent to the response URL of a command or a click."""

    url: str
    body: Mapping[str, Any]


def rate_limited(retry_after_s: int) -> HttpStatus:
    body = b'{"ok": false, "error": "ratelimited"}'
    return HttpStatus(429, body, {"Retry-After": str(retry_after_s), "Content-Type": "application/json"})


def api_error(error: str, **details: Any) -> HttpStatus:
    """Slack's usual refusal, with HTTP status 200."""
    body = json.dumps({"ok": False, "error": error, **details}).encode()
    return HttpStatus(200, body, {"Content-Type": "application/json"})


class FakeSlack:
    """People and channels are added by the test; the app's own bot user is there from the start."""

    bot_token = "xoxb-loopback"
    app_token = "xapp-1-loopback"
    bot_user_id = BOT_USER_ID

    def __init__(self, *, port: int = 0) -> None:
        self._store = SlackStore()
        self._chat = ChatMethods(self._store, self._echo)
        self._surfaces = SurfaceMethods(self._store)
        self.socket = SocketMode()
        self._api = WebApi(
            self._store,
            self._chat,
            self._surfaces,
            bot_token=self.bot_token,
            app_token=self.app_token,
            open_socket=self._socket_url,
        )
        self.calls = self._api.calls
        self.acks = self.socket.acks
        self.deliveries = self.socket.deliveries
        self.statuses = self._surfaces.statuses
        self.prompts = self._surfaces.prompts
        self.views = self._surfaces.views
        self.ephemerals = self._chat.ephemerals
        self.responses: Journal[ResponseUrlPost] = Journal()
        routes = [
            Route("/api/{method}", self._api.serve, methods=["GET", "POST"]),
            Route("/response/{token}", self._take_response, methods=["POST"]),
            WebSocketRoute("/link", self.socket.serve),
        ]
        self.server = LoopbackServer(Starlette(routes=routes), port=port)

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def api_url(self) -> str:
        """The `base_url` for slack_sdk's WebClient."""
        return f"{self.url}/api/"

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()

    def add_user(self, email: str | None, name: str | None = None, *, deleted: bool = False) -> User:
        return self._store.add_user(email, name, deleted=deleted)

    def add_channel(
        self,
        name: str,
        members: Sequence[User] = (),
        *,
        kind: ChannelKind = "channel",
        bot_is_member: bool = True,
    ) -> Channel:
        bot = (BOT_USER_ID,) if bot_is_member else ()
        return self._store.add_channel(name, kind, (*(member.id for member in members), *bot))

    def archive(self, channel: Channel) -> None:
        self._store.archive_channel(channel.id)

    def mention(self, user: User, channel: Channel, text: str, thread_ts: str | None = None) -> Envelope:
        """A person writes to the bot in a channel: the message is stored and an app_mention delivered."""
        addressed = text if f"<@{BOT_USER_ID}>" in text else f"<@{BOT_USER_ID}> {text}"
        message = payloads.user_message(self._store, user, channel, addressed, thread_ts)
        return self._deliver_event(payloads.app_mention(message), message)

    def also_as_message(self, envelope: Envelope) -> Envelope:
        """Delivers a mention's post once more, as the channel's message event an app may subscribe to."""
        if envelope.message is None:
            raise ValueError("this envelope tells of no message")
        channel = self._store.channel(envelope.message.channel)
        return self._deliver_event(payloads.message_event(envelope.message, channel), envelope.message)

    def direct_message(self, user: User, text: str, thread_ts: str | None = None) -> Envelope:
        channel, _ = self._store.direct_channel([user.id])
        message = payloads.user_message(self._store, user, channel, text, thread_ts)
        return self._deliver_event(payloads.message_event(message, channel), message)

    def direct_channel(self, user: User) -> Channel:
        return self._store.direct_channel([user.id])[0]

    def command(self, user: User, channel: Channel, command: str, text: str = "") -> Envelope:
        """A person types a slash command; `command` begins with its slash."""
        payload = payloads.slash_command(user, channel, command, text, **self._links(user))
        return self._deliver("slash_commands", payload, accepts_response_payload=True)

    def click(self, user: User, message: Message, action_id: str) -> Envelope:
        """A person presses a button the message shows now; raises LookupError when it shows none such."""
        shown = self._store.message(message.channel, message.ts)
        action = payloads.find_action(shown.blocks, action_id)
        channel = self._store.channel(shown.channel)
        payload = payloads.block_actions(user, channel, shown, action, **self._links(user))
        return self._deliver("interactive", payload)

    def submit_view(self, user: User, view_id: str, values: Mapping[str, Mapping[str, Any]]) -> Envelope:
        """A person sends off a modal; `values` is Slack's block id -> action id -> state."""
        view = self._surfaces.view(view_id).view
        trigger = self._surfaces.issue_trigger(user.id)
        payload = payloads.view_submission(user, view, values, trigger_id=trigger)
        return self._deliver("interactive", payload, accepts_response_payload=True)

    def redeliver(self, envelope: Envelope, reason: str = "timeout") -> Envelope:
        """Delivers the same payload again as Slack does: same event id, next attempt."""
        again = replace(
            envelope, id=str(uuid.uuid4()), retry_attempt=envelope.retry_attempt + 1, retry_reason=reason
        )
        self.socket.deliver(again)
        return again

    def unacknowledged(self) -> tuple[Envelope, ...]:
        acknowledged = {ack.envelope_id for ack in self.acks}
        return tuple(sent.envelope for sent in self.deliveries if sent.envelope.id not in acknowledged)

    def wait_for_ack(self, envelope: Envelope, timeout_s: float = 10.0) -> Ack:
        return self.acks.wait_until(lambda ack: ack.envelope_id == envelope.id, timeout_s)

    def wait_for_connection(self, opened: int = 1, timeout_s: float = 10.0) -> None:
        """Returns once this many Socket Mode connections were ever opened and one takes envelopes."""
        self.socket.wait_for_connections(opened, timeout_s)

    def messages(self, channel: Channel) -> tuple[Message, ...]:
        return self._store.messages(channel.id)

    def thread(self, channel: Channel, root_ts: str) -> tuple[Message, ...]:
        return self._store.thread(channel.id, root_ts)

    def wait_for_message(
        self,
        channel: Channel,
        predicate: Callable[[Message], bool] = lambda message: message.from_bot,
        timeout_s: float = 10.0,
    ) -> Message:
        """The first message that fits, by default the first of the bot's; TimeoutError shows the rest."""
        found = self._store.wait_for_message(channel.id, predicate, timeout_s)
        if found is None:
            raise TimeoutError(
                f"no such message within {timeout_s} s; connected: {self.socket.connected}, "
                f"delivered: {len(self.deliveries)}, acknowledged: {len(self.acks)}, "
                f"calls: {[call.method for call in self.calls]}, messages: {self.messages(channel)!r}"
            )
        return found

    def fail(self, method: str, fault: Fault, times: int = 1) -> None:
        """Spoils the next `times` calls of a method; "*" is any method."""
        self._api.fail(method, fault, times)

    def heal(self) -> None:
        """Takes back every fault nobody has met yet."""
        self._api.faults.clear()

    def disconnect(self, reason: str = "refresh_requested") -> None:
        self.socket.send_disconnect(reason)

    def stall(self) -> None:
        self.socket.stall()

    def cut(self) -> None:
        self.socket.cut()

    def hang_up(self, *clients: SocketModeClient) -> None:
        """Closes Socket Mode clients at once; their own close waits out a read of 3 s and a poll of 1 s."""
        for client in clients:
            client.auto_reconnect_enabled, client.closed = False, True
            client.current_session_state.terminated = True
            client.message_queue.put(None)
        self.cut()
        for client in clients:
            # slack_sdk fails when two threads close one connection, so its own threads end first.
            for own in (client.current_app_monitor, client.current_session_runner):
                if own.is_alive():
                    own.shutdown()  # type: ignore[no-untyped-call]
            client.close()

    def _deliver_event(self, event: Mapping[str, Any], message: Message) -> Envelope:
        return self._deliver("events_api", payloads.event_callback(event), message=message)

    def _deliver(self, kind: str, payload: Mapping[str, Any], **rest: Any) -> Envelope:
        envelope = Envelope(str(uuid.uuid4()), kind, payload, **rest)
        self.socket.deliver(envelope)
        return envelope

    def _echo(self, message: Message) -> None:
        # Slack tells an app of its own direct messages too; one that answers them never stops.
        channel = self._store.channel(message.channel)
        if channel.kind == "im":
            self._deliver_event(payloads.message_event(message, channel), message)

    def _links(self, user: User) -> dict[str, str]:
        response_url = f"{self.url}/response/{secrets.token_hex(8)}"
        return {"response_url": response_url, "trigger_id": self._surfaces.issue_trigger(user.id)}

    def _socket_url(self) -> str:
        return f"{self.url.replace('http', 'ws', 1)}/link?ticket={self.socket.issue_ticket()}&app_id=loopback"

    async def _take_response(self, request: Request) -> Response:
        self.responses.append(ResponseUrlPost(str(request.url), await request.json()))
        return PlainTextResponse("ok")
