"""The log of a server: one JSON object a line (structlog)."""

import logging
import sys
import traceback
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

SERVERS = ("uvicorn", "uvicorn.error", "uvicorn.access")


def _places(error: BaseException) -> list[str]:
    """Where an exception was raised. Not what it says: the text of an exception often quotes what it choked on."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def tell_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by the types of the exception and of its causes, and by the places they passed."""
    said: Any = event.pop("exc_info", None)
    error: BaseException | None = said[1] if isinstance(said, tuple) else None
    if error is not None:
        event["exception"], event["places"] = [], _places(error)
    while error is not None:
        event["exception"].append(type(error).__name__)
        error = error.__cause__ or error.__context__
    return event


def json_lines() -> logging.Formatter:
    """Return what makes a JSON line of a record: its message as `event`, its extras, and the id of the request."""
    known: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        tell_exception,
    ]
    finish: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(default=lambda value: type(value).__name__),
    ]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=known, processors=finish)


def log_as_json(stream: TextIO | None = None) -> None:
    """Write every record of this process from INFO on to `stream` (standard error), and nothing in another form."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(json_lines())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for name in SERVERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"  # it tells query strings; our own access log tells the rest


def log_as_json_if_served() -> None:
    """`log_as_json` where uvicorn has set up its own log. In a test or a notebook records are left as they are."""
    if logging.getLogger("uvicorn").handlers:
        log_as_json()
