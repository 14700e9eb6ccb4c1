"""The HTTP front door over real HTTP; the test itself plays the worker, through the ledger."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.body_limit import MAX_BODY_BYTES
from ledger.api_keys import create_api_key, revoke_api_key
from ledger.db import Database
from ledger.evidence import Finding, record_evidence
from ledger.migrate import migrate
from ledger.people import PeopleFile, Person, Role, find_principal, sync_people
from ledger.reading import list_runs
from ledger.relay import Relay
from ledger.result import Claim, ModelUse, RunResult
from ledger.runs import keep_masked_question
from ledger.spans import SpanRecorder
from ledger.steps import claim_step, complete_step
from ledger.ticket_changes import change_ticket
from ledger.ticket_views import TicketState
from ledger.tickets import TicketRequest, open_ticket
from ledger.watches import open_watches
from ledger.workflow import StepKind, StepSpec, WorkflowSpec
from ledger.workflows import publish_workflow
from tests.stand_ins.server import LoopbackServer
from tests.unit.ledger.world import end_blocked

SECRET = b"a secret of the tests"
NO_FILES = Path("no-such-folder")
ASKER, OTHER, ENGINEER, MUTE = (f"{name}@shop.example" for name in ("asker", "other", "engineer", "mute"))
QUESTION = "How long is the till's warranty?"
PROBLEM = "application/problem+json"

PEOPLE = PeopleFile(
    groups={"everyone": "All of us"},
    people=(
        Person(email=ASKER, name="Asker"),
        Person(email=OTHER, name="Other"),
        Person(email=ENGINEER, name="Engineer", roles=(Role.ENGINEER,)),
        Person(email=MUTE, name="May do nothing", roles=()),
    ),
)
ASK = WorkflowSpec(
    name="ask", description="Answers.", steps=(StepSpec(key="answer", kind=StepKind.CREW, uses="desk"),)
)


@dataclass(frozen=True, slots=True)
class Door:
    url: str
    db: Database
    keys: dict[str, str]

    def headers(self, email: str, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[email]}", **more}

    def post(self, email: str, key: str, **body: Any) -> httpx.Response:
        headers = self.headers(email, **{"Idempotency-Key": key})
        return httpx.post(f"{self.url}/v1/runs", json=body, headers=headers)

    def get(self, email: str, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", headers=self.headers(email))


@pytest.fixture
def door(db: Database) -> Iterator[Door]:
    sync_people(db, PEOPLE)
    publish_workflow(db, ASK)
    keys = {email: create_api_key(db, SECRET, email) for email in (ASKER, OTHER, ENGINEER, MUTE)}
    with LoopbackServer(create_app(db, SECRET, NO_FILES)) as server:
        yield Door(server.url, db, keys)


def play_worker(db: Database) -> None:
    """Finishes every step that is rung for, as a worker with one search and one claim would."""
    rung: list[str] = []
    Relay(db, rung.append).ring_due()
    for step_id in rung:
        claim = claim_step(db, step_id, "the test")
        assert claim is not None
        keep_masked_question(db, claim.run_id, claim.question, claim.question)
        with SpanRecorder(db, claim).span("retrieval", "search_knowledge", {"text": claim.question}) as span:
            span.output = {"hits": 1}
        finding = Finding(
            "passage", "it/tills.md", "Warranty", "Tills have a warranty of 3 years.", "2026-10-28"
        )
        [evidence] = record_evidence(db, claim, [finding])
        result = RunResult(
            outcome="answered",
            answer="Tills have a warranty of 3 years.",
            claims=(Claim(text="Tills have a warranty of 3 years.", evidence=(evidence.label,)),),
            specialist="help desk",
            model=ModelUse(name="scripted"),
        )
        complete_step(db, claim, result.model_dump(mode="json"))


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == PROBLEM
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert (problem["type"], problem["code"]) == (f"urn:crewdesk:{code}", code)
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"] == response.url.path
    return problem


class TestAskingForARun:
    def test_a_question_becomes_a_run_whose_answer_can_be_read(self, door: Door) -> None:
        accepted = door.post(ASKER, "one", question=QUESTION, thread="till talk")

        assert accepted.status_code == 202
        body = accepted.json()
        assert body["state"] == "queued"
        assert accepted.headers["location"] == body["links"]["run"] == f"/v1/runs/{body['run_id']}"
        before = door.get(ASKER, body["links"]["run"]).json()
        assert (before["state"], before["outcome"], before["answer"]) == ("queued", None, None)

        play_worker(door.db)

        run = door.get(ASKER, body["links"]["run"]).json()
        assert (run["outcome"], run["answer"]) == ("answered", "Tills have a warranty of 3 years.")
        assert (run["question"], run["thread"], run["principal"]) == (QUESTION, "till talk", ASKER)
        assert run["claims"] == [{"text": "Tills have a warranty of 3 years.", "evidence": ["E1"]}]
        assert [item["source"] for item in run["evidence"]] == ["it/tills.md"]
        assert run["timings"]["total_s"] >= 0

    def test_the_same_key_again_is_the_same_run(self, door: Door) -> None:
        first = door.post(ASKER, "one", question=QUESTION)
        play_worker(door.db)
        again = door.post(ASKER, "one", question=QUESTION)

        assert again.status_code == 200
        assert again.json()["run_id"] == first.json()["run_id"]
        assert again.json()["state"] == "answered"
        assert again.headers["location"] == first.headers["location"]

    def test_ten_equal_requests_at_once_are_one_run(self, door: Door) -> None:
        start = threading.Barrier(10)

        def ask(_number: int) -> httpx.Response:
            start.wait(timeout=10)
            return door.post(ASKER, "one", question=QUESTION)

        with ThreadPoolExecutor(10) as pool:
            responses = list(pool.map(ask, range(10)))

        assert sorted(response.status_code for response in responses) == [200] * 9 + [202]
        assert len({response.json()["run_id"] for response in responses}) == 1
        assert len(list_runs(door.db)) == 1

    def test_a_key_reused_for_another_question_is_a_conflict(self, door: Door) -> None:
        door.post(ASKER, "one", question=QUESTION)
        assert_problem(door.post(ASKER, "one", question="And the scanner's?"), 409, "external_id_reused")
        assert len(list_runs(door.db)) == 1

    def test_two_people_may_use_the_same_key(self, door: Door) -> None:
        mine, theirs = (door.post(who, "one", question=QUESTION) for who in (ASKER, OTHER))
        assert (mine.status_code, theirs.status_code) == (202, 202)
        assert mine.json()["run_id"] != theirs.json()["run_id"]


class TestConversations:
    def test_the_runs_of_a_thread_are_worked_on_one_after_another(self, door: Door) -> None:
        first, second = (door.post(ASKER, key, question=QUESTION, thread="till talk").json() for key in "ab")
        views = [door.get(ASKER, one["links"]["run"]).json() for one in (first, second)]
        assert [(view["state"], view["awaits_turn"]) for view in views] == [
            ("queued", False),
            ("queued", True),
        ]
        play_worker(door.db)
        views = [door.get(ASKER, one["links"]["run"]).json() for one in (first, second)]
        assert [(view["state"], view["awaits_turn"]) for view in views] == [
            ("answered", False),
            ("queued", False),
        ]

    def test_a_thread_is_shown_to_whoever_it_is_of(self, door: Door) -> None:
        door.post(ASKER, "one", question=QUESTION, thread="till/talk 1")
        play_worker(door.db)
        shown = door.get(ASKER, "/v1/threads/till/talk%201").json()
        assert (shown["thread"], shown["open_question"]) == ("till/talk 1", None)
        [turn] = shown["turns"]
        assert (turn["question"], turn["state"]) == (QUESTION, "answered")
        assert turn["facts"] == [
            {"text": "Tills have a warranty of 3 years.", "sources": ["it/tills.md"], "as_of": "2026-10-28"}
        ]
        for who, name in ((OTHER, "till/talk%201"), (ASKER, "another")):
            assert_problem(door.get(who, f"/v1/threads/{name}"), 404, "not_found")


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({}, "invalid_request"),
            ({"question": 7}, "invalid_request"),
            ({"question": QUESTION, "principal": OTHER}, "invalid_request"),
            ({"question": QUESTION, "thread": "a\x00b"}, "invalid_request"),
            ({"question": QUESTION, "thread": "x" * 256}, "invalid_request"),
            ({"question": "  "}, "invalid_input"),
            ({"question": "a\x00b"}, "invalid_input"),
            ({"question": "long " * 2_000}, "invalid_input"),
            ({"question": QUESTION, "workflow": "nonesuch"}, "unknown_workflow"),
            ({"question": QUESTION, "workflow": "No Name"}, "invalid_request"),
        ],
    )
    def test_a_request_that_does_not_fit_says_why_and_leaves_nothing(
        self, door: Door, body: dict[str, Any], code: str
    ) -> None:
        assert_problem(door.post(ASKER, "one", **body), 422, code)
        assert list_runs(door.db) == []
        assert door.post(ASKER, "one", question=QUESTION).status_code == 202  # the key is still free

    @pytest.mark.parametrize("key", [None, "", "x" * 201, "two words"])
    def test_an_idempotency_key_is_required_and_plain(self, door: Door, key: str | None) -> None:
        headers = door.headers(ASKER) | ({} if key is None else {"Idempotency-Key": key})
        response = httpx.post(f"{door.url}/v1/runs", json={"question": QUESTION}, headers=headers)
        assert "dempotency-" in assert_problem(response, 422, "invalid_request")["detail"]

    @pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 60_000, b'{"question": "\\ud800"}'])
    def test_what_is_no_json_is_a_bad_request(self, door: Door, body: bytes) -> None:
        headers = door.headers(ASKER, **{"Idempotency-Key": "one", "Content-Type": "application/json"})
        response = httpx.post(f"{door.url}/v1/runs", content=body, headers=headers)
        assert response.status_code in (400, 422)
        assert_problem(response, response.status_code, response.json()["code"])
        assert list_runs(door.db) == []

    def test_an_address_or_method_that_is_not_there(self, door: Door) -> None:
        assert_problem(httpx.get(f"{door.url}/v2"), 404, "not_found")
        wrong_method = httpx.delete(f"{door.url}/v1/runs", headers=door.headers(ASKER))
        assert_problem(wrong_method, 405, "method_not_allowed")
        assert wrong_method.headers["allow"] == "POST"

    @pytest.mark.parametrize("path", ["/v1/runs", "/nowhere"])
    @pytest.mark.parametrize("chunked", [False, True])
    def test_a_body_over_the_cap_is_refused_before_it_is_parsed(
        self, door: Door, path: str, chunked: bool
    ) -> None:
        too_much = b"{" + b" " * MAX_BODY_BYTES
        content = (too_much[i : i + 8192] for i in range(0, len(too_much), 8192)) if chunked else too_much
        assert_problem(httpx.post(f"{door.url}{path}", content=content), 413, "body_too_large")

    def test_a_caller_who_leaves_in_the_middle_of_the_body_has_asked_nothing(self, door: Door) -> None:
        body = b'{"question": "Is half a request a request?"}'
        headers = f"Authorization: Bearer {door.keys[ASKER]}\r\nIdempotency-Key: half\r\n"
        request = f"POST /v1/runs HTTP/1.1\r\nHost: x\r\n{headers}Content-Type: application/json\r\n"
        port = httpx.URL(door.url).port
        assert port is not None
        with socket.create_connection(("127.0.0.1", port)) as raw:
            raw.sendall(f"{request}Content-Length: {len(body) + 5}\r\n\r\n".encode() + body)
            raw.shutdown(socket.SHUT_WR)
            raw.recv(1000)
        assert door.post(ASKER, "half", question=QUESTION).status_code == 202
        assert len(list_runs(door.db)) == 1


class TestWhoMayCall:
    def test_without_a_valid_key_every_route_answers_the_same_401(self, door: Door) -> None:
        revoked = door.keys[OTHER]
        revoke_api_key(door.db, revoked.split("_")[1])
        forged = door.keys[ASKER][:-4] + "AAAA"
        details = set()
        for key in (revoked, forged, "cd_000000000000_" + "A" * 43, "nonsense"):
            for method, path in (("GET", "/v1/runs/x"), ("GET", "/v1/runs/x/spans"), ("POST", "/v1/runs")):
                response = httpx.request(method, door.url + path, headers={"Authorization": f"Bearer {key}"})
                details.add(assert_problem(response, 401, "unauthenticated")["detail"])
                assert response.headers["www-authenticate"].startswith("Bearer")
        assert len(details) == 1
        assert_problem(httpx.get(f"{door.url}/v1/runs/x"), 401, "unauthenticated")

    def test_a_known_caller_without_the_right_to_ask_gets_403(self, door: Door) -> None:
        assert_problem(door.post(MUTE, "one", question=QUESTION), 403, "not_permitted")
        assert list_runs(door.db) == []

    def test_somebody_elses_run_and_one_that_never_was_look_the_same(self, door: Door) -> None:
        run_id = door.post(ASKER, "one", question=QUESTION).json()["run_id"]
        nobodys = run_id[:-4] + ("0000" if run_id[-4:] != "0000" else "1111")
        for suffix in ("", "/spans"):
            hidden, absent = (door.get(OTHER, f"/v1/runs/{an_id}{suffix}") for an_id in (run_id, nobodys))
            assert_problem(hidden, 404, "not_found")
            assert hidden.text.replace(run_id, "ID") == absent.text.replace(nobodys, "ID")
            assert dict(hidden.headers) == dict(absent.headers) | {"date": hidden.headers["date"]}

    @pytest.mark.parametrize("given", ["x", "%00", "..%2f..", "0" * 500])
    def test_what_cannot_be_an_id_is_not_found(self, door: Door, given: str) -> None:
        assert door.get(ASKER, f"/v1/runs/{given}").status_code == 404

    def test_one_cancels_ones_own_run_and_nobody_elses(self, door: Door) -> None:
        run = door.post(ASKER, "to-cancel", question=QUESTION).json()["links"]["run"]
        for email in (OTHER, ENGINEER):
            refused = httpx.post(f"{door.url}{run}/cancel", headers=door.headers(email))
            assert_problem(refused, 404, "not_found")
        for _ in range(2):
            cancelled = httpx.post(f"{door.url}{run}/cancel", headers=door.headers(ASKER))
            assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
        shown = door.get(ASKER, run).json()
        assert (shown["state"], shown["progress"]["done"], shown["progress"]["total"]) == ("cancelled", 1, 1)

    def test_what_has_ended_cannot_be_cancelled(self, door: Door) -> None:
        run = door.post(ASKER, "too-late", question=QUESTION).json()["links"]["run"]
        play_worker(door.db)
        refused = httpx.post(f"{door.url}{run}/cancel", headers=door.headers(ASKER))
        assert_problem(refused, 409, "run_ended")

    def test_spans_are_for_the_asker_and_for_those_who_may_read_all_runs(self, door: Door) -> None:
        run_id = door.post(ASKER, "one", question=QUESTION).json()["run_id"]
        play_worker(door.db)
        for reader in (ASKER, ENGINEER):
            spans = door.get(reader, f"/v1/runs/{run_id}/spans").json()
            assert spans["run_id"] == run_id
            by_kind = {span["kind"]: span for span in spans["spans"]}
            root, search = by_kind["run"], by_kind["retrieval"]
            assert (root["parent_id"], root["input"]) == (None, {"question": QUESTION})
            assert (search["kind"], search["name"], search["output"]) == (
                "retrieval",
                "search_knowledge",
                {"hits": 1},
            )


class TestHealth:
    def test_ready_once_a_workflow_is_published(self, db: Database) -> None:
        with LoopbackServer(create_app(db, SECRET, NO_FILES)) as server:
            problem = assert_problem(httpx.get(f"{server.url}/readyz"), 503, "nothing_published")
            assert "crewdesk ingest" in problem["detail"]
            publish_workflow(db, ASK)
            assert httpx.get(f"{server.url}/readyz").json() == {"status": "ready"}

    def test_alive_but_not_ready_without_a_schema(self, tmp_path: Path) -> None:
        empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        with LoopbackServer(create_app(empty, SECRET, NO_FILES)) as server:
            assert httpx.get(f"{server.url}/livez").json() == {"status": "alive"}
            refused = httpx.get(f"{server.url}/readyz")
            assert_problem(refused, 503, "schema_outdated")
            assert int(refused.headers["retry-after"]) > 0
        empty.close()

    def test_a_database_that_is_away_is_503_without_its_name(self, tmp_path: Path) -> None:
        away = Database(f"sqlite:///{tmp_path / 'away.db'}")
        (tmp_path / "away.db").mkdir()
        with LoopbackServer(create_app(away, SECRET, NO_FILES)) as server:
            assert httpx.get(f"{server.url}/livez").status_code == 200
            key = "cd_000000000000_" + "A" * 43
            response = httpx.get(f"{server.url}/v1/runs/x", headers={"Authorization": f"Bearer {key}"})
            problem = assert_problem(response, 503, "database_unavailable")
            assert int(response.headers["retry-after"]) > 0
            assert problem["error_id"]
            assert str(tmp_path) not in response.text
            assert "unable to open" not in response.text
            assert_problem(httpx.get(f"{server.url}/readyz"), 503, "database_unavailable")
        away.close()

    def test_what_nobody_foresaw_is_a_500_with_an_id_and_nothing_else(self, db: Database) -> None:
        app = create_app(db, SECRET, NO_FILES)

        @app.get("/broken")
        def broken() -> None:
            raise ZeroDivisionError("the secret inside")

        with LoopbackServer(app) as server:
            problem = assert_problem(httpx.get(f"{server.url}/broken"), 500, "internal_error")
        assert problem["error_id"] in problem["detail"]
        assert "inside" not in str(problem)


def test_the_description_documents_the_problems_of_every_route(db: Database) -> None:
    with LoopbackServer(create_app(db, SECRET, NO_FILES)) as server:
        schema = httpx.get(f"{server.url}/openapi.json").json()
    assert "Problem" in schema["components"]["schemas"]
    post = schema["paths"]["/v1/runs"]["post"]["responses"]
    assert {"200", "202", "400", "401", "403", "409", "413", "422", "500", "503"} == set(post)
    for path in schema["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if not status.startswith("2"):
                    assert list(response["content"]) == [PROBLEM], (operation["operationId"], status)


class TestTheProcess:
    def test_it_serves_until_it_is_told_to_stop(self, tmp_path: Path) -> None:
        database = Database(f"sqlite:///{tmp_path / 'crewdesk.db'}")
        migrate(database)
        publish_workflow(database, ASK)
        database.close()
        with _api_process(tmp_path) as (process, url):
            _wait_until_ready(url, process)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=15) in (0, -signal.SIGTERM)
            assert "Traceback" not in process.communicate()[1]

    def test_an_unprepared_database_is_one_line_and_status_5(self, tmp_path: Path) -> None:
        with _api_process(tmp_path) as (process, _url):
            _out, error = process.communicate(timeout=30)
        assert process.returncode == 5
        [sentence] = [line for line in error.splitlines() if line.startswith("crewdesk api: ")]
        assert "crewdesk ingest" in sentence
        assert "Traceback" not in error


class _api_process:  # noqa: N801  reads as the function it stands for
    def __init__(self, var: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._var = var

    def __enter__(self) -> tuple[subprocess.Popen[str], str]:
        env = {
            "PATH": os.environ["PATH"],
            "CREWDESK_VAR": str(self._var),
            "CREWDESK_API_PORT": str(self._port),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "api"],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self._process, f"http://127.0.0.1:{self._port}"

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def _wait_until_ready(url: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[1]
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise TimeoutError(url)


def test_a_run_without_a_figure_can_be_watched_by_its_asker_alone(door: Door) -> None:
    run_id = door.post(ASKER, "1", question="How much did we sell?").json()["run_id"]
    path = f"/v1/runs/{run_id}/watch"
    early = httpx.post(f"{door.url}{path}", headers=door.headers(ASKER))
    assert (early.status_code, early.json()["code"]) == (422, "nothing_to_watch")
    rung: list[str] = []
    Relay(door.db, rung.append).ring_due()
    step = claim_step(door.db, rung[0], "the test")
    assert step is not None
    end_blocked(door.db, step, "sales.orders")
    assert door.get(ASKER, f"/v1/runs/{run_id}").json()["reason"] == "blocked"
    others = httpx.post(f"{door.url}{path}", headers=door.headers(OTHER))
    assert others.status_code == 404
    for _ in range(2):
        watched = httpx.post(f"{door.url}{path}", headers=door.headers(ASKER))
        assert (watched.status_code, watched.json()) == (
            202,
            {"run_id": run_id, "products": ["sales.orders"]},
        )
    assert len(open_watches(door.db)) == 1


ASKS = {
    "name": "asks",
    "description": "d",
    "steps": [
        {
            "key": "approve",
            "kind": "decision",
            "ask": {"question": "May it go out?", "options": ["yes", "no"], "by": "role:engineer"},
        },
        {"key": "end", "kind": "function", "uses": "end", "needs": ["approve"]},
    ],
}


@pytest.fixture
def waiting(door: Door) -> str:
    """A run of the asker's that waits for an engineer."""
    publish_workflow(door.db, WorkflowSpec.model_validate(ASKS))
    run_id: str = door.post(ASKER, "waits", workflow="asks", question=QUESTION).json()["run_id"]
    return run_id


