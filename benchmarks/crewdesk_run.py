"""A whole Crewdesk run, from the submission to the answer, with everything it keeps on record.

`python -m benchmarks.crewdesk_run VAR PROVIDER [untraced]`, where VAR holds an ingested library of its own.
"""

import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from benchmarks.contestant import CALLS, MODEL, Lap, Provider, take_turns
from benchmarks.processes import LARKSPUR
from benchmarks.provider import question
from cli.embedded import Installation, open_installation
from ledger.ids import new_id
from ledger.log import configure_logging
from ledger.runs import RunRequest, submit_run
from ledger.settings import EmbeddedSettings, ModelCandidate
from ledger.spans import OpenSpan, Span, SpanRecorder, list_spans

ASKER = "employee@larkspur.example"
CANDIDATE = "scripted"


def main(arguments: list[str]) -> None:
    var, provider = Path(arguments[0]), Provider.model_validate_json(arguments[1])
    untraced = arguments[2:] == ["untraced"]
    configure_logging("ERROR", "console")
    candidate = ModelCandidate(
        name=CANDIDATE, model=MODEL, base_url=provider.base_url, api_key=SecretStr(provider.api_key)
    )
    settings = EmbeddedSettings(workspace=LARKSPUR, var=var, models=(candidate,))
    with open_installation(settings, "benchmark") as installation:
        installation.library.warm_up()
        installation.start_worker(_NoRecord if untraced else SpanRecorder)
        numbers = count(1)
        take_turns(lambda: _lap(installation, next(numbers), 0 if untraced else CALLS))


class _NoRecord(SpanRecorder):
    """Writes nothing and masks nothing, to tell what a run would take without its spans. No run of a real
    installation does without them."""

    def _keep(self, _kind: str, _name: str, _input: Any, *, parent_id: Any, span_id: str | None) -> OpenSpan:
        return OpenSpan(span_id or secrets.token_hex(8))

    def _note_end(self, opened: OpenSpan) -> None:
        return None


def _lap(installation: Installation, number: int, recorded: int) -> Lap:
    request = RunRequest(principal=ASKER, question=question(number), source="cli", external_id=new_id())
    wall, cpu = time.perf_counter(), time.process_time()
    run_id = submit_run(installation.db, request).run_id
    run = installation.wait_for_run(run_id, lambda _progress: None)
    seconds, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    spans = list_spans(installation.db, run_id)
    calls = sum(span.kind == "generation" for span in spans)
    if run.outcome != "answered" or run.model is None or run.model.name != CANDIDATE or calls != recorded:
        raise RuntimeError(f"The run made {calls} calls and ended {run.outcome}: {run.failure or run.answer}")
    return Lap(seconds=seconds, cpu_s=cpu_s, shares=_shares(spans, seconds))


def _shares(spans: Iterable[Span], seconds: float) -> dict[str, float]:
    """The wall time by what it went into, as the run's own spans tell it."""
    took: Counter[str] = Counter()
    for span in spans:
        took[span.kind] += span.seconds or 0.0  # type: ignore[assignment]  # typeshed counts whole things only
    return {
        "model calls": took["generation"],
        "search": took["retrieval"],
        "tool gate, its spans and evidence": took["tool"] - took["retrieval"],
        "CrewAI, and recording inside it": took["crew"] - took["generation"] - took["tool"],
        "steps around their crews": took["step"] - took["crew"],
        "between steps (queue, claims, commits)": seconds - took["step"],
    }


if __name__ == "__main__":
    main(sys.argv[1:])
