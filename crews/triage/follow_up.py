"""Follows resolved tickets up: asks their requesters whether they are solved, and closes those of which
nobody hears again.

Both after `follow_up_after_h` of `triage/categories.yaml`, counted within business hours. What was asked and
when is in the tickets' rows, so it does not matter who looks, or how many.
"""

import threading
from pathlib import Path

from crews.triage.due_time import BusinessHours, due_time
from crews.triage.spec import CATEGORIES, FOLDER, CategoriesFile
from ledger.db import Database
from ledger.errors import CrewdeskError
from ledger.log import get_logger
from ledger.ticket_follow_up import ask_if_solved, close_unanswered, open_follow_ups
from ledger.yaml_file import load_yaml

_log = get_logger(__name__)

LOOK_EVERY_S = 30.0


class FollowUpKeeper:
    """`run` until told to stop. A file that cannot be read now may be mended later."""

    def __init__(self, db: Database, workspace: Path) -> None:
        self._db = db
        self._file = workspace / FOLDER / CATEGORIES

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self.look()
            except CrewdeskError as error:
                _log.warning("tickets_not_followed_up", code=error.code, reason=str(error))
            except Exception:  # noqa: BLE001 - the last resort: nobody would start this thread again
                _log.exception("follow_up_keeper_broke")
            stop.wait(LOOK_EVERY_S)

    def look(self) -> int:
        """Makes every move that is due, and returns how many. Raises CrewdeskError."""
        if not self._file.is_file():
            return 0
        now, waiting = open_follow_ups(self._db)
        if not waiting:
            return 0
        file = load_yaml(self._file, CategoriesFile)
        hours, business = file.follow_up_after_h, file.business_hours or BusinessHours()
        made = 0
        for seen in waiting:
            if due_time(seen.asked_at or seen.resolved_at, hours, business) <= now:
                move = ask_if_solved if seen.asked_at is None else close_unanswered
                made += move(self._db, seen)
        return made
