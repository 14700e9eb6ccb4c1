"""The copy for Langfuse: what an observation is made of, and that each is shipped however often it takes."""

import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.typing import EventDict

from crews.tracing.shipper import LangfuseUnavailable, SpanShipper, create_shipper
from ledger.db import Database
from ledger.errors import SettingsInvalid
from ledger.ids import span_id_for, trace_id_for
from ledger.settings import SchedulerSettings
from ledger.spans import SpanRecorder, list_spans, mark_shipped, unshipped_spans
from ledger.steps import complete_step
from tests.stand_ins.faults import HttpStatus, LoseResponse
from tests.stand_ins.otlp import OtlpReceiver, PartialSuccess
from tests.stand_ins.otlp_spans import ReceivedSpan
from tests.unit.ledger.world import ANSWER, EMPLOYEE, ask, claim, furnish, pass_time

OBSERVATION = "langfuse.observation."


@pytest.fixture
def langfuse() -> Iterator[OtlpReceiver]:
    # Langfuse's SDK keeps one client per public key for the whole process.
    with OtlpReceiver(public_key=f"pk-lf-{uuid.uuid4()}") as receiver:
        yield receiver


@pytest.fixture
def shipper(sqlite_db: Database, langfuse: OtlpReceiver) -> Iterator[SpanShipper]:
    shipper = SpanShipper(sqlite_db, langfuse.base_url, langfuse.public_key, langfuse.secret_key)
    yield shipper
    shipper.close()


def finished_run(db: Database, external_id: str = "1", **changes: Any) -> str:
    """A run with one span of each kind; a second passes inside every span."""
    run_id = ask(db, external_id, **changes).run_id
    held = claim(db, run_id)
    recorder = SpanRecorder(db, held)
    with recorder.span("step", "answer", {}, parent_id=recorder.root_id, span_id=recorder.step_span_id):
        with recorder.span("crew", "crew desk", {"question": "?"}) as crew:
            with recorder.span("generation", "desk · main", {"messages": [1]}, parent_id=crew.id) as call:
                pass_time(db, 1.000001)
                call.output = "the reply"
                call.attributes.update(
                    model="gpt-4o-mini",
                    operation="desk",
                    usage={"input": 12, "output": 3, "total": 15},
                    cost_usd=0.0042,
                )
            with recorder.span("tool", "tool search", {"query": "x"}, parent_id=crew.id) as tool:
                with recorder.span("retrieval", "search passages", {}, parent_id=tool.id):
                    pass_time(db, 1)
                tool.failure = "refused"
        with recorder.span("guardrail", "grounding", {}):
            pass_time(db, 1)
    complete_step(db, held, ANSWER)
    return run_id


def by_name(langfuse: OtlpReceiver) -> dict[str, ReceivedSpan]:
    return {span.name: span for span in langfuse.spans()}


def test_an_observation_is_its_row(sqlite_db: Database, langfuse: OtlpReceiver, shipper: SpanShipper) -> None:
    furnish(sqlite_db)
    run_id = finished_run(sqlite_db, thread="thread-1")
    assert shipper.ship_batch() == 7
    rows = {row.id: row for row in list_spans(sqlite_db, run_id)}
    assert {span.span_id for span in langfuse.spans()} == set(rows)
    for span in langfuse.spans():
        row = rows[span.span_id]
        assert (span.trace_id, span.parent_id, span.name) == (trace_id_for(run_id), row.parent_id, row.name)
        assert row.ended_at is not None
        assert (moment(span.start_ns), moment(span.end_ns)) == (row.started_at, row.ended_at)
        assert span.attributes["user.id"] == EMPLOYEE
        assert span.attributes["session.id"] == "thread-1"
        assert span.attributes["langfuse.trace.name"] == "ask"
    kinds = {span.name: span.observation_type for span in langfuse.spans()}
    assert kinds == {
        "ask": "span",
        "answer": "chain",
        "crew desk": "agent",
        "desk · main": "generation",
        "tool search": "tool",
        "search passages": "retriever",
        "grounding": "guardrail",
    }


def moment(nanoseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)


