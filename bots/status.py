"""Shows in the thread that somebody is at work, from the question until the answer is posted.

Slack takes a status away after two minutes and when we post. It is a courtesy: no failure here touches a run.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from ledger.db import Database
from ledger.deliveries import OpenRunTarget, list_open_run_targets
from ledger.log import get_logger
from ledger.reading import run_state
from ledger.schema import OPEN_RUN_STATES, RunState

_log = get_logger(__name__)

REARM_S = 60.0
TRY_AGAIN_S = 10.0
_SHOWN = {RunState.QUEUED: "is getting to your question…", RunState.WAITING: "is waiting for a person…"}
_AT_WORK = "is looking through the documents…"


@dataclass(frozen=True, slots=True)
class _Shown:
    state: str
    until_s: float


class StatusBoard:
    def __init__(self, db: Database, client: WebClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._client = client
        self._clock = clock
        self._shown: dict[str, _Shown] = {}

    def refresh(self) -> None:
        """Brings every open run's status up to date. Raises CrewdeskError when the ledger cannot be used."""
        targets = list_open_run_targets(self._db, "slack")
        open_ids = {target.run_id for target in targets}
        self._shown = {run_id: shown for run_id, shown in self._shown.items() if run_id in open_ids}
        for target in targets:
            shown = self._shown.get(target.run_id)
            if shown is None or shown.state != target.state or shown.until_s <= self._clock():
                self._show(target)

    def _show(self, target: OpenRunTarget) -> None:
        told = self._tell(target, _SHOWN.get(RunState(target.state), _AT_WORK))
        lasts_s = REARM_S if told else TRY_AGAIN_S
        self._shown[target.run_id] = _Shown(target.state, self._clock() + lasts_s)
        # The answer may have been posted while we spoke; our status would outlive it.
        if told and run_state(self._db, target.run_id) not in OPEN_RUN_STATES:
            self._tell(target, "")

    def _tell(self, target: OpenRunTarget, status: str) -> bool:
        place = target.target
        try:
            self._client.assistant_threads_setStatus(
                channel_id=place["channel"], thread_ts=place["thread_ts"], status=status
            )
        except (SlackClientError, HTTPException, OSError) as error:
            _log.info("status_not_shown", run=target.run_id, reason=f"{type(error).__name__}: {error}")
            return False
        return True
