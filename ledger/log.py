"""Structured logging: static past-tense events, the run and step bound once, secrets masked on the way
out."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO

import structlog

from ledger.masking import mask_secrets

# Libraries that log each message, request or task; our own events say the same once.
_CHATTY = (
    "celery.worker.strategy",
    "celery.app.trace",
    "alembic",
    "httpx",
    "httpcore",
    "kombu",
    "slack_bolt",
    "openai",
)

LogFormat = Literal["console", "json"]


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: mask_secrets(value) for key, value in event.items()}


def _is_discreet(record: logging.LogRecord) -> bool:
    """The MCP SDK's warnings hold what a server said, which may be anybody's data; what became of a call is
    told by ours. Some of them go by the root logger, so they are known by where they stand."""
    return "/mcp/" not in record.pathname


def configure_logging(level: str, log_format: LogFormat, stream: TextIO | None = None) -> None:
    """Send our events and those of the standard library to `stream` (stderr by default), one line each."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.addFilter(_is_discreet)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            # First, or what nobody will see is put together and masked all the same.
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


bind_context = structlog.contextvars.bound_contextvars