def test_a_generation_carries_model_usage_input_and_output(
    sqlite_db: Database, langfuse: OtlpReceiver, shipper: SpanShipper
) -> None:
    finished_run(furnish(sqlite_db))
    shipper.ship_batch()
    [generation] = langfuse.generations()
    attributes = generation.attributes
    assert attributes[OBSERVATION + "model.name"] == "gpt-4o-mini"
    assert attributes[OBSERVATION + "usage_details"] == '{"input": 12, "output": 3, "total": 15}'
    assert attributes[OBSERVATION + "cost_details"] == '{"total": 0.0042}'
    assert attributes[OBSERVATION + "input"] == '{"messages": [1]}'
    assert attributes[OBSERVATION + "output"] == "the reply"
    failed = by_name(langfuse)["tool search"].attributes
    assert (failed[OBSERVATION + "level"], failed[OBSERVATION + "status_message"]) == ("ERROR", "refused")
    assert by_name(langfuse)["answer"].attributes[OBSERVATION + "level"] == "DEFAULT"


def test_only_the_root_is_a_traces_root(
    sqlite_db: Database, langfuse: OtlpReceiver, shipper: SpanShipper
) -> None:
    furnish(sqlite_db)
    runs = [finished_run(sqlite_db, str(number)) for number in range(2)]
    shipper.ship_batch()
    marked = [span for span in langfuse.spans() if span.attributes.get("langfuse.internal.is_app_root")]
    assert {span.span_id for span in marked} == {span_id_for(run_id) for run_id in runs}
    assert all(span.parent_id is None for span in marked)


def test_a_run_that_goes_on_ships_what_has_ended(
    sqlite_db: Database, langfuse: OtlpReceiver, shipper: SpanShipper
) -> None:
    held = claim(sqlite_db, ask(furnish(sqlite_db)).run_id)
    recorder = SpanRecorder(sqlite_db, held)
    with recorder.span("step", "answer", {}, parent_id=recorder.root_id, span_id=recorder.step_span_id):
        with recorder.span("guardrail", "grounding", {}):
            pass
        assert shipper.ship_batch() == 1
    assert shipper.ship_batch() == 1
    complete_step(sqlite_db, held, ANSWER)
    assert shipper.ship_batch() == 1
    assert shipper.ship_batch() == 0
    assert [span.name for span in langfuse.spans()] == ["grounding", "answer", "ask"]


@pytest.mark.parametrize("status", [500, 503, 401, 429])
def test_while_langfuse_refuses_nothing_counts_as_shipped(
    sqlite_db: Database, langfuse: OtlpReceiver, shipper: SpanShipper, status: int
) -> None:
    finished_run(furnish(sqlite_db))
    langfuse.fail(HttpStatus(status))
    with pytest.raises(LangfuseUnavailable, match=f"Langfuse answered {status}"):
        shipper.ship_batch()
    assert len(unshipped_spans(sqlite_db, 100)) == 7
    assert (shipper.ship_batch(), shipper.ship_batch()) == (7, 0)
    assert (langfuse.received, langfuse.duplicates) == (7, 0)


@pytest.mark.parametrize("refusal", [HttpStatus(400), HttpStatus(413), PartialSuccess(2)])
def test_a_batch_that_is_not_taken_whole_goes_in_halves(
    sqlite_db: Database,
    langfuse: OtlpReceiver,
    shipper: SpanShipper,
    refusal: HttpStatus | PartialSuccess,
) -> None:
    finished_run(furnish(sqlite_db))
    langfuse.fail(refusal)
    assert (shipper.ship_batch(), shipper.ship_batch()) == (7, 0)
    assert len(langfuse.spans()) == 7


def test_a_span_that_is_never_taken_keeps_nothing_else_back(
    sqlite_db: Database, langfuse: OtlpReceiver, shipper: SpanShipper, logged: list[EventDict]
) -> None:
    finished_run(furnish(sqlite_db))
    # The whole, its first half of three, and the first of those.
    langfuse.fail(HttpStatus(413), times=3)
    owed = unshipped_spans(sqlite_db, 100)
    assert (shipper.ship_batch(), shipper.ship_batch()) == (7, 0)
    assert [span.span_id for span in langfuse.spans()] == [span.id for span in owed[1:]]
    assert [event["span"] for event in logged if event["event"] == "span_refused"] == [owed[0].id]


