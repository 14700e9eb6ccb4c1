"""Keeps the front door reachable for Slack: knows who we are, holds two connections and watches both.

Two, because a stalled or reconnecting one must not stop the other from receiving. A connection that stays
silent although it should have reconnected is beyond what its client can mend. A process of its own then
ends, for its supervisor to start it afresh: that mends whatever it was. Where other rooms live in the same
process only the connection is replaced.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPException
from typing import TypeVar

from slack_bolt import App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bots.bolt_app import SlackIdentity
from bots.connection import PING_INTERVAL_S, SlackConnection
from bots.slack_errors import SETUP_REFUSALS, SETUP_REMEDY, error_of
from ledger.log import get_logger

_log = get_logger(__name__)

T = TypeVar("T")

CONNECTIONS = 2
STALL_AFTER_S = 120.0
MAX_PAUSE_S = 60.0
CLOSE_TIMEOUT_S = 15.0


class OnStall(StrEnum):
    END = "end"
    RECONNECT = "reconnect"


@dataclass(frozen=True, slots=True)
class LinkTimes:
    stall_after_s: float = STALL_AFTER_S
    ping_interval_s: float = PING_INTERVAL_S


class SlackLink:
    """`build_app` makes the Bolt application once Slack has said who we are."""

    def __init__(
        self,
        client: WebClient,
        app_token: str,
        build_app: Callable[[SlackIdentity], App],
        on_stall: OnStall,
        times: LinkTimes,
    ) -> None:
        self._client = client
        self._app_token = app_token
        self._build_app = build_app
        self._on_stall = on_stall
        self._times = times
        self._stopping = threading.Event()
        self._connections: list[SlackConnection] = []
        self._thread = threading.Thread(target=self._run, name="slack-link", daemon=True)
        self.failure: str | None = None
        self.connected = threading.Event()
        self.ended = threading.Event()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_TIMEOUT_S)

    def _run(self) -> None:
        try:
            app = self._identified_app()
            if app is None:
                return
            while len(self._connections) < CONNECTIONS:
                connection = self._opened(app)
                if connection is None:
                    return
                self._connections.append(connection)
            _log.info("slack_connected", connections=CONNECTIONS)
            self.connected.set()
            self._watch(app)
        except Exception:  # noqa: BLE001 - last resort: a silent death of this thread would look like health
            _log.exception("slack_link_crashed")
            self.failure = "The connection to Slack failed for an unforeseen reason; the log has the details."
        finally:
            _close_all(self._connections)
            self.ended.set()

    def _identified_app(self) -> App | None:
        def identify() -> App:
            answer = self._client.auth_test()
            identity = SlackIdentity(str(answer["team_id"]), str(answer["user_id"]), str(answer["bot_id"]))
            return self._build_app(identity)

        return self._persist(identify)

    def _opened(self, app: App) -> SlackConnection | None:
        def connect() -> SlackConnection:
            connection = SlackConnection(app, self._app_token, self._client, self._times.ping_interval_s)
            try:
                connection.open()
            except BaseException:
                connection.close()
                raise
            return connection

        return self._persist(connect)

    def _watch(self, app: App) -> None:
        while not self._stopping.wait(min(1.0, self._times.stall_after_s / 4)):
            stalled = [c for c in self._connections if c.silent_s() > self._times.stall_after_s]
            if not stalled:
                continue
            _log.error("slack_stalled", connections=len(stalled), silent_s=round(stalled[0].silent_s()))
            if self._on_stall is OnStall.END:
                self.failure = f"Slack has been silent for {self._times.stall_after_s:.0f} seconds."
                return
            for connection in stalled:
                fresh = self._opened(app)
                if fresh is None:
                    return
                self._connections[self._connections.index(connection)] = fresh
                _close_soon(connection)

    def _persist(self, attempt: Callable[[], T]) -> T | None:
        """Tries until it succeeds; None when we are stopping or Slack refuses us for good (see `failure`)."""
        pause_s = 1.0
        while not self._stopping.is_set():
            try:
                return attempt()
            except SlackApiError as error:
                code = error_of(error)
                if code in SETUP_REFUSALS:
                    self.failure = f"Slack refused our token ({code}). {SETUP_REMEDY}"
                    _log.error("slack_refused_us", reason=code, remedy=SETUP_REMEDY)
                    return None
                _log.warning("slack_not_reached", reason=code, next_try_s=pause_s)
            except (SlackClientError, HTTPException, OSError) as error:
                _log.warning(
                    "slack_not_reached", reason=f"{type(error).__name__}: {error}", next_try_s=pause_s
                )
            self._stopping.wait(pause_s)
            pause_s = min(pause_s * 2, MAX_PAUSE_S)
        return None


def _close_soon(connection: SlackConnection) -> threading.Thread:
    # Closing a stalled connection can take as long as its last call to Slack does.
    thread = threading.Thread(target=connection.close, name="slack-close", daemon=True)
    thread.start()
    return thread


def _close_all(connections: list[SlackConnection]) -> None:
    for thread in [_close_soon(connection) for connection in connections]:
        thread.join(CLOSE_TIMEOUT_S)
