"""What a run leaves behind: evidence, spans and files, on both databases."""

import math
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger.artifacts import ArtifactStore
from ledger.budgets import Budgets
from ledger.db import ROW_LOCK, Database
from ledger.errors import LeaseLost, NotFound
from ledger.evidence import Finding, list_evidence, record_evidence
from ledger.ids import span_id_for, trace_id_for
from ledger.reading import run_state
from ledger.schema import RunRow, SpanRow
from ledger.spans import Span, SpanRecorder, list_spans, mark_shipped, unshipped_spans
from ledger.spending import Purse, Usage, usage_in
from ledger.steps import LEASE_S, MAX_ATTEMPTS, ClaimedStep, complete_step, extend_lease
from ledger.sweep import sweep_steps
from tests.conftest import START
from tests.unit.ledger.world import ANSWER, ask, at_once, claim, furnish, pass_time


@pytest.fixture
def held(db: Database) -> ClaimedStep:
    return claim(db, ask(furnish(db)).run_id)


def _finding(text: str, **changes: object) -> Finding:
    values = {"kind": "passage", "source": "handbook.md", "locator": "p. 1", "text": text, "as_of": None}
    return Finding(**{**values, **changes})


def test_findings_are_labelled_in_order_and_kept_as_they_were(db: Database, held: ClaimedStep) -> None:
    findings = [_finding(f"text {number}", details={"n": number}) for number in range(12)]
    assert [item.label for item in record_evidence(db, held, findings)] == [f"E{n}" for n in range(1, 13)]
    kept = list_evidence(db, held.run_id)
    assert [item.finding for item in kept] == findings
    assert [item.label for item in kept][8:] == ["E9", "E10", "E11", "E12"]
    assert record_evidence(db, held, []) == []


def test_a_finding_made_twice_keeps_its_label(db: Database, held: ClaimedStep) -> None:
    record_evidence(db, held, [_finding("one")])
    again = record_evidence(db, held, [_finding("two"), _finding("one"), _finding("two")])
    assert [item.label for item in again] == ["E2", "E1", "E2"]
    assert len(list_evidence(db, held.run_id)) == 2


def test_another_attempt_finds_for_itself(db: Database, held: ClaimedStep) -> None:
    record_evidence(db, held, [_finding("one")])
    pass_time(db, LEASE_S + 1)
    second = claim(db, held.run_id)
    assert [item.label for item in record_evidence(db, second, [_finding("one")])] == ["E2"]
    mine = list_evidence(db, held.run_id, step_id=second.step_id, attempt=second.attempt)
    assert [item.label for item in mine] == ["E2"]


def test_parallel_steps_never_share_a_label(db: Database) -> None:
    run_id = ask(furnish(db), workflow="pair").run_id
    sides = [claim(db, run_id, "left"), claim(db, run_id, "right")]

    def find(side: ClaimedStep, worker: int) -> list[str]:
        texts = [f"{side.key} {worker} {number}" for number in range(5)]
        return [item.label for text in texts for item in record_evidence(db, side, [_finding(text)])]

    calls = [lambda side=side, worker=worker: find(side, worker) for side in sides for worker in range(3)]
    results = at_once(*calls)
    labels = [label for result in results if isinstance(result, list) for label in result]
    assert sorted(labels, key=lambda label: int(label[1:])) == [f"E{n}" for n in range(1, 31)], results


def test_recording_beside_a_heartbeat_and_an_end_breaks_neither(db: Database) -> None:
    furnish(db)
    for number in range(6):
        stale = claim(db, ask(db, str(number)).run_id)
        pass_time(db, LEASE_S + 1)
        fresh = claim(db, stale.run_id)
        results = at_once(
            lambda stale=stale: len([record_evidence(db, stale, [_finding(f"{n}")]) for n in range(5)]),
            lambda fresh=fresh: extend_lease(db, fresh),
            lambda fresh=fresh: complete_step(db, fresh, ANSWER),
        )
        assert results[0] == 5
        assert results[2] is None, results


