"""The Slack front door as one thing to start and stop, in its own process or inside the single one."""

import time
from functools import partial

from slack_bolt import App
from slack_sdk import WebClient

from bots.bolt_app import SlackIdentity, build_app
from bots.choices import take_press
from bots.delivering import Deliverer
from bots.intake import Intake
from bots.link import LinkTimes, OnStall, SlackLink
from bots.posting import SlackPoster
from bots.status import StatusBoard
from bots.steady_loop import SteadyLoop
from ledger.db import Database
from ledger.errors import SettingsInvalid
from ledger.settings import BotSettings
from ledger.workspace import Workspace

DELIVERY_INTERVAL_S = 0.2
STATUS_INTERVAL_S = 0.5
CALL_TIMEOUT_S = 10
STATUS_TIMEOUT_S = 5
STOP_TIMEOUT_S = 2.0 * CALL_TIMEOUT_S


class SlackFrontDoor:
    """Listens, shows status and delivers from `start` until `stop`. Start does not wait for Slack: while it
    cannot be reached, what is owed stays owed.

    `on_stall` says what becomes of a connection that has gone silent: END sets `failure` and ends the front
    door, so that its process can be started afresh; RECONNECT, for a process that does other work too,
    replaces the connection.
    """

    def __init__(
        self,
        db: Database,
        settings: BotSettings,
        workspace: Workspace,
        *,
        on_stall: OnStall = OnStall.RECONNECT,
        times: LinkTimes | None = None,
    ) -> None:
        """Raises SettingsInvalid naming the variable that is missing or holds the wrong kind of token."""
        bot_token, app_token = _tokens(settings)
        self._status = SteadyLoop("slack-status", self._refresh_status, STATUS_INTERVAL_S)
        self._board = StatusBoard(db, _client(settings, bot_token, STATUS_TIMEOUT_S))
        deliverer = Deliverer(db, SlackPoster(_client(settings, bot_token, CALL_TIMEOUT_S)))
        self._deliveries = SteadyLoop("slack-deliveries", deliverer.deliver_next, DELIVERY_INTERVAL_S)
        intake = Intake(db, workspace, on_accepted=self._status.wake)

        def app_for(identity: SlackIdentity) -> App:
            return build_app(identity, bot_token, intake, partial(take_press, db))

        client = _client(settings, bot_token, CALL_TIMEOUT_S)
        self._link = SlackLink(client, app_token, app_for, on_stall, times or LinkTimes())

    def start(self) -> None:
        self._link.start()
        self._deliveries.start()
        self._status.start()

    def stop(self) -> None:
        """Takes no more in, then lets what is being sent finish."""
        self._link.stop()
        self._deliveries.stop(STOP_TIMEOUT_S)
        self._status.stop(STATUS_TIMEOUT_S)

    def wait_connected(self, timeout_s: float) -> bool:
        """False if Slack was not reached in this time, or refused us."""
        deadline = time.monotonic() + timeout_s
        while not self._link.connected.wait(min(0.05, timeout_s)):
            if self._link.ended.is_set() or time.monotonic() >= deadline:
                return False
        return True

    def wait_ended(self, timeout_s: float) -> bool:
        """True once the front door has ended by itself; `failure` says why."""
        return self._link.ended.wait(timeout_s)

    @property
    def failure(self) -> str | None:
        return self._link.failure

    def _refresh_status(self) -> bool:
        self._board.refresh()
        return False


def _client(settings: BotSettings, bot_token: str, timeout_s: int) -> WebClient:
    # Without retries of its own: Slack has no key that would make a repeated post harmless.
    return WebClient(token=bot_token, base_url=settings.slack_api_url, timeout=timeout_s, retry_handlers=[])


def _tokens(settings: BotSettings) -> tuple[str, str]:
    wanted = (("bot", settings.slack_bot_token, "xoxb-"), ("app", settings.slack_app_token, "xapp-"))
    found = []
    for name, secret, prefix in wanted:
        token = secret.get_secret_value().strip() if secret else ""
        if not token.startswith(prefix):
            fault = "holds another kind of token" if token else "is not set"
            raise SettingsInvalid(
                f"CREWDESK_SLACK_{name.upper()}_TOKEN {fault}: make the Slack app from bots/manifest.yaml "
                f"and set it to the app's {name} token, which begins with {prefix}."
            )
        found.append(token)
    return found[0], found[1]