def choose(door: Door, email: str, decision_id: str, body: object) -> httpx.Response:
    return httpx.post(f"{door.url}/v1/decisions/{decision_id}", json=body, headers=door.headers(email))


def test_a_run_tells_its_open_decision_and_who_may_takes_it(door: Door, waiting: str) -> None:
    [told] = door.get(ASKER, f"/v1/runs/{waiting}").json()["decisions"]
    [listed] = door.get(ENGINEER, "/v1/decisions").json()["decisions"]
    assert (told["question"], told["options"]) == ("May it go out?", ["yes", "no"])
    assert (listed["id"], listed["run_id"], listed["requester"]) == (told["id"], waiting, ASKER)
    assert door.get(ASKER, f"/v1/decisions/{told['id']}").json() == listed
    made = choose(door, ENGINEER, told["id"], {"choice": "yes"})
    assert made.status_code == 200
    assert (made.json()["state"], made.json()["decided_by"]) == ("decided", ENGINEER)
    assert door.get(ENGINEER, "/v1/decisions").json() == {"decisions": []}
    assert door.get(ENGINEER, f"/v1/decisions?run_id={waiting}").json()["decisions"] == [made.json()]
    run = door.get(ASKER, f"/v1/runs/{waiting}").json()
    assert (run["state"], run["decisions"]) == ("queued", [])