def test_a_wrong_key_keeps_everything_back(sqlite_db: Database, langfuse: OtlpReceiver) -> None:
    finished_run(furnish(sqlite_db))
    wrong = SpanShipper(sqlite_db, langfuse.base_url, langfuse.public_key, "sk-lf-wrong")
    with pytest.raises(LangfuseUnavailable, match="401"):
        wrong.ship_batch()
    wrong.close()
    assert len(unshipped_spans(sqlite_db, 100)) == 7
    assert langfuse.received == 0


def test_what_was_owed_during_an_outage_comes_later_in_order(
    sqlite_db: Database, langfuse: OtlpReceiver, shipper: SpanShipper
) -> None:
    furnish(sqlite_db)
    with langfuse.server.down():
        for number in range(3):
            finished_run(sqlite_db, str(number))
            with pytest.raises(LangfuseUnavailable, match="cannot be reached"):
                shipper.ship_batch()
    owed = unshipped_spans(sqlite_db, 100)
    assert shipper.ship_batch() == len(owed) == 21
    assert [span.span_id for span in langfuse.spans()] == [span.id for span in owed]
    assert langfuse.duplicates == 0


def test_an_acknowledgement_that_was_lost_means_sending_again(
    sqlite_db: Database, langfuse: OtlpReceiver, shipper: SpanShipper
) -> None:
    run_id = finished_run(furnish(sqlite_db))
    langfuse.fail(LoseResponse())
    with pytest.raises(LangfuseUnavailable):
        shipper.ship_batch()
    before = langfuse.spans()
    assert shipper.ship_batch() == 7
    assert (langfuse.received, langfuse.duplicates) == (14, 7)
    assert langfuse.spans() == before
    assert {span.span_id for span in before} == {row.id for row in list_spans(sqlite_db, run_id)}


def test_a_crash_before_it_was_noted_means_sending_again(
    sqlite_db: Database,
    langfuse: OtlpReceiver,
    shipper: SpanShipper,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Crash(BaseException):
        pass

    def crash(_db: Database, _ids: list[str]) -> None:
        raise Crash

    finished_run(furnish(sqlite_db))
    monkeypatch.setattr("crews.tracing.shipper.mark_shipped", crash)
    with pytest.raises(Crash):
        shipper.ship_batch()
    monkeypatch.setattr("crews.tracing.shipper.mark_shipped", mark_shipped)
    assert shipper.ship_batch() == 7
    assert (langfuse.received, len(langfuse.spans())) == (14, 7)


def test_batches_follow_one_another(
    sqlite_db: Database, langfuse: OtlpReceiver, shipper: SpanShipper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crews.tracing.shipper.BATCH", 3)
    finished_run(furnish(sqlite_db))
    assert [shipper.ship_batch() for _ in range(4)] == [3, 3, 1, 0]
    assert [batch.spans for batch in langfuse.batches] == [3, 3, 1]


def test_the_loop_outlives_an_outage_and_stops_when_told(
    sqlite_db: Database,
    langfuse: OtlpReceiver,
    shipper: SpanShipper,
    monkeypatch: pytest.MonkeyPatch,
    logged: list[EventDict],
) -> None:
    monkeypatch.setattr("crews.tracing.shipper.IDLE_S", 0.01)
    monkeypatch.setattr("crews.tracing.shipper.LONGEST_WAIT_S", 0.05)
    finished_run(furnish(sqlite_db))
    langfuse.fail(HttpStatus(503), times=3)
    stop = threading.Event()
    thread = threading.Thread(target=shipper.run, args=(stop,))
    thread.start()
    try:
        langfuse.wait_for(7)
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
    kept = [event for event in logged if event["event"] == "spans_kept_back"]
    assert [event["next_try_s"] for event in kept] == [0.02, 0.04, 0.05]
    assert langfuse.duplicates == 0


def test_a_shipper_takes_all_of_its_settings_or_none(sqlite_db: Database) -> None:
    assert create_shipper(SchedulerSettings(), sqlite_db) is None
    half = SchedulerSettings(langfuse_host="http://127.0.0.1:9", langfuse_public_key="pk-lf-x")
    with pytest.raises(SettingsInvalid, match="CREWDESK_LANGFUSE_SECRET_KEY"):
        create_shipper(half, sqlite_db)