def test_whoever_records_for_a_step_does_not_stand_in_the_way_of_its_end(postgres_url: str) -> None:
    db = Database(postgres_url)
    held = claim(db, ask(furnish(db)).run_id)
    end = threading.Thread(target=complete_step, args=(db, held, ANSWER))
    with db.record() as session:
        session.get_one(RunRow, held.run_id, with_for_update=ROW_LOCK)
        end.start()
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        deadline = time.monotonic() + 20
        while not session.scalar(waiting):
            assert time.monotonic() < deadline, "the worker never came to wait for the run"
        # Refers to the step, which the waiting worker has locked.
        session.add(SpanRow(id="0" * 16, trace_id="t", run_id=held.run_id, step_id=held.step_id, **_SPAN))
    end.join(timeout=20)
    assert run_state(db, held.run_id) == "answered"
    db.close()


_SPAN = {"kind": "tool", "name": "x", "state": "open", "started_at": START, "attributes": {}}


def test_a_source_may_be_as_long_as_an_address(db: Database, held: ClaimedStep) -> None:
    address = f"https://tents.example/{'prices/' * 280}"
    record_evidence(db, held, [replace(_finding("one"), source=address)])
    assert [item.finding.source for item in list_evidence(db, held.run_id)] == [address]


def test_text_no_database_can_hold_is_still_evidence(db: Database, held: ClaimedStep) -> None:
    odd = _finding("a\x00b\ud800c", source="odd\x00.pdf", locator="\udfff")
    record_evidence(db, held, [odd])
    kept = list_evidence(db, held.run_id)[0].finding
    assert (kept.text, kept.source, kept.locator) == ("a\ufffdb\ufffdc", "odd\ufffd.pdf", "\ufffd")


def _newest(db: Database, held: ClaimedStep) -> Span:
    """The only span that a test began itself."""
    (span,) = (span for span in list_spans(db, held.run_id) if span.kind != "run")
    return span


def test_a_span_is_there_from_its_beginning(db: Database, held: ClaimedStep) -> None:
    recorder = SpanRecorder(db, held)
    opened = recorder.begin("llm", "main", {"messages": ["hello"]})
    span = _newest(db, held)
    assert (span.state, span.ended_at, span.seconds, span.input) == (
        "open",
        None,
        None,
        {"messages": ["hello"]},
    )
    assert (span.parent_id, span.trace_id) == (recorder.step_span_id, trace_id_for(held.run_id))
    opened.output, opened.attributes = {"text": "hi"}, {"tokens": 3}
    recorder.end(opened)
    span = _newest(db, held)
    assert (span.state, span.output, span.attributes) == ("ok", {"text": "hi"}, {"tokens": 3})
    assert span.seconds is not None


def test_spans_form_a_tree_below_the_run(db: Database, held: ClaimedStep) -> None:
    recorder = SpanRecorder(db, held)
    with (
        recorder.span(
            "step", "answer", None, parent_id=recorder.root_id, span_id=recorder.step_span_id
        ) as step,
        recorder.span("tool", "search", {"q": "x"}, parent_id=step.id),
    ):
        pass
    root, outer, inner = sorted(list_spans(db, held.run_id), key=lambda span: len(_path(db, held, span.id)))
    assert (root.id, outer.parent_id, inner.parent_id) == (span_id_for(held.run_id), root.id, outer.id)


def test_what_is_around_a_call_is_on_record_before_the_call_and_when_it_ends(
    db: Database, held: ClaimedStep
) -> None:
    recorder = SpanRecorder(db, held)
    with recorder.span("crew", "crew desk", {"question": "?"}) as crew:
        with recorder.span("generation", "desk · main", {"messages": []}, parent_id=crew.id):
            during = {span.kind: span.state for span in list_spans(db, held.run_id)}
        with recorder.span("guardrail", "grounding", {"claims": 1}) as check:
            check.output = {"kept": 1}
        after = {span.kind: (span.state, span.output) for span in list_spans(db, held.run_id)}
    assert during == {"run": "open", "crew": "open", "generation": "open"}
    assert (after["crew"][0], after["guardrail"]) == ("open", ("ok", {"kept": 1}))
    crew_row, call = (
        next(span for span in list_spans(db, held.run_id) if span.kind == kind)
        for kind in ("crew", "generation")
    )
    assert crew_row.state == "ok"
    assert crew_row.started_at <= call.started_at


