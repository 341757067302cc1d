"""What a chapter's checks are written with: `answer`, and messages that say what was sent, expected and got.

The fixtures (`settings`, `clock`, `app`, `client`, `client_as`) are in `coursekit.check_fixtures`.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NoReturn, TypeVar

import httpx
from anyio import to_thread

from coursekit.check_client import client_for

__all__ = [
    "answer",
    "client_for",
    "expect_equal",
    "expect_status",
    "learner_test_passes",
    "logged",
    "raises",
    "raises_async",
    "told",
    "waits_skipped",
]

LONGEST_VALUE = 300
_REQUEST = re.compile(r"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE) |[A-Z]+ /")

Raised = TypeVar("Raised", bound=BaseException)


class _AnswerModule:
    """Which module `answer` stands for, and how to tell of its exceptions: the check's process sets it."""

    def __init__(self) -> None:
        self.name: str | None = None
        self.file = ""
        self.explain: Callable[[BaseException], str] = repr


answer_module = _AnswerModule()


class _Answer:
    """The learner's module: `answer.parse_range` is its `parse_range`."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if answer_module.name is None:
            raise RuntimeError("`answer` is there only while a check runs: use it in a test, not at the module's top")
        module = sys.modules[answer_module.name]
        try:
            return vars(module)[name]
        except KeyError:
            fallback = getattr(module, "__getattr__", None)
        if fallback is not None:
            return fallback(name)
        raise AssertionError(f"{answer_module.file} defines no `{name}`: keep the names that the task gives.")

    def __repr__(self) -> str:
        return "answer"


answer: Any = _Answer()


def told(sent: str, expected: object, got: object = ...) -> str:
    """The message of an assertion: "sent GET /x: expected 403, got 200". Text is shown as it is, values by repr.

    What is no request comes without "sent": "f(1): expected 2, got 3".
    """
    message = f"{'sent ' if _REQUEST.match(sent) else ''}{sent}: expected {_value(expected)}"
    return message if got is ... else f"{message}, got {_value(got)}"


def _value(value: object) -> str:
    try:
        text = value if isinstance(value, str) else repr(value)
    except Exception as error:
        text = f"a {type(value).__name__} whose repr() raises {type(error).__name__}"
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 2] + " …"


def expect_equal(got: object, expected: object, sent: str) -> None:
    """Assert that `got` equals `expected` and has its type, so that neither `True == 1` nor an `__eq__` helps."""
    if type(got) is not type(expected):
        raise AssertionError(told(sent, _typed(expected), _typed(got)))
    if got != expected:
        raise AssertionError(told(sent, repr(expected), _Repr(got)))


class _Repr:
    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        return repr(self.value)


def _typed(value: object) -> str:
    kind = type(value).__name__
    return "None" if value is None else f"{_value(_Repr(value))} ({kind})"


def expect_status(response: httpx.Response, status: int, sent: str | None = None) -> None:
    """Assert the status of a response; `sent` (default: its request line) tells what was asked.

    Where the app raised, the message says so, with the learner's line.
    """
    if response.status_code == status:
        return
    request = response.request
    said = told(sent or f"{request.method} {request.url.raw_path.decode('ascii')}", status, response.status_code)
    raised = response.extensions.get("exception")
    if isinstance(raised, BaseException):
        raise AssertionError(f"{said}, because of {answer_module.explain(raised)}") from raised
    raise AssertionError(said)


def raises(
    exception_type: type[Raised], call: Callable[..., Any], *args: Any, sent: str | None = None, **kwargs: Any
) -> Raised:
    """Assert that `call(*args, **kwargs)` raises `exception_type`, and return the exception."""
    said = sent or _call_text(call, args, kwargs)
    try:
        got = call(*args, **kwargs)
    except exception_type as error:
        return error
    except Exception as error:
        _other_exception(said, exception_type, error)
    raise AssertionError(told(said, exception_type.__name__, _value(_Repr(got)) + " and no exception"))


async def raises_async(
    exception_type: type[Raised],
    call: Callable[..., Awaitable[Any]],
    *args: Any,
    sent: str | None = None,
    **kwargs: Any,
) -> Raised:
    """`raises` for a call that has to be awaited."""
    said = sent or _call_text(call, args, kwargs)
    try:
        got = await call(*args, **kwargs)
    except exception_type as error:
        return error
    except Exception as error:
        _other_exception(said, exception_type, error)
    raise AssertionError(told(said, exception_type.__name__, _value(_Repr(got)) + " and no exception"))


def _other_exception(said: str, wanted: type[BaseException], error: Exception) -> NoReturn:
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    raise AssertionError(told(said, wanted.__name__, text.partition("\n")[0])) from error


def _call_text(call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    given = [_value(_Repr(value)) for value in args]
    given += [f"{name}={_value(_Repr(value))}" for name, value in kwargs.items()]
    return f"{getattr(call, '__name__', 'the call')}({', '.join(given)})"


async def learner_test_passes(test_function: Callable[..., Any], **fixtures: Any) -> bool:
    """Run a test that the learner wrote, sync or async. Whether it passed: any exception, or a skip, is a failure.

    A sync test runs in a thread, so that it may drive its client with `asyncio.run`.
    """
    try:
        if inspect.iscoroutinefunction(test_function):
            result = test_function(**fixtures)
        else:
            result = await to_thread.run_sync(partial(test_function, **fixtures))
        if inspect.isawaitable(result):
            await result
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        if type(error).__name__ == "CancelledError":
            raise
        return False
    return True


@contextmanager
def logged(name: str | None = None) -> Iterator[list[logging.LogRecord]]:
    """What is logged while this is open, at every level: by this logger and those below it (None: by all)."""
    records: list[logging.LogRecord] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    logger, keeper = logging.getLogger(name), Keeper()
    level, disabled = logger.level, logger.disabled
    logger.addHandler(keeper)
    logger.setLevel(logging.DEBUG)
    logger.disabled = False
    try:
        yield records
    finally:
        logger.removeHandler(keeper)
        logger.setLevel(level)
        logger.disabled = disabled


@contextmanager
def waits_skipped() -> Iterator[Callable[[], float]]:
    """Let every wait of the running event loop end at once: its clock jumps on instead. Yields that clock, in seconds.

    For time limits of any length, measured exactly and on a busy machine too. Threads are not waited for.
    """
    loop: Any = asyncio.get_running_loop()
    selector, clock = loop._selector, loop.time
    select, skipped = selector.select, 0.0

    def poll(timeout: float | None = None) -> Any:
        nonlocal skipped
        if timeout is None:
            return select(None)
        ready = select(0)
        if not ready:
            skipped += max(0.0, timeout)
        return ready

    selector.select, loop.time = poll, lambda: clock() + skipped
    try:
        yield loop.time
    finally:
        # The clock stays ahead: timers that are set already must not move.
        selector.select = select
