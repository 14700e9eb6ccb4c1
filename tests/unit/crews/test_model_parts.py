"""The gateway's parts by themselves: breaker, deadline, failure classes, shrinking, circles, canary."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from crews.errors import OutputInvalid, StepCancelled
from crews.last_word import fitting_output, parse_output
from crews.models.breaker import RESTS_S, TRIPS_AFTER, Admission, CircuitBreaker
from crews.models.chain import takes_part
from crews.models.failures import FailureClass, classify_failure, retry_after_s
from crews.models.progress import IDLE_TURNS, SAME_CALLS, IdleTurns, repeats_itself
from crews.models.shrink import estimate_tokens, fit
from crews.models.timed_call import CallAbandoned, CallTimedOut, call_within
from crews.specs import Limits
from crews.step_context import Budget
from crews.tools.untrusted import draw_boundary, mark_untrusted
from ledger.data_class import DataClass, strictest
from ledger.settings import ModelCandidate
from ledger.spending import Usage

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Hand:
    """A clock moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def tripped(clock: Hand) -> CircuitBreaker:
    breaker = CircuitBreaker(clock)
    for _ in range(TRIPS_AFTER):
        admission = breaker.admit()
        assert admission is Admission.CALL
        breaker.failed(admission)
    return breaker


def test_a_candidate_that_keeps_failing_rests_and_is_tried_by_one() -> None:
    clock = Hand()
    breaker = tripped(clock)
    assert breaker.admit() is None
    clock.now = RESTS_S
    with ThreadPoolExecutor(8) as pool:
        admitted = [answer for answer in pool.map(lambda _n: breaker.admit(), range(8)) if answer]
    assert admitted == [Admission.PROBE]
    breaker.failed(Admission.PROBE)
    assert breaker.admit() is None
    clock.now = 2 * RESTS_S
    assert breaker.admit() is Admission.PROBE
    breaker.succeeded()
    assert breaker.admit() is Admission.CALL


def test_a_probe_that_tells_nothing_leaves_the_next_one_to_tell() -> None:
    clock = Hand()
    breaker = tripped(clock)
    clock.now = RESTS_S
    assert breaker.admit() is Admission.PROBE
    breaker.left(Admission.CALL)
    assert breaker.admit() is None
    breaker.left(Admission.PROBE)
    assert breaker.admit() is Admission.PROBE


def test_one_success_forgets_the_failures_before_it() -> None:
    breaker = CircuitBreaker(Hand())
    for _ in range(TRIPS_AFTER - 1):
        breaker.failed(Admission.CALL)
    breaker.succeeded()
    breaker.failed(Admission.CALL)
    assert breaker.admit() is Admission.CALL