def test_a_decision_is_refused_to_whom_it_is_not_for(door: Door, waiting: str) -> None:
    [told] = door.get(ASKER, f"/v1/runs/{waiting}").json()["decisions"]
    assert door.get(OTHER, "/v1/decisions").json() == {"decisions": []}
    assert door.get(OTHER, f"/v1/decisions?run_id={waiting}").json() == {"decisions": []}
    nobody = "0" * 8 + "-0000" * 3 + "-" + "0" * 12
    yes = {"choice": "yes"}
    for response, status, code in (
        (door.get(OTHER, f"/v1/decisions/{told['id']}"), 404, "not_found"),
        (choose(door, OTHER, told["id"], yes), 404, "not_found"),
        (choose(door, ENGINEER, nobody, yes), 404, "not_found"),
        (choose(door, ENGINEER, "odd", yes), 404, "not_found"),
        (door.get(ENGINEER, "/v1/decisions?run_id=odd"), 404, "not_found"),
        (choose(door, ASKER, told["id"], yes), 403, "not_permitted"),
        (choose(door, ENGINEER, told["id"], {"choice": "maybe"}), 422, "invalid_input"),
        (choose(door, ENGINEER, told["id"], {"choice": ""}), 422, "invalid_request"),
        (choose(door, ENGINEER, told["id"], {}), 422, "invalid_request"),
        (httpx.get(f"{door.url}/v1/decisions"), 401, "unauthenticated"),
    ):
        assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert choose(door, ENGINEER, told["id"], {"choice": "no"}).status_code == 200
    late = choose(door, ENGINEER, told["id"], yes)
    assert (late.status_code, late.json()["code"]) == (409, "decision_closed")


