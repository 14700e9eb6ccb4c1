"""`crewdesk serve`: every role in one process, until it is told to stop."""

import signal
import threading
from collections.abc import Callable

import uvicorn

from api.app import create_app
from bots.service import SlackFrontDoor
from cli.embedded import Installation, open_installation
from crews.tracing.shipper import create_shipper
from crews.triage.follow_up import FollowUpKeeper
from knowledge.warehouse.upkeep import CatalogKeeper
from ledger.artifacts import ARTIFACTS
from ledger.errors import SettingsInvalid
from ledger.log import get_logger
from ledger.settings import EmbeddedSettings
from ledger.var_folder import api_key_secret

_log = get_logger(__name__)


def serve(settings: EmbeddedSettings, report: Callable[[str], None]) -> None:
    """Blocks until SIGTERM or SIGINT. Raises CrewdeskError if it cannot start; `report` gets lines for a
    person."""
    with open_installation(settings, "serve") as installation:
        report(f"Workspace: {installation.workspace.file.name} ({settings.workspace})")
        shipper = create_shipper(settings, installation.db)
        if shipper is not None:
            installation.run_thread("shipper", shipper.run)
            report(f"Spans go to {settings.langfuse_host}")
        installation.start_worker()
        keeper = CatalogKeeper(installation.db, settings.workspace, settings.var, settings.connection_urls)
        installation.run_thread("catalog-keeper", keeper.run)
        follow_ups = FollowUpKeeper(installation.db, settings.workspace)
        installation.run_thread("ticket-follow-ups", follow_ups.run)
        slack = _start_slack(installation, report)
        try:
            _serve_api(installation, report)
        finally:
            if slack is not None:
                slack.stop()


def _start_slack(installation: Installation, report: Callable[[str], None]) -> SlackFrontDoor | None:
    settings = installation.settings
    if settings.slack_bot_token is None and settings.slack_app_token is None:
        report("Slack: off (set CREWDESK_SLACK_BOT_TOKEN and CREWDESK_SLACK_APP_TOKEN to turn it on)")
        return None
    if settings.slack_bot_token is None or settings.slack_app_token is None:
        raise SettingsInvalid(
            "Slack needs both CREWDESK_SLACK_BOT_TOKEN and CREWDESK_SLACK_APP_TOKEN; one of them is missing."
        )
    slack = SlackFrontDoor(installation.db, settings, installation.workspace)
    slack.start()
    report("Slack: connecting in Socket Mode")
    return slack


def _serve_api(installation: Installation, report: Callable[[str], None]) -> None:
    settings = installation.settings
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(installation.db, api_key_secret(settings), settings.var / ARTIFACTS),
            host=settings.api_host,
            port=settings.api_port,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
    )
    thread = threading.Thread(target=server.run, name="api")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    thread.start()
    while thread.is_alive() and not server.started:
        stop.wait(0.02)
    if not server.started:
        raise SettingsInvalid(
            f"The API cannot listen on {settings.api_host}:{settings.api_port}; set CREWDESK_API_PORT to a "
            "free port."
        )
    report(
        f"API: http://{settings.api_host}:{settings.api_port} (described at /openapi.json). Stop with Ctrl-C."
    )
    _log.info("serve_started", port=settings.api_port)
    while thread.is_alive() and not stop.wait(0.5):
        pass
    server.should_exit = True
    thread.join()
