"""What is logged names its run and step, is one line each, and holds no secret."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from ledger.log import bind_context, configure_logging, get_logger

SECRET = "xoxb-1234567890-abcdefghij"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Logging as it was comes back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_carries_the_run_and_step_it_belongs_to(stream: io.StringIO) -> None:
    configure_logging("INFO", "json", stream)
    log = get_logger("crews.worker")
    with bind_context(run="r1", step="s1"):
        log.info("step_claimed", attempt=1)
    log.info("worker_stopped")
    inside, outside = _lines(stream)
    assert (inside["event"], inside["run"], inside["step"], inside["attempt"]) == (
        "step_claimed",
        "r1",
        "s1",
        1,
    )
    assert (inside["level"], inside["logger"]) == ("info", "crews.worker")
    assert inside["timestamp"].endswith("Z")
    assert "run" not in outside


def test_a_librarys_line_looks_like_ours(stream: io.StringIO) -> None:
    configure_logging("INFO", "json", stream)
    with bind_context(run="r1"):
        logging.getLogger("celery").warning("lost %s", SECRET)
    (line,) = _lines(stream)
    assert (line["event"], line["run"], line["level"]) == ("lost [masked secret]", "r1", "warning")
    assert set(line) == {"event", "run", "level", "logger", "timestamp"}


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_is_written_wherever_it_is_hidden(stream: io.StringIO, log_format: Any) -> None:
    configure_logging("INFO", log_format, stream)
    log = get_logger("t")
    with bind_context(key=SECRET):
        log.info(f"got {SECRET}", token=SECRET, nested={"a": [SECRET]}, odd={SECRET: object()})
        for write in (log.exception, logging.getLogger("library").exception):
            try:
                raise LookupError(f"no {SECRET} here")
            except LookupError:
                write("lookup_failed")
    assert SECRET not in stream.getvalue()
    assert stream.getvalue().count("LookupError") >= 2


def test_what_is_less_severe_is_not_written(stream: io.StringIO) -> None:
    configure_logging("WARNING", "json", stream)
    get_logger("t").info("step_claimed")
    logging.getLogger("library").info("chatter")
    get_logger("t").warning("relay_waited")
    assert [line["event"] for line in _lines(stream)] == ["relay_waited"]


def test_configuring_twice_writes_once(stream: io.StringIO) -> None:
    configure_logging("INFO", "json", stream)
    configure_logging("INFO", "json", stream)
    get_logger("t").info("step_claimed")
    assert len(_lines(stream)) == 1


def test_odd_text_is_written_on_one_line(stream: io.StringIO) -> None:
    configure_logging("INFO", "json", stream)
    get_logger("t").info("line\nbreak", value="a\nb\ud800", nan=float("nan"))
    assert stream.getvalue().count("\n") == 1
