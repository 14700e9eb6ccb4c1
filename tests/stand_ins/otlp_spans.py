"""Spans as an OTLP export request carries them, in plain values."""

import gzip
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf ships no types
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

OBSERVATION_TYPE = "langfuse.observation.type"


class BatchRefused(Exception):
    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status
        self.problem = problem


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]
    scope: str

    @property
    def observation_type(self) -> str | None:
        found = self.attributes.get(OBSERVATION_TYPE)
        return None if found is None else str(found)


def decode_spans(body: bytes, encoding: str) -> Iterable[ReceivedSpan]:
    if encoding not in ("gzip", "identity"):
        raise BatchRefused(415, f"the content encoding {encoding!r} is not taken")
    try:
        request = ExportTraceServiceRequest.FromString(gzip.decompress(body) if encoding == "gzip" else body)
    except (DecodeError, OSError, EOFError, zlib.error) as error:
        raise BatchRefused(400, f"the body is no export request: {error}") from None
    return [
        _received(span, resource_spans.resource.attributes, scope_spans.scope.name)
        for resource_spans in request.resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]


def _received(span: Span, resource: Iterable[KeyValue], scope: str) -> ReceivedSpan:
    if len(span.trace_id) != 16 or len(span.span_id) != 8:
        raise BatchRefused(400, f"the span {span.name!r} has ids of the wrong length")
    return ReceivedSpan(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex() or None,
        name=span.name,
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        attributes=_plain(span.attributes),
        resource=_plain(resource),
        scope=scope,
    )


def _plain(pairs: Iterable[KeyValue]) -> Mapping[str, Any]:
    return MappingProxyType({pair.key: _value(pair.value) for pair in pairs})


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return tuple(map(_value, value.array_value.values))
    if kind == "kvlist_value":
        return _plain(value.kvlist_value.values)
    return None if kind is None else getattr(value, kind)
