"""The desk the Slack tests stand at. The ledger's time moves only when a test moves it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bots.service import SlackFrontDoor
from ledger.clock import ManualClock
from ledger.db import Database
from ledger.migrate import migrate
from ledger.people import PeopleFile, Person, sync_people
from ledger.workflows import publish_workflow
from ledger.workspace import Channel, Workspace, WorkspaceFile
from tests.integration.slack.desk import ASK, ASKER, MUTE, Desk, open_door
from tests.stand_ins.slack import FakeSlack


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = ManualClock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC))
    db = Database(f"sqlite:///{tmp_path / 'crewdesk.db'}", clock)
    migrate(db)
    publish_workflow(db, ASK)
    with FakeSlack() as slack:
        asker, mute = slack.add_user(ASKER), slack.add_user(MUTE)
        stranger = slack.add_user("stranger@shop.example")
        people = PeopleFile(
            groups={"everyone": "All of us", "finance": "Finance"},
            people=(
                Person(email=ASKER, name="Asker", slack=asker.id, groups=("everyone", "finance")),
                Person(email=MUTE, name="May do nothing", slack=mute.id, roles=()),
            ),
        )
        sync_people(db, people)
        channel, finance = (slack.add_channel(name, [asker, stranger, mute]) for name in ("shop", "finance"))
        file = WorkspaceFile(name="Shop", channels={finance.id: Channel(groups=("everyone", "finance"))})
        workspace = Workspace(tmp_path, file, people)
        yield Desk(slack, db, clock, workspace, asker, stranger, mute, channel, finance)
    db.close()


@pytest.fixture
def door(desk: Desk) -> Iterator[SlackFrontDoor]:
    with open_door(desk) as opened:
        yield opened