def test_a_ticket_is_confirmed_by_whoever_asked_and_opened_again(door: Door) -> None:
    request = TicketRequest(
        title="Till",
        text="It is dark.",
        category="hardware",
        priority=2,
        priority_reason="Customers wait.",
        group="everyone",
    )
    number = open_ticket(door.db, find_principal(door.db, ASKER), request, "1").number
    path = f"/v1/tickets/{number}"

    def post(email: str, what: str, body: object = None) -> httpx.Response:
        return httpx.post(f"{door.url}{path}/{what}", json=body, headers=door.headers(email))

    early = post(ASKER, "confirm")
    assert (early.status_code, early.json()["code"]) == (409, "ticket_state_refused")
    change_ticket(door.db, find_principal(door.db, OTHER), number, TicketState.RESOLVED)
    assert post(OTHER, "confirm").status_code == 403
    assert post(ASKER, "confirm").json()["state"] == "closed"
    again = post(ASKER, "reopen", {"note": "It is dark again."}).json()
    assert (again["state"], again["history"][-1]["text"]) == ("reopened", "It is dark again.")
    assert door.get(ASKER, path).json() == again
    assert post(ASKER, "reopen", {"note": ""}).status_code == 422
    for unknown in ("99", "2147483647"):
        assert door.get(ASKER, f"/v1/tickets/{unknown}").status_code == 404
    for odd in ("0", "x", "2147483648"):
        assert door.get(ASKER, f"/v1/tickets/{odd}").status_code == 422
