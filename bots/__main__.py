"""`python -m bots`: the Slack front door as a process of its own.

Ends with 0 when it was asked to (SIGTERM, SIGINT), 2 when it is not set up, 5 when it cannot go on and its
supervisor should start it again.
"""

import signal
import sys
import threading

from bots.link import OnStall
from bots.service import SlackFrontDoor
from ledger.crash_points import arm_crash_point
from ledger.db import Database
from ledger.errors import CrewdeskError, ErrorKind
from ledger.log import configure_logging, get_logger
from ledger.migrate import check_schema
from ledger.settings import BotSettings, load_settings
from ledger.workspace import open_workspace

_log = get_logger(__name__)

DONE, NOT_SET_UP, FAILED = 0, 2, 5


def main() -> int:
    asked_to_end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked_to_end.set())
    try:
        return _serve(asked_to_end)
    except CrewdeskError as error:
        print(error, file=sys.stderr)
        return NOT_SET_UP if error.kind is ErrorKind.USAGE else FAILED


def _serve(asked_to_end: threading.Event) -> int:
    settings = load_settings(BotSettings)
    configure_logging(settings.log_level, settings.log_format)
    arm_crash_point(settings.crash_at)
    workspace = open_workspace(settings.workspace)
    db = Database(settings.ledger_url)
    try:
        check_schema(db)
        front_door = SlackFrontDoor(db, settings, workspace, on_stall=OnStall.END)
        front_door.start()
        _log.info("bot_started", workspace=workspace.file.name)
        while not asked_to_end.wait(0.2) and not front_door.wait_ended(0):
            pass
        front_door.stop()
    finally:
        db.close()
    if front_door.failure is not None:
        _log.error("bot_failed", reason=front_door.failure)
        return FAILED
    _log.info("bot_stopped")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
