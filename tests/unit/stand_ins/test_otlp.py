"""The OTLP receiver, sent real spans in OpenTelemetry's own encoding, and by the Langfuse SDK."""

import base64
import gzip
from collections.abc import Iterator

import httpx
import pytest
from langfuse import Langfuse
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.stand_ins.faults import HttpStatus, LoseResponse, ResetBefore, Slow
from tests.stand_ins.otlp import TRACES_PATH, OtlpReceiver, PartialSuccess

HEADERS = {
    "x-langfuse-ingestion-version": "4",
    "content-type": "application/x-protobuf",
    "content-encoding": "gzip",
}


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as running:
        yield running


@pytest.fixture
def spans() -> tuple[ReadableSpan, ...]:
    """A generation inside a step."""
    memory = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "crewdesk"}))
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("ours")
    with (
        tracer.start_as_current_span("step"),
        tracer.start_as_current_span(
            "prompt", attributes={"langfuse.observation.type": "generation", "tokens": 7, "tags": ["a", "b"]}
        ),
    ):
        pass
    return memory.get_finished_spans()


def send(receiver: OtlpReceiver, spans: tuple[ReadableSpan, ...], timeout_s: float = 5) -> httpx.Response:
    return httpx.post(
        f"{receiver.base_url}{TRACES_PATH}",
        auth=(receiver.public_key, receiver.secret_key),
        headers=HEADERS,
        content=gzip.compress(encode_spans(spans).SerializeToString()),
        timeout=timeout_s,
    )


def test_spans_are_kept_whole(receiver: OtlpReceiver, spans: tuple[ReadableSpan, ...]) -> None:
    assert send(receiver, spans).status_code == 200
    prompt, step = receiver.wait_for(2)
    sent = spans[0]
    assert sent.context is not None
    assert prompt.span_id == f"{sent.context.span_id:016x}"
    assert (prompt.trace_id, prompt.parent_id) == (f"{sent.context.trace_id:032x}", step.span_id)
    assert (prompt.start_ns, prompt.end_ns) == (sent.start_time, sent.end_time)
    assert dict(prompt.attributes) == {
        "langfuse.observation.type": "generation",
        "tokens": 7,
        "tags": ("a", "b"),
    }
    assert (step.name, step.parent_id, step.resource["service.name"]) == ("step", None, "crewdesk")
    assert [span.name for span in receiver.generations()] == ["prompt"]


def test_the_same_spans_again_are_counted_and_kept_once(
    receiver: OtlpReceiver, spans: tuple[ReadableSpan, ...]
) -> None:
    for _ in range(3):
        send(receiver, spans)
    assert (len(receiver.spans()), receiver.received, receiver.duplicates) == (2, 6, 4)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (401, {"authorization": "Basic cGstd3Jvbmc6c2std3Jvbmc="}),
        (401, {"authorization": "Bearer cGs="}),
        (400, {"x_langfuse_ingestion_version": "3"}),
        (415, {"content_type": "application/json"}),
        (400, {"content_encoding": "identity"}),
        (415, {"content_encoding": "br"}),
    ],
)
def test_a_wrong_header_is_refused_and_nothing_is_kept(
    receiver: OtlpReceiver, spans: tuple[ReadableSpan, ...], status: int, headers: dict[str, str]
) -> None:
    body = gzip.compress(encode_spans(spans).SerializeToString())
    auth = None if "authorization" in headers else (receiver.public_key, receiver.secret_key)
    given = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer = httpx.post(f"{receiver.base_url}{TRACES_PATH}", auth=auth, headers=given, content=body)
    assert answer.status_code == status
    assert receiver.spans() == ()
    assert receiver.batches[0].status == status


@pytest.mark.parametrize("status", [401, 503, 207])
def test_an_ordered_status_takes_nothing_and_passes(
    receiver: OtlpReceiver, spans: tuple[ReadableSpan, ...], status: int
) -> None:
    receiver.fail(HttpStatus(status))
    assert send(receiver, spans).status_code == status
    assert receiver.received == 0
    assert send(receiver, spans).status_code == 200
    assert (receiver.received, len(receiver.batches)) == (2, 2)


@pytest.mark.parametrize(("fault", "taken"), [(ResetBefore(), 0), (LoseResponse(), 2)])
def test_a_reset_before_or_after_the_spans_were_taken(
    receiver: OtlpReceiver, spans: tuple[ReadableSpan, ...], fault: ResetBefore | LoseResponse, taken: int
) -> None:
    receiver.fail(fault)
    with pytest.raises(httpx.TransportError):
        send(receiver, spans)
    assert receiver.received == taken
    send(receiver, spans)
    assert (len(receiver.spans()), receiver.duplicates) == (2, taken)


def test_a_slow_answer_and_a_partial_success(receiver: OtlpReceiver, spans: tuple[ReadableSpan, ...]) -> None:
    receiver.fail(Slow(1))
    with pytest.raises(httpx.ReadTimeout):
        send(receiver, spans[:1], timeout_s=0.1)
    receiver.fail(PartialSuccess(1))
    answer = ExportTraceServiceResponse.FromString(send(receiver, spans).content)
    assert answer.partial_success.rejected_spans == 1
    assert (len(receiver.spans()), receiver.duplicates) == (1, 1)


def test_down_time_keeps_the_spans_and_the_address(
    receiver: OtlpReceiver, spans: tuple[ReadableSpan, ...]
) -> None:
    send(receiver, spans[:1])
    with receiver.server.down(), pytest.raises(httpx.ConnectError):
        send(receiver, spans)
    send(receiver, spans)
    assert (len(receiver.spans()), receiver.duplicates) == (2, 1)
    health = httpx.get(f"{receiver.base_url}/api/public/health").json()
    assert health == {"status": "OK", "version": "4.60.0"}


def test_the_langfuse_sdk_s_generation_arrives(receiver: OtlpReceiver) -> None:
    keys = f"{receiver.public_key}:{receiver.secret_key}"
    exporter = OTLPSpanExporter(
        endpoint=f"{receiver.base_url}{TRACES_PATH}",
        headers={
            "authorization": "Basic " + base64.b64encode(keys.encode()).decode(),
            "x-langfuse-ingestion-version": "4",
        },
    )
    langfuse = Langfuse(
        public_key=receiver.public_key,
        secret_key=receiver.secret_key,
        base_url=receiver.base_url,
        span_exporter=exporter,
        tracer_provider=TracerProvider(),
    )
    with langfuse.start_as_current_observation(
        name="prompt", as_type="generation", model="gpt-4o-mini", input="hi"
    ):
        pass
    langfuse.flush()
    langfuse.shutdown()
    assert receiver.generations()[0].attributes["langfuse.observation.model.name"] == "gpt-4o-mini"
