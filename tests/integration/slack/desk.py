"""A workspace at a fake Slack, and the part of the worker, which these tests play themselves."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import SecretStr
from slack_sdk import WebClient

from bots.service import SlackFrontDoor
from ledger.clock import ManualClock
from ledger.db import Database
from ledger.evidence import Finding, record_evidence
from ledger.relay import Relay
from ledger.result import Claim, ModelUse, RunResult
from ledger.settings import BotSettings
from ledger.steps import ClaimedStep, claim_step, complete_step
from ledger.workflow import StepKind, StepSpec, WorkflowSpec
from ledger.workspace import Workspace
from tests.stand_ins.slack import Channel, FakeSlack, Message, User

QUESTION = "how long is the till's warranty?"
ASKER, MUTE = "asker@shop.example", "mute@shop.example"
WARRANTY = "Tills have a warranty of 3 years."
ASK = WorkflowSpec(
    name="ask", description="Answers.", steps=(StepSpec(key="answer", kind=StepKind.CREW, uses="desk"),)
)


@dataclass(frozen=True, slots=True)
class Desk:
    """A workspace with one channel everybody reads and one that is cleared for finance too."""

    slack: FakeSlack
    db: Database
    clock: ManualClock
    workspace: Workspace
    asker: User
    stranger: User
    mute: User
    channel: Channel
    finance: Channel

    @property
    def settings(self) -> BotSettings:
        return BotSettings(
            slack_bot_token=SecretStr(self.slack.bot_token),
            slack_app_token=SecretStr(self.slack.app_token),
            slack_api_url=self.slack.api_url,
        )

    @property
    def client(self) -> WebClient:
        return WebClient(self.slack.bot_token, self.slack.api_url, timeout=10, retry_handlers=[])

    def claim_all(self) -> list[ClaimedStep]:
        rung: list[str] = []
        Relay(self.db, rung.append).ring_due()
        claims = [claim_step(self.db, step_id, "the test") for step_id in rung]
        return [claim for claim in claims if claim is not None]

    def answer_all(self) -> list[ClaimedStep]:
        """Finishes every step that is rung for, as a worker with one finding and one claim would."""
        claims = self.claim_all()
        for claim in claims:
            details = {"title": "Tills", "section": "Warranty", "owner": "Store IT", "updated": "2026-10-28"}
            finding = Finding("passage", "it/tills.md", "Warranty", WARRANTY, "2026-10-28", details)
            [evidence] = record_evidence(self.db, claim, [finding])
            result = RunResult(
                outcome="answered",
                answer=WARRANTY,
                claims=(Claim(text=WARRANTY, evidence=(evidence.label,)),),
                specialist="Help desk",
                model=ModelUse(name="scripted"),
            )
            complete_step(self.db, claim, result.model_dump(mode="json"))
        return claims

    def from_bot(self, channel: Channel) -> list[Message]:
        return [message for message in self.slack.messages(channel) if message.from_bot]


@contextmanager
def open_door(desk: Desk, **options: object) -> Iterator[SlackFrontDoor]:
    door = SlackFrontDoor(desk.db, desk.settings, desk.workspace, **options)  # type: ignore[arg-type]
    door.start()
    try:
        assert door.wait_connected(10)
        desk.slack.wait_for_connection(2)
        yield door
    finally:
        door.stop()


def wait_until(condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        threading.Event().wait(0.01)


@contextmanager
def broken_table(db: Database, table: str) -> Iterator[None]:
    """The database answers each use of the table with an error."""
    path = db.url.removeprefix("sqlite:///")

    def execute(statement: str) -> None:
        connection = sqlite3.connect(path, timeout=10)
        connection.execute(statement)
        connection.close()

    execute(f"ALTER TABLE {table} RENAME TO away")
    try:
        yield
    finally:
        execute(f"ALTER TABLE away RENAME TO {table}")
