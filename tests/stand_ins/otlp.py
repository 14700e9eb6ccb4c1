"""Langfuse's OTLP endpoint and health check: takes spans as Langfuse does and keeps one per span id.

What was refused, lost by an ordered fault or rejected in a partial success is not among the spans.
"""

import base64
import binascii
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.stand_ins.faults import Fault, FaultPlan, serve_with
from tests.stand_ins.journal import Journal
from tests.stand_ins.otlp_spans import BatchRefused, ReceivedSpan, decode_spans
from tests.stand_ins.server import LoopbackServer

TRACES_PATH = "/api/public/otel/v1/traces"
INGESTION_HEADER = "x-langfuse-ingestion-version"
PROTOBUF = "application/x-protobuf"


@dataclass(frozen=True, slots=True)
class Batch:
    """One POST that reached the endpoint, with the status it got (None: a fault decided)."""

    status: int | None
    spans: int
    bytes_received: int
    received_at_s: float
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class PartialSuccess:
    """Status 200, and the batch's last `rejected` spans not taken."""

    rejected: int
    message: str = "the stand-in was told to reject these"


class OtlpReceiver:
    """`received` counts every span taken, repeats among them; `duplicates` counts the repeats."""

    def __init__(
        self, *, public_key: str = "pk-lf-loopback", secret_key: str = "sk-lf-loopback", port: int = 0
    ) -> None:
        self.public_key = public_key
        self.secret_key = secret_key
        self.faults = FaultPlan()
        self.batches: Journal[Batch] = Journal()
        self._changed = threading.Condition()
        self._spans: dict[tuple[str, str], ReceivedSpan] = {}
        self._received = 0
        self._partial: list[PartialSuccess] = []
        routes = [
            Route(TRACES_PATH, self._take, methods=["POST"]),
            Route("/api/public/health", self._health, methods=["GET"]),
        ]
        self.server = LoopbackServer(Starlette(routes=routes), port=port)

    @property
    def base_url(self) -> str:
        """Langfuse's own address, without the path of the endpoint."""
        return self.server.url

    @property
    def received(self) -> int:
        with self._changed:
            return self._received

    @property
    def duplicates(self) -> int:
        with self._changed:
            return self._received - len(self._spans)

    def spans(self) -> tuple[ReceivedSpan, ...]:
        """One per trace id and span id, as last sent, in the order they first came."""
        with self._changed:
            return tuple(self._spans.values())

    def generations(self) -> tuple[ReceivedSpan, ...]:
        return tuple(span for span in self.spans() if span.observation_type == "generation")

    def wait_for(self, count: int, timeout_s: float = 10.0) -> tuple[ReceivedSpan, ...]:
        """The spans once there are at least `count` different ones."""
        return self.wait_until(lambda spans: len(spans) >= count, timeout_s)

    def wait_until(
        self, satisfied: Callable[[tuple[ReceivedSpan, ...]], bool], timeout_s: float = 10.0
    ) -> tuple[ReceivedSpan, ...]:
        with self._changed:
            if not self._changed.wait_for(lambda: satisfied(self.spans()), timeout_s):
                names = [span.name for span in self.spans()]
                raise TimeoutError(f"not within {timeout_s} s; spans: {names}, batches: {self.batches!r}")
            return self.spans()

    def fail(self, fault: Fault | PartialSuccess, times: int = 1) -> None:
        if not isinstance(fault, PartialSuccess):
            self.faults.add(fault, times=times)
            return
        with self._changed:
            self._partial.extend([fault] * times)

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()

    async def _health(self, _: Request) -> Response:
        return JSONResponse({"status": "OK", "version": "4.60.0"})

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        fault = self.faults.take(TRACES_PATH)
        reached: list[Batch] = []

        async def work() -> Response:
            answer, batch = self._ingest(request, body)
            reached.append(batch)
            return answer

        try:
            return await serve_with(fault, request, work)
        finally:
            self.batches.append(*(reached or [Batch(None, 0, len(body), time.monotonic(), repr(fault))]))

    def _ingest(self, request: Request, body: bytes) -> tuple[Response, Batch]:
        try:
            self._check_headers(request)
            spans = list(decode_spans(body, request.headers.get("content-encoding", "identity")))
        except BatchRefused as refused:
            problem = {"error": type(refused).__name__, "message": refused.problem}
            batch = Batch(refused.status, 0, len(body), time.monotonic(), refused.problem)
            return JSONResponse(problem, status_code=refused.status), batch
        partial = self._store(spans)
        answer = ExportTraceServiceResponse(partial_success=partial)
        response = Response(answer.SerializeToString(), media_type=PROTOBUF)
        return response, Batch(200, len(spans), len(body), time.monotonic())

    def _check_headers(self, request: Request) -> None:
        if _basic_credentials(request.headers.get("authorization", "")) != (self.public_key, self.secret_key):
            raise BatchRefused(401, "the public or secret key is wrong")
        if request.headers.get(INGESTION_HEADER) != "4":
            raise BatchRefused(400, f"the header {INGESTION_HEADER} has to be 4")
        if request.headers.get("content-type", "").partition(";")[0] != PROTOBUF:
            raise BatchRefused(415, f"the content type has to be {PROTOBUF}")

    def _store(self, spans: list[ReceivedSpan]) -> ExportTracePartialSuccess | None:
        with self._changed:
            partial = self._partial.pop(0) if self._partial else None
            taken = spans[: max(0, len(spans) - partial.rejected)] if partial else spans
            self._received += len(taken)
            self._spans.update({(span.trace_id, span.span_id): span for span in taken})
            self._changed.notify_all()
        if partial is None:
            return None
        rejected = len(spans) - len(taken)
        return ExportTracePartialSuccess(rejected_spans=rejected, error_message=partial.message)


def _basic_credentials(header: str) -> tuple[str, str]:
    kind, _, encoded = header.partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (user, password) if kind.lower() == "basic" else ("", "")
