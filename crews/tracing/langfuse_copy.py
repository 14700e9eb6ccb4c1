"""Turns spans of the ledger into Langfuse observations, through Langfuse's own SDK.

Ids and times come from the row, so the same row is the same observation however often it is sent. Nothing
here goes to the network: the SDK is given an exporter that only collects.
"""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from langfuse import (
    Langfuse,
    LangfuseAgent,
    LangfuseChain,
    LangfuseGeneration,
    LangfuseGuardrail,
    LangfuseOtelSpanAttributes,
    LangfuseRetriever,
    LangfuseSpan,
    LangfuseTool,
)
from opentelemetry import baggage, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator

from ledger.spans import Span

# The SDK exports only spans of its own scope, so ours are made under its name.
_SCOPE = "langfuse-sdk"
_TRACE_MARK = "langfuse_trace_id"

_WRAPPERS: dict[str, Any] = {
    "crew": LangfuseAgent,
    "step": LangfuseChain,
    "tool": LangfuseTool,
    "retrieval": LangfuseRetriever,
    "guardrail": LangfuseGuardrail,
}


class _RowIds(IdGenerator):
    """Gives out the ids of the row that is being turned into a span."""

    def __init__(self) -> None:
        self.trace_id = 0
        self.span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


class _Collector(SpanExporter):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans.extend(spans)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        return None


class ObservationMaker:
    """`make` is not for several threads at once; it guards itself."""

    def __init__(self, public_key: str, secret_key: str, host: str) -> None:
        self._lock = threading.Lock()
        self._ids = _RowIds()
        self._collector = _Collector()
        provider = TracerProvider(
            id_generator=self._ids, resource=Resource.create({"service.name": "crewdesk"})
        )
        self._client = Langfuse(
            public_key=public_key,
            secret_key=secret_key,
            host=host,
            tracer_provider=provider,
            span_exporter=self._collector,
        )
        self._tracer = provider.get_tracer(_SCOPE, attributes={"public_key": public_key})

    def make(self, spans: Sequence[Span], traces: Mapping[str, Mapping[str, Any]]) -> list[ReadableSpan]:
        """One finished OpenTelemetry span for each, in order; `traces` says by run what a trace is filed
        under."""
        with self._lock:
            self._collector.spans.clear()
            for span in spans:
                self._observe(span, traces.get(span.run_id, {}))
            self._client.flush()
            made = {f"{item.context.span_id:016x}": item for item in self._collector.spans if item.context}
            return [made[span.id] for span in spans]

    def close(self) -> None:
        self._client.shutdown()

    def _observe(self, span: Span, filed_under: Mapping[str, Any]) -> None:
        self._ids.trace_id, self._ids.span_id = int(span.trace_id, 16), int(span.id, 16)
        otel_span = self._tracer.start_span(
            span.name,
            context=_parent_context(span),
            start_time=_nanoseconds(span.started_at),
            attributes=_trace_attributes(filed_under),
        )
        common = {
            "otel_span": otel_span,
            "langfuse_client": self._client,
            "input": span.input,
            "output": span.output,
            "metadata": {"kind": span.kind, "run_id": span.run_id, **_metadata(span)},
            "level": "ERROR" if span.state in ("error", "interrupted") else "DEFAULT",
            "status_message": span.attributes.get("failure"),
        }
        if span.kind == "generation":
            usage = span.attributes.get("usage")
            model = span.attributes.get("model")
            cost = span.attributes.get("cost_usd")
            LangfuseGeneration(
                **common,
                model=model,
                usage_details=usage,
                cost_details=None if cost is None else {"total": cost},
            ).end(end_time=_end(span))
        else:
            _WRAPPERS.get(span.kind, LangfuseSpan)(**common).end(end_time=_end(span))


def _parent_context(span: Span) -> Any:
    # A root needs an empty context, or whatever span this process has open would become its parent.
    if span.parent_id is None:
        return trace.set_span_in_context(trace.INVALID_SPAN)
    parent = trace.SpanContext(
        trace_id=int(span.trace_id, 16),
        span_id=int(span.parent_id, 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    # The mark by which the SDK knows that this trace has its root elsewhere; without it each span would be
    # one.
    marked = baggage.set_baggage(_TRACE_MARK, span.trace_id)
    return trace.set_span_in_context(trace.NonRecordingSpan(parent), marked)


def _trace_attributes(filed_under: Mapping[str, Any]) -> dict[str, str]:
    names = {
        LangfuseOtelSpanAttributes.TRACE_NAME: filed_under.get("name"),
        LangfuseOtelSpanAttributes.TRACE_USER_ID: filed_under.get("user_id"),
        LangfuseOtelSpanAttributes.TRACE_SESSION_ID: filed_under.get("session_id"),
    }
    return {key: value for key, value in names.items() if isinstance(value, str)}


def _metadata(span: Span) -> dict[str, Any]:
    shown_elsewhere = {"usage", "cost_usd", "model", "failure"}
    return {key: value for key, value in span.attributes.items() if key not in shown_elsewhere}


def _end(span: Span) -> int:
    return _nanoseconds(span.ended_at or span.started_at)


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1_000
