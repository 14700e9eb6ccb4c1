"""Sends the ledger's spans to Langfuse when it can be reached, in order, as often as it takes.

A span counts as shipped when Langfuse acknowledged its batch; until then it stays owed. Sending one twice
changes nothing, because its ids come from the run. No run ever waits for this.
"""

import base64
import gzip
import threading

import httpx
from google.protobuf.message import DecodeError
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from crews.tracing.langfuse_copy import ObservationMaker
from ledger.db import Database
from ledger.errors import CrewdeskError, DatabaseUnavailable, ErrorKind, SettingsInvalid
from ledger.log import get_logger
from ledger.settings import SchedulerSettings
from ledger.spans import Span, mark_shipped, trace_attributes, unshipped_spans

_log = get_logger(__name__)

BATCH = 200
IDLE_S = 1.0
LONGEST_WAIT_S = 30.0
# Malformed, too large, not processable: sending the same again would not help.
_NEVER = (400, 413, 422)


class LangfuseUnavailable(CrewdeskError):
    code = "langfuse_unavailable"
    kind = ErrorKind.UNAVAILABLE
    worth_retrying = True


class SpanShipper:
    """One per installation is enough; two only send some spans twice."""

    def __init__(self, db: Database, host: str, public_key: str, secret_key: str) -> None:
        self._db = db
        self._maker = ObservationMaker(public_key, secret_key, host)
        token = base64.b64encode(f"{public_key}:{secret_key}".encode()).decode()
        self._http = httpx.Client(
            base_url=host.rstrip("/"),
            timeout=10.0,
            headers={
                "Authorization": f"Basic {token}",
                "Content-Type": "application/x-protobuf",
                "Content-Encoding": "gzip",
                "x-langfuse-ingestion-version": "4",
                "x-langfuse-sdk-name": "python",
                "x-langfuse-public-key": public_key,
            },
        )

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; waits longer and longer while Langfuse is away."""
        wait_s = IDLE_S
        while not stop.is_set():
            try:
                shipped = self.ship_batch()
                wait_s = 0.0 if shipped == BATCH else IDLE_S
            except (LangfuseUnavailable, DatabaseUnavailable) as error:
                wait_s = min(max(wait_s, IDLE_S) * 2, LONGEST_WAIT_S)
                _log.warning("spans_kept_back", reason=str(error), next_try_s=wait_s)
            stop.wait(wait_s)

    def ship_batch(self) -> int:
        """Ships up to BATCH spans; returns how many. Raises LangfuseUnavailable."""
        spans = unshipped_spans(self._db, BATCH)
        self._ship(spans)
        return len(spans)

    def close(self) -> None:
        self._maker.close()
        self._http.close()

    def _ship(self, spans: list[Span]) -> None:
        """Halves a batch that Langfuse will not take, so that one bad span keeps nothing else back."""
        if not spans:
            return
        refusal = self._refusal(spans)
        if refusal is not None and len(spans) > 1:
            middle = len(spans) // 2
            self._ship(spans[:middle])
            self._ship(spans[middle:])
            return
        if refusal is not None:
            _log.error("span_refused", span=spans[0].id, reason=refusal)
        mark_shipped(self._db, [span.id for span in spans])

    def _refusal(self, spans: list[Span]) -> str | None:
        """Why Langfuse will never take these spans as they are, or None if it took them. Raises
        LangfuseUnavailable if it may take them later."""
        traces = trace_attributes(self._db, {span.run_id for span in spans})
        body = encode_spans(self._maker.make(spans, traces)).SerializeToString()
        try:
            response = self._http.post("/api/public/otel/v1/traces", content=gzip.compress(body))
        except httpx.HTTPError as error:
            raise LangfuseUnavailable(f"Langfuse cannot be reached ({type(error).__name__}).") from error
        if response.status_code in _NEVER:
            return f"status {response.status_code}"
        if response.status_code != 200:
            raise LangfuseUnavailable(f"Langfuse answered {response.status_code}.")
        rejected = _rejected(response.content)
        return f"{rejected} spans rejected" if rejected else None


def _rejected(body: bytes) -> int:
    """How many spans a partial success leaves out."""
    try:
        return int(ExportTraceServiceResponse.FromString(body).partial_success.rejected_spans)
    except DecodeError as error:
        raise LangfuseUnavailable(
            "What answered at Langfuse's address does not speak its protocol."
        ) from error


def create_shipper(settings: SchedulerSettings, db: Database) -> SpanShipper | None:
    """None where no Langfuse is configured. Raises SettingsInvalid if only half of it is."""
    host, public, secret = (
        settings.langfuse_host,
        settings.langfuse_public_key,
        settings.langfuse_secret_key,
    )
    if not host:
        return None
    if not public or secret is None:
        raise SettingsInvalid(
            "CREWDESK_LANGFUSE_HOST is set, so CREWDESK_LANGFUSE_PUBLIC_KEY and CREWDESK_LANGFUSE_SECRET_KEY "
            "must be set too."
        )
    return SpanShipper(db, host, public, secret.get_secret_value())