def test_a_call_ends_with_what_it_brings_or_raises() -> None:
    never = threading.Event()
    assert call_within(10, lambda: "said", never) == "said"
    with pytest.raises(ZeroDivisionError):
        call_within(10, lambda: 1 // 0, never)


def test_a_call_that_does_not_end_is_left() -> None:
    going, cancelled = threading.Event(), threading.Event()
    with pytest.raises(CallTimedOut):
        call_within(0.01, going.wait, cancelled)
    cancelled.set()
    with pytest.raises(CallAbandoned):
        call_within(60, going.wait, cancelled)
    going.set()


def test_a_wait_ends_when_the_step_is_cancelled() -> None:
    budget = Budget(Limits(), deadline=0)
    budget.wait(0)
    budget.cancelled.set()
    with pytest.raises(StepCancelled):
        budget.wait(3600)


class Answered(Exception):
    def __init__(self, status_code: int, **headers: str) -> None:
        self.status_code = status_code
        self.response = httpx.Response(status_code, headers=headers)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Answered(429), FailureClass.RATE_LIMITED),
        (Answered(401), FailureClass.KEY_REFUSED),
        (Answered(408), FailureClass.TIMEOUT),
        (Answered(413), FailureClass.CONTEXT_OVERFLOW),
        (Answered(502), FailureClass.MODEL_ERROR),
        (CallTimedOut("x"), FailureClass.TIMEOUT),
        (httpx.ReadTimeout("x"), FailureClass.TIMEOUT),
        (httpx.RemoteProtocolError("x"), FailureClass.CONNECTION_CUT),
        (httpx.ReadError("x"), FailureClass.CONNECTION_CUT),
        (ConnectionRefusedError("x"), FailureClass.UNREACHABLE),
        (KeyError("x"), FailureClass.MODEL_ERROR),
    ],
)
def test_failures_are_told_apart_by_their_cause(error: Exception, failure: FailureClass) -> None:
    assert classify_failure(error) is failure
    wrapped = RuntimeError("a client's own")
    wrapped.__cause__ = error
    assert classify_failure(wrapped) is failure


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "Mon, 02 Mar 2026 09:00:30 GMT"}, 30.0),
        ({"retry-after": "Mon, 02 Mar 2026 08:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_a_number_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(Answered(429, **headers), NOW) == seconds


def conversation(*relevances: float | None) -> list[dict[str, Any]]:
    evidence = [
        {"id": f"E{n}", "relevance": relevance, "text": f"passage {n} " * 100}
        for n, relevance in enumerate(relevances, start=1)
    ]
    return [
        {"role": "user", "content": "the question"},
        {
            "role": "tool",
            "tool_call_id": "c1",
            "content": json.dumps({"status": "found", "evidence": evidence}),
        },
    ]


def test_evidence_of_the_lowest_rank_is_left_out_first_and_named() -> None:
    messages = conversation(0.2, 0.9, None, 0.5)
    shorter = fit(messages, None, estimate_tokens(messages, None))
    assert shorter is not None
    answer = json.loads(shorter[1]["content"])
    assert [item["id"] for item in answer["evidence"]] == ["E2", "E3"]
    assert answer["left_out"] == ["E1", "E4"]
    assert "too long" in answer["left_out_because"]
    assert shorter[0] == messages[0]
    assert len(json.loads(messages[1]["content"])["evidence"]) == 4


def test_the_last_passage_is_cut_and_then_there_is_nothing_left() -> None:
    messages = conversation(0.3)
    shorter = fit(messages, None, estimate_tokens(messages, None) - 50)
    assert shorter is not None
    assert "too long for this model" in shorter[1]["content"]
    assert fit(messages, None, 10) is None
    assert fit(messages, None, 10_000) is messages


def test_a_passage_that_is_cut_keeps_its_closing_mark() -> None:
    messages = conversation(0.3)
    answer = json.loads(messages[1]["content"])
    [item] = answer["evidence"]
    boundary = draw_boundary()
    item["text"] = mark_untrusted(item["text"] * 4, boundary)
    messages[1]["content"] = json.dumps(answer)
    # Cut twice: what was cut before holds a note of ours behind its mark.
    shorter = fit(messages, None, estimate_tokens(messages, None) // 3)
    assert shorter is not None
    text = json.loads(shorter[1]["content"])["evidence"][0]["text"]
    marked, closing, note = text.partition(f"</untrusted {boundary}>")
    assert marked.startswith(f"<untrusted {boundary}>passage 1")
    assert (bool(closing), note) == (True, " [... the rest is too long for this model]")


def called(times: int, results: str = "same", arguments: str = '{"q": "x", "n": 1}') -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for number in range(times):
        function = {"name": "search", "arguments": arguments if number else '{"n": 1, "q": "x"}'}
        messages.append({"role": "assistant", "tool_calls": [{"id": f"c{number}", "function": function}]})
        content = results if results == "same" else f"{results} {number}"
        messages.append({"role": "tool", "tool_call_id": f"c{number}", "content": content})
    return messages


def test_the_same_call_with_the_same_result_is_a_circle() -> None:
    assert not repeats_itself(called(SAME_CALLS - 1))
    assert repeats_itself(called(SAME_CALLS))
    assert not repeats_itself(called(9, results="other"))
    assert not repeats_itself(called(2, arguments="not json"))


def test_turns_that_find_nothing_new_are_counted() -> None:
    turns = IdleTurns()
    turns.begin(0)
    assert not any(turns.too_many(0) for _ in range(IDLE_TURNS))
    assert not turns.too_many(1)
    assert not any(turns.too_many(1) for _ in range(IDLE_TURNS - 1))
    assert turns.too_many(1)
    turns.begin(1)
    assert not turns.too_many(1)


def test_a_canary_takes_its_share_of_the_runs_and_always_the_same_ones() -> None:
    def share(percent: int) -> list[bool]:
        canary = ModelCandidate(name="canary", model="openai/m", canary_percent=percent)
        return [takes_part(canary, f"run {number}") for number in range(2000)]

    assert share(20) == share(20)
    assert 0.17 < sum(share(20)) / 2000 < 0.23
    assert (sum(share(0)), sum(share(100))) == (0, 2000)
    # Who was in stays in when the share grows.
    assert all(more for some, more in zip(share(20), share(50), strict=True) if some)


def test_a_class_covers_what_is_milder() -> None:
    assert DataClass.CONFIDENTIAL.covers(DataClass.INTERNAL)
    assert not DataClass.INTERNAL.covers(DataClass.CONFIDENTIAL)
    assert DataClass.PII.covers(DataClass.PII)
    assert strictest([DataClass.INTERNAL, DataClass.PII, DataClass.PUBLIC]) is DataClass.PII
    assert strictest([]) is DataClass.PUBLIC


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (Limits(), None),
        (Limits(max_tokens=1200), None),
        (Limits(max_tokens=1199), "used up the 1,199 tokens of this step"),
        (Limits(max_cost=Decimal("0.0003")), None),
        (Limits(max_cost=Decimal("0.0002")), "used up the 0.0002 USD of this step"),
    ],
)
def test_a_steps_limits_are_held_before_a_call(limits: Limits, told: str | None) -> None:
    budget = Budget(limits, deadline=0)
    budget.add_usage(Usage(900, 100, 200))
    assert budget.reached_by(Usage(100, 100, 100)) == told


class Point(BaseModel):
    x: int


@pytest.mark.parametrize(
    "said",
    [
        '{"x": 1}',
        'Here:\n```json\n{"x": 1}\n```\nDone {or not}.',
        'I use {braces} and {"y": 2}, but the answer is {"x": 1}.',
        '{"x": 1} {"x": 2}',
    ],
)
def test_the_first_object_that_fits_is_the_answer(said: str) -> None:
    assert parse_output(Point, said) == Point(x=1)


def test_one_repair_is_asked_for_with_the_complaint() -> None:
    prompts: list[str] = []

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return '{"x": 1}' if len(prompts) == 1 else "no"

    assert fitting_output(Point, '{"x": "many"}', ask) == Point(x=1)
    assert "x: Input should be a valid integer" in prompts[0]
    with pytest.raises(OutputInvalid, match="gave output that does not fit"):
        fitting_output(Point, "{" * 9000, ask)