def test_a_steps_last_words_are_committed_with_what_it_came_to(db: Database, held: ClaimedStep) -> None:
    recorder = SpanRecorder(db, held)
    with recorder.step("answer", None) as step:
        with (
            recorder.span("crew", "crew desk", {"question": "?"}) as crew,
            recorder.span("generation", "desk · main", {"messages": []}, parent_id=crew.id),
        ):
            pass
        step.output = "done"
    before = {span.kind: span.state for span in list_spans(db, held.run_id)}
    with recorder.handing_over() as last_words:
        complete_step(db, held, ANSWER, last_words)
    after = {span.kind: (span.state, span.output) for span in list_spans(db, held.run_id)}
    assert before == {"run": "open", "step": "open", "crew": "open", "generation": "open"}
    assert {state for state, _output in after.values()} == {"ok"}
    assert after["step"] == ("ok", "done")


def test_within_a_step_the_end_of_a_call_is_on_record_before_the_next_one(
    db: Database, held: ClaimedStep
) -> None:
    recorder = SpanRecorder(db, held)
    with recorder.step("answer", None):
        with recorder.span("tool", "tool first", {}) as first:
            first.output = "found"
        with recorder.span("generation", "desk · main", {"messages": []}):
            during = {span.name: (span.state, span.output) for span in list_spans(db, held.run_id)}
    assert during["tool first"] == ("ok", "found")
    assert during["desk · main"] == ("open", None)


def test_the_end_of_a_models_call_is_on_record_with_what_it_cost(db: Database, held: ClaimedStep) -> None:
    recorder, purse = SpanRecorder(db, held), Purse(db, Budgets(), held.run_id, held.principal)
    with recorder.step("answer", None):
        for used in (Usage(10, 5, 0), Usage()):
            with recorder.span("generation", "desk · main", {"messages": []}) as call:
                call.output = "said"
            with recorder.handing_over() as last_words:
                purse.settle(purse.reserve(0), used, last_words)
            # Also where there was nothing to book.
            assert [span.output for span in list_spans(db, held.run_id, "generation")][-1] == "said"
    with db.read() as session:
        assert usage_in(session, held.run_id) == Usage(10, 5, 0)


def test_last_words_are_kept_also_where_the_step_was_lost(db: Database, held: ClaimedStep) -> None:
    recorder = SpanRecorder(db, held)
    with recorder.step("answer", None):
        pass
    pass_time(db, LEASE_S + 1)
    claim(db, held.run_id)
    with pytest.raises(LeaseLost), recorder.handing_over() as last_words:
        complete_step(db, held, ANSWER, last_words)
    assert _newest(db, held).id == recorder.step_span_id


def test_a_step_that_fails_is_on_record_at_once(db: Database, held: ClaimedStep) -> None:
    recorder = SpanRecorder(db, held)
    with pytest.raises(LookupError), recorder.step("answer", {"asked": 1}):
        raise LookupError("nothing there")
    span = _newest(db, held)
    assert (span.state, span.attributes["failure"]) == ("error", "LookupError: nothing there")


def _path(db: Database, held: ClaimedStep, span_id: str | None) -> list[str]:
    parents = {span.id: span.parent_id for span in list_spans(db, held.run_id)}
    path = []
    while span_id is not None:
        path.append(span_id)
        span_id = parents[span_id]
    return path


def test_an_error_is_noted_and_passes_on(db: Database, held: ClaimedStep) -> None:
    recorder = SpanRecorder(db, held)

    def search() -> None:
        with recorder.span("tool", "search", {}) as span:
            span.output = "half"
            raise LookupError("no sk-abcdefghijklmnopqrstuvwxyz here")

    with pytest.raises(LookupError):
        search()
    span = _newest(db, held)
    assert (span.state, span.output) == ("error", "half")
    assert span.attributes["failure"] == "LookupError: no [masked secret] here"


@pytest.mark.parametrize(
    "odd", [math.nan, math.inf, "a\x00b\ud800", {1: {2, 3}, (4,): b"x"}, ["sk-abcdefghijklmnopqrstuvwxyz"]]
)
def test_whatever_a_tool_answers_can_be_recorded_and_holds_no_secret(
    db: Database, held: ClaimedStep, odd: object
) -> None:
    recorder = SpanRecorder(db, held)
    with recorder.span("tool", "n\x00ame" + "x" * 500, odd) as span:
        span.output, span.attributes = odd, {"odd": odd}
    span = _newest(db, held)
    assert (span.state, span.input) == ("ok", span.output)
    assert "sk-abc" not in str([span.input, span.output, span.attributes])


