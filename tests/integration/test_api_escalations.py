"""What was handed over, and incidents, over real HTTP: for whom they are there, and what each may do."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from ledger.api_keys import create_api_key
from ledger.db import Database
from ledger.escalations import HandOff, hand_over
from ledger.incidents import gather_incident
from ledger.people import PeopleFile, Person, find_principal, sync_people
from ledger.tickets import TicketRequest, get_ticket, open_ticket
from tests.integration.test_api import SECRET, Door, assert_problem
from tests.stand_ins.server import LoopbackServer

ASKER, OWNER, OTHER = (f"{name}@shop.example" for name in ("asker", "owner", "other"))
PEOPLE = PeopleFile(
    groups={"everyone": "All of us", "books": "The books"},
    people=(
        Person(email=ASKER, name="Asker"),
        Person(email=OWNER, name="Owner", groups=("everyone", "books")),
        Person(email=OTHER, name="Other"),
    ),
)


@pytest.fixture
def door(db: Database, tmp_path: Path) -> Iterator[Door]:
    """A ticket of the asker's, in an incident, and handed over to the owner's group."""
    sync_people(db, PEOPLE)
    request = TicketRequest(
        title="Reports",
        text="Missing.",
        category="reports",
        priority=1,
        priority_reason="x",
        group="books",
    )
    number = open_ticket(db, find_principal(db, ASKER), request, "t").number
    gather_incident(db, "Reports", [number])
    card = HandOff(
        task="Reports are missing.",
        context="The job failed.",
        error=None,
        attempted=(),
        priority=1,
        urgency="A meeting.",
        expertise="Reports",
        expected="They are there.",
        team="Reporting",
        contact="reporting@shop.example",
        group="books",
        due_at=db.clock.now() + timedelta(hours=2),
        ticket=number,
    )
    hand_over(db, find_principal(db, ASKER), card, "key")
    keys = {email: create_api_key(db, SECRET, email) for email in (ASKER, OWNER, OTHER)}
    with LoopbackServer(create_app(db, SECRET, tmp_path)) as server:
        yield Door(server.url, db, keys)


def post(door: Door, email: str, path: str, body: Any = None) -> httpx.Response:
    return httpx.post(f"{door.url}{path}", json=body, headers=door.headers(email))


def test_it_is_there_for_whom_it_concerns(door: Door) -> None:
    for email in (ASKER, OWNER):
        [listed] = door.get(email, "/v1/escalations").json()["escalations"]
        read = door.get(email, "/v1/escalations/1").json()
        assert listed == read
        assert (read["state"], read["overdue"], read["requester"], read["ticket"]) == (
            "open",
            False,
            ASKER,
            1,
        )
    assert door.get(OTHER, "/v1/escalations").json() == {"escalations": []}
    assert_problem(door.get(OTHER, "/v1/escalations/1"), 404, "not_found")
    assert_problem(door.get(OWNER, "/v1/escalations/99999999999999"), 422, "invalid_request")
    assert httpx.get(f"{door.url}/v1/escalations").status_code == 401


def test_its_group_takes_it_up_and_settles_it(door: Door) -> None:
    assert_problem(post(door, ASKER, "/v1/escalations/1/acknowledge"), 403, "not_permitted")
    assert_problem(post(door, OTHER, "/v1/escalations/1/acknowledge"), 404, "not_found")
    taken = post(door, OWNER, "/v1/escalations/1/acknowledge").json()
    assert (taken["state"], taken["acknowledged_by"]) == ("acknowledged", OWNER)
    assert_problem(post(door, OWNER, "/v1/escalations/1/resolve", {"note": " "}), 422, "invalid_input")
    assert_problem(post(door, OWNER, "/v1/escalations/1/resolve", {"text": "x"}), 422, "invalid_request")
    done = post(door, OWNER, "/v1/escalations/1/resolve", {"note": "They are there."}).json()
    assert (done["state"], done["note"]) == ("resolved", "They are there.")
    again = post(door, OWNER, "/v1/escalations/1/resolve", {"note": "They are there."})
    assert_problem(again, 409, "escalation_state_refused")
    assert door.get(OWNER, "/v1/escalations").json() == {"escalations": []}
    assert len(door.get(OWNER, "/v1/escalations?settled=true").json()["escalations"]) == 1


def test_one_word_reaches_everybody_of_an_incident(door: Door) -> None:
    [incident] = door.get(ASKER, "/v1/incidents").json()["incidents"]
    assert (incident["number"], incident["title"], incident["people"]) == (1, "Reports", 1)
    assert door.get(OTHER, "/v1/incidents").json() == {"incidents": []}
    assert_problem(door.get(OTHER, "/v1/incidents/1"), 404, "not_found")
    assert door.get(ASKER, "/v1/incidents/1").json()["tickets"] == [1]
    body = {"text": "It works.", "resolves": True}
    assert_problem(post(door, ASKER, "/v1/incidents/1/updates", body), 404, "not_found")
    told = post(door, OWNER, "/v1/incidents/1/updates", body).json()
    assert (told["incident"]["state"], told["tickets"]) == ("resolved", [1])
    assert get_ticket(door.db, find_principal(door.db, ASKER), 1).history[-1].text == "It works."
    assert len(door.get(ASKER, "/v1/incidents?resolved=true").json()["incidents"]) == 1
