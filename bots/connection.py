"""One Socket Mode connection to Slack. Slack spreads its events over all connections an app has open."""

import socket
from contextlib import suppress

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bots.pulse import Pulse

PING_INTERVAL_S = 5.0
_RECEIVE_BYTES = 16 * 1024


class SlackConnection:
    """Reconnects by itself when Slack says goodbye or leaves four pings unanswered; `silent_s` tells when
    even that has stopped working."""

    def __init__(
        self, app: App, app_token: str, web_client: WebClient, ping_interval_s: float = PING_INTERVAL_S
    ) -> None:
        self._handler = SocketModeHandler(
            app,
            app_token,
            web_client=web_client,
            ping_interval=ping_interval_s,
            receive_buffer_size=_RECEIVE_BYTES,
        )
        self._client = self._handler.client
        self._pulse = Pulse()
        self._client.on_message_listeners.append(lambda _message: self._pulse.heard())

    def open(self) -> None:
        """Raises SlackClientError or OSError when Slack cannot be asked for an address to connect to."""
        self._client.connect()
        self._pulse.heard()

    def silent_s(self) -> float:
        session = self._client.current_session
        self._pulse.see_pong(session.last_ping_pong_time if session is not None else None)
        return self._pulse.silent_s()

    def close(self) -> None:
        """Lets events at hand be acknowledged first."""
        self._client.auto_reconnect_enabled = False
        self._client.closed = True
        # Nothing as a message wakes the client's queue reader, which otherwise looks only once a second.
        self._client.message_queue.put(None)
        self._client.message_workers.shutdown()
        session = self._client.current_session
        if session is not None and session.sock is not None:
            # The client's reader holds its lock while it waits up to 3 s for bytes; this ends the waiting.
            with suppress(OSError):
                session.sock.shutdown(socket.SHUT_RDWR)
        self._client.close()