def test_spans_of_a_dead_worker_are_closed_by_whoever_takes_over(db: Database, held: ClaimedStep) -> None:
    recorder = SpanRecorder(db, held)
    opened = recorder.begin("llm", "main", "the prompt it had sent")
    pass_time(db, LEASE_S + 1)
    claim(db, held.run_id)
    span = _newest(db, held)
    assert (span.state, span.input) == ("interrupted", "the prompt it had sent")
    opened.output = "too late"
    recorder.end(opened)
    assert _newest(db, held).state == "interrupted"


def test_spans_of_a_parked_step_are_closed(db: Database, held: ClaimedStep) -> None:
    SpanRecorder(db, held).begin("llm", "main", "x")
    for _ in range(MAX_ATTEMPTS - 1):
        pass_time(db, LEASE_S + 1)
        SpanRecorder(db, claim(db, held.run_id)).begin("llm", "main", "x")
    pass_time(db, LEASE_S + 1)
    sweep_steps(db)
    assert [span.state for span in list_spans(db, held.run_id) if span.kind == "llm"] == ["interrupted"] * 3


def test_ended_spans_are_shipped_once_oldest_first(db: Database, held: ClaimedStep) -> None:
    recorder = SpanRecorder(db, held)
    still_open = recorder.begin("step", "answer", None)
    for name in ("one", "two", "three"):
        with recorder.span("tool", name, None):
            pass
        pass_time(db, 1)
    first = unshipped_spans(db, 2)
    assert [span.name for span in first] == ["one", "two"]
    mark_shipped(db, [span.id for span in first])
    mark_shipped(db, [])
    recorder.end(still_open)
    complete_step(db, held, ANSWER)
    left = [span.name for span in unshipped_spans(db, 10)]
    assert left[0] == "three"
    assert sorted(left) == ["answer", "ask", "three"]


def test_files_are_kept_once_and_checked_when_read(db: Database, held: ClaimedStep, tmp_path: Path) -> None:
    store = ArtifactStore(db, tmp_path / "artifacts")
    report = store.save(held.run_id, "report.pdf", "application/pdf", b"content")
    copy = store.save(held.run_id, "copy.pdf", "application/pdf", b"content")
    empty = store.save(held.run_id, "empty.txt", "text/plain", b"")
    assert store.list(held.run_id) == [report, copy, empty]
    assert (store.read(report), store.read(empty), report.size_bytes) == (b"content", b"", 7)
    files = [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]
    assert sorted(path.name for path in files) == sorted({f"{report.sha256}.pdf", f"{empty.sha256}.txt"})
    for change in (lambda path: path.write_bytes(b"Content"), Path.unlink):
        change(next(path for path in files if path.stem == report.sha256))
        with pytest.raises(NotFound, match=r"report\.pdf"):
            store.read(report)


def test_saving_again_mends_a_damaged_file(db: Database, held: ClaimedStep, tmp_path: Path) -> None:
    store = ArtifactStore(db, tmp_path)
    report = store.save(held.run_id, "report.pdf", "application/pdf", b"content")
    store.path_of(report.sha256, report.name).write_bytes(b"dam")
    store.save(held.run_id, "report.pdf", "application/pdf", b"content")
    assert store.read(report) == b"content"


def test_a_replay_finds_under_the_labels_of_its_record(db: Database, held: ClaimedStep) -> None:
    found = record_evidence(db, held, [_finding("one"), _finding("two")], ["E4", "E2"])
    assert [item.label for item in found] == ["E4", "E2"]
    # What the record does not know takes what is free, and so does what was found under a label it gave away.
    more = [_finding(text) for text in ("three", "four", "five")]
    assert [item.label for item in record_evidence(db, held, more)] == ["E1", "E3", "E5"]
    assert [item.label for item in record_evidence(db, held, [_finding("six")], ["E3"])] == ["E6"]


def test_a_replay_that_was_broken_off_finds_under_the_same_labels_again(
    db: Database, held: ClaimedStep
) -> None:
    record_evidence(db, held, [_finding("one")], ["E4"])
    again = replace(held, attempt=held.attempt + 1)
    assert [item.label for item in record_evidence(db, again, [_finding("one")], ["E4"])] == ["E4"]
    [kept] = list_evidence(db, held.run_id, step_id=held.step_id, attempt=again.attempt)
    assert kept.label == "E4"
