"""The checks of chapter 11."""

import asyncio
import importlib
import logging
import threading
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from anyio import to_thread
from fastapi import BackgroundTasks, FastAPI

from coursekit.testing import (
    answer,
    client_for,
    expect_equal,
    expect_status,
    logged,
    raises_async,
    told,
    waits_skipped,
)

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)


def app_module(name: str) -> Any:
    """A module of the app, which is there only while a check runs."""
    return importlib.import_module(f"course_app.{name}")


def everything(records: list[logging.LogRecord]) -> str:
    """All that any formatter could show of the records."""
    texts = []
    for record in records:
        texts.append(f"{record.getMessage()} {vars(record)}")
        if record.exc_info:
            texts.append("".join(traceback.format_exception(*record.exc_info)))
    return "\n".join(texts)


def lines(records: list[logging.LogRecord], *extras: str) -> list[tuple[object, ...]]:
    """Level, message and these extras of each record."""
    return [
        (record.levelname, record.getMessage(), *(getattr(record, extra, "(not there)") for extra in extras))
        for record in records
    ]


class Leave(BaseException):
    """An exception that is no `Exception`, as a cancellation is none."""


# --- 11.1 e-mail after the response ----------------------------------------------------------------------------------


class Quota:
    """Lets `left` e-mails through."""

    def __init__(self, left: int = 100) -> None:
        self.left = left
        self.asked: list[object] = []

    async def take(self, account_key: str) -> None:
        await asyncio.sleep(0)
        self.asked.append(account_key)
        if self.left == 0:
            raise app_module("core.errors").TooManyRequests("You have sent too many.", 77)
        self.left -= 1


class Post:
    """A mailer that notes when it was used, among other `events`."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.sent: list[Any] = []

    def __repr__(self) -> str:
        return "mailer"

    async def send(self, mail: Any) -> None:
        self.events.append("mail")
        self.sent.append(mail)


def account(role: str = "MANAGER", key: str = "the-key-of-ada", user_id: int = 7) -> Any:
    """An account, as the store would give it."""
    return app_module("db.models").User(
        id=user_id,
        key=key,
        email="ada@example.com",
        full_name="Ada",
        role=app_module("core.roles").Role[role],
        is_active=True,
        hashed_password="",
        created_at=NOW,
    )


class MailApp:
    """An app that has this route and nothing else."""

    def __init__(self, clock: Any, *, left: int = 100, sender: Any = None) -> None:
        self.quota, self.post, self.sender = Quota(left), Post(), sender or account()
        self.raised: Exception | None = None
        deps, mail = app_module("api.deps"), app_module("api.mail")
        app = FastAPI()
        app.include_router(answer.router, prefix="/api/v1/emails")
        app_module("api.errors").install_error_handlers(app)
        app.dependency_overrides = {
            deps.get_current_user: lambda: self.sender,
            deps.get_clock: lambda: clock,
            mail.get_mailer: lambda: self.post,
            mail.get_mail_quota: lambda: self.quota,
        }
        self.http = client_for(self._recorded(app))

    def _recorded(self, app: Any) -> Any:
        async def recorded(scope: Any, receive: Any, send: Any) -> None:
            async def note(message: Any) -> None:
                if message["type"] == "http.response.body" and not message.get("more_body"):
                    self.post.events.append("answer")
                await send(message)

            try:
                await app(scope, receive, note)
            except Exception as error:
                self.raised = error
                raise

        return recorded

    async def send(self, **changes: object) -> httpx.Response:
        mail = {"recipient": "Bob@Example.com", "subject": "Your teapot", "body": "It is on its way."}
        return await self.http.post("/api/v1/emails", json=mail | changes)

    def nothing(self) -> str:
        """What to say where no mail came."""
        return "none" if self.raised is None else f"none, but {type(self.raised).__name__}: {self.raised}"


POST = "POST /api/v1/emails"


@pytest.mark.exercise("11.1")
class TestAfterTheResponse:
    async def test_accepted(self, clock):
        """The answer is 202 with the envelope that the task gives."""
        response = await MailApp(clock).send()
        expect_status(response, 202, POST)
        expected = {"success": True, "message": "The e-mail will be sent.", "data": None, "errors": None}
        expect_equal(response.json(), expected, POST)

    async def test_sent_once_after_the_answer(self, clock):
        """The mail is handed over once, when the answer is out."""
        app = MailApp(clock)
        await app.send()
        assert app.post.events, told(POST, "an answer and a mail", app.nothing())
        also = "" if app.raised is None else f" (and then {type(app.raised).__name__}: {app.raised})"
        assert app.post.events == ["answer", "mail"], told(
            f"{POST}, and what happened in which order", ["answer", "mail"], f"{app.post.events}{also}"
        )

    async def test_the_mail_is_the_request(self, clock):
        """Recipient, subject, body and time of the mail are those of the request."""
        app = MailApp(clock)
        for subject, body in (
            ("Your teapot", "It is on its way."),
            ("Zwei", "Grüße\nund mehr"),
            (" With room ", "\n and  lines\n\n"),
        ):
            clock.advance(minutes=7)
            await app.send(subject=subject, body=body)
            assert app.post.sent, told(POST, "a mail", app.nothing())
            mail = app.post.sent[-1]
            got = [getattr(mail, name, "(not there)") for name in ("recipient", "subject", "body", "written_at")]
            expect_equal(
                got, ["bob@example.com", subject, body, clock()], f"{POST} at {clock():%H:%M}, and the mail that came"
            )

    async def test_each_mail_has_its_own_id(self, clock):
        """Two mails have two ids, and are two objects."""
        app = MailApp(clock)
        await app.send()
        await app.send()
        assert app.post.sent, told(f"{POST} twice", "two mails", app.nothing())
        ids = {mail.id for mail in app.post.sent}
        assert len(ids) == 2, told(f"{POST} twice, and the ids of the mails", "2 ids", f"{len(ids)}")

    async def test_delivered_by_deliver(self, clock, monkeypatch):
        """The task is `deliver` with the mail and the mailer, left with `background`, and the only one."""
        calls: list[tuple[object, ...]] = []

        async def deliver(*args: object, **kwargs: object) -> bool:
            calls.append((*args, *kwargs.values()))
            return True

        delivery = app_module("services.delivery")
        for module in (vars(answer_module()), vars(delivery)):
            if "deliver" in module:
                monkeypatch.setitem(module, "deliver", deliver)
        app, background = MailApp(clock), BackgroundTasks()
        body = app_module("schemas.emails").EmailWrite(recipient="bob@example.com", subject="Hello", body="Hi")
        await answer.send_email(
            body=body, sender=app.sender, quota=app.quota, mailer=app.post, clock=clock, background=background
        )
        sent = "send_email(...), and the tasks that it left with `background`"
        assert len(background.tasks) == 1, told(sent, "1 task", f"{len(background.tasks)}")
        assert calls == [], told("send_email(...) before the answer", "no call of deliver", "a call")
        uncalled = callable(background.tasks[0].func)
        assert uncalled, told(
            "background.add_task", "deliver, not called, and then what it is to be called with", "the result of a call"
        )
        await background()
        assert len(calls) == 1, told("the task", "one call of deliver(mail, mailer)", f"{len(calls)} calls")
        assert calls[0][1:] == (app.post,), told("the task", "deliver(mail, mailer)", f"deliver{calls[0]!r}")
        assert getattr(calls[0][0], "recipient", None) == "bob@example.com", told(
            "the task", "deliver(mail, mailer)", f"deliver{calls[0]!r}"
        )

    async def test_the_quota_is_asked_first(self, clock):
        """Each mail is taken out of the quota of the sender's key; when that refuses, nothing is sent."""
        app = MailApp(clock, left=2, sender=account(key="the-key-of-eve", user_id=8))
        for expected in (202, 202, 429, 429):
            expect_status(await app.send(), expected, f"{POST} with a quota of 2")
        asked = ["the-key-of-eve"] * 4
        expect_equal(app.quota.asked, asked, f"{POST} four times, and whom the quota was asked for")
        assert len(app.post.sent) == 2, told(
            f"{POST} four times with a quota of 2", "2 mails", f"{len(app.post.sent)} mails"
        )
        retry = (await app.send()).headers.get("retry-after")
        expect_equal(retry, "77", f"{POST} over the quota, and the Retry-After that the quota's exception carries")

    async def test_refused_requests_cost_nothing(self, clock):
        """A request that is not valid, or not allowed, is not taken out of the quota."""
        app = MailApp(clock)
        expect_status(await app.send(subject="two\nlines"), 422, f"{POST} with two lines as subject")
        app.sender = account("USER")
        expect_status(await app.send(), 403, f"{POST} by a plain user")
        got = (app.quota.asked, app.post.sent)
        assert got == ([], []), told(f"{POST}, refused twice: quota and mails", "nothing taken, nothing sent", got)


def answer_module() -> Any:
    """The module of the answer itself."""
    return importlib.import_module(answer.send_email.__module__)


# --- 11.2 logged and tried again -------------------------------------------------------------------------------------

SECRETS = ("secret-recipient@example.com", "a secret subject", "a secret body")
MAIL = "course_app.mail"


class Server:
    """A mailer that raises its `failures` one after the other and then accepts. `None` accepts."""

    def __init__(self, *failures: BaseException | None) -> None:
        self.failures = list(failures)
        self.mails: list[Any] = []
        self.times: list[float] = []
        self.timer: Callable[[], float] = time.monotonic

    async def send(self, mail: Any) -> None:
        self.mails.append(mail)
        self.times.append(self.timer())
        await asyncio.sleep(0)
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure


def refused(reason: str = "450", *, permanent: bool = False) -> Exception:
    error: Exception = app_module("services.email").MailRefused(reason, permanent=permanent)
    return error


def new_mail() -> Any:
    return app_module("services.email").Mail(*SECRETS, NOW, id="mail-1")


class Odd(Exception):
    """An exception that has what a `MailRefused` has, and is none (`ssl.SSLError` has a `reason`, too)."""

    permanent = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def times_(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


@contextmanager
def blocking_skipped() -> Iterator[list[float]]:
    """Let `time.sleep` return at once, and note the seconds."""
    slept: list[float] = []
    sleep, time.sleep = time.sleep, slept.append
    try:
        yield slept
    finally:
        time.sleep = sleep


async def delivered(server: Server, delays: Any = ...) -> tuple[object, list[float], list[logging.LogRecord]]:
    """What `deliver` returned, when its attempts were (in seconds from the first), and what it logged."""
    options = {} if delays is ... else {"delays": delays}
    with logged(MAIL) as records, blocking_skipped() as slept, waits_skipped() as timer:
        server.timer = timer
        result = await answer.deliver(new_mail(), server, **options)
    assert not slept, told(
        "deliver(...)", "waits with asyncio.sleep", "time.sleep, in which everybody else stands still"
    )
    return result, [round(at - server.times[0], 1) for at in server.times], records


@pytest.mark.exercise("11.2")
class TestDelivery:
    async def test_tries_again(self):
        """A mail that is not accepted is sent again after each delay in turn, always the same mail, until it is."""
        for failures, delays, expected in (
            (0, (1, 5, 25), [0]),
            (1, (1, 5, 25), [0, 1]),
            (3, (1, 5, 25), [0, 1, 6, 31]),
            (2, [0.5, 2.5], [0, 0.5, 3]),
            (2, (0, 0), [0, 0, 0]),
            (4, (3, 2, 1, 7), [0, 3, 5, 6, 13]),
        ):
            server = Server(*(refused() for _ in range(failures)))
            result, times, _ = await delivered(server, delays)
            sent = f"deliver(mail, a mailer that refuses {times_(failures)}, delays={delays})"
            assert times == expected, told(f"{sent}: attempts at these seconds", expected, times)
            expect_equal(result, True, sent)
            assert len({id(mail) for mail in server.mails}) == 1, told(sent, "the same mail each time", "another one")

    async def test_gives_up(self):
        """After the last delay there is one more attempt, then False; the app's delays are 1, 5 and 25 seconds."""
        for options, expected in (((1, 5), [0, 1, 6]), ((), [0]), ([2], [0, 2]), (..., [0, 1, 6, 31])):
            result, times, _ = await delivered(Server(*(refused() for _ in range(9))), options)
            given = "" if options is ... else f", delays={options}"
            sent = f"deliver(mail, a mailer that always refuses{given})"
            assert times == expected, told(f"{sent}: attempts at these seconds", expected, times)
            expect_equal(result, False, sent)

    async def test_permanent_is_the_end(self):
        """A permanent refusal ends it at once, at the first attempt and later."""
        for before in (0, 2):
            server = Server(*(refused() for _ in range(before)), refused("550", permanent=True))
            result, times, _ = await delivered(server, (1, 5, 25))
            sent = f"deliver(mail, a mailer that refuses {times_(before)} and then for good)"
            assert len(times) == before + 1, told(f"{sent}: attempts", before + 1, len(times))
            expect_equal(result, False, sent)

    async def test_other_exceptions(self):
        """Any other exception is a failed attempt, and never leaves `deliver`."""
        for error in (ConnectionError("x"), ValueError("x"), TimeoutError(), KeyError("x"), Odd("x")):
            kind = type(error).__name__
            result, times, _ = await delivered(Server(error, error), (1, 5))
            sent = f"deliver(mail, a mailer that raises {kind} twice)"
            assert len(times) == 3, told(sent, "3 attempts", f"{len(times)}")
            expect_equal(result, True, sent)

    async def test_what_is_logged(self):
        """Each failed attempt is a record with the mail's id, the attempt and the reason: the last one an error."""
        failing = [refused("450"), ConnectionResetError("x"), refused("421"), OSError("x")]
        _, _, records = await delivered(Server(*failing), (1, 5, 25))
        expected = [
            ("WARNING", "mail not accepted", "mail-1", 1, "450"),
            ("WARNING", "mail not accepted", "mail-1", 2, "ConnectionResetError"),
            ("WARNING", "mail not accepted", "mail-1", 3, "421"),
            ("ERROR", "mail given up", "mail-1", 4, "OSError"),
        ]
        got = lines(records, "mail", "attempt", "reason")
        assert got == expected, told("deliver(mail, a mailer that fails four times), and the log", expected, got)
        _, _, records = await delivered(Server(refused("451"), refused("550", permanent=True)), (1, 5, 25))
        expected = [
            ("WARNING", "mail not accepted", "mail-1", 1, "451"),
            ("ERROR", "mail given up", "mail-1", 2, "550"),
        ]
        got = lines(records, "mail", "attempt", "reason")
        assert got == expected, told("deliver(mail, refused with 451 and then for good with 550)", expected, got)
        _, _, records = await delivered(Server(refused("451")), (1,))
        got = lines(records)
        assert got == [("WARNING", "mail not accepted")], told(
            "deliver(mail, refused once and then accepted), and the log", "one warning", got
        )
        _, _, records = await delivered(Server())
        assert lines(records) == [], told("deliver(mail, accepted at once), and the log", "nothing", lines(records))

    async def test_nothing_of_the_mail_is_logged(self):
        """No record tells recipient, subject, body, or what an exception says."""
        said = f"550 <{SECRETS[0]}>: {SECRETS[1]} {SECRETS[2]} what the exception says"
        for error in (ConnectionError(said), ValueError(said), Odd(said)):
            _, _, records = await delivered(Server(error, error), (1,))
            text = everything(records)
            for secret in (*SECRETS, "what the exception says"):
                assert secret not in text, told(
                    "deliver(...), and all that a formatter can show of its records", f"nothing of {secret!r}", "it"
                )

    async def test_everybody_else_goes_on(self):
        """While it waits, the event loop goes on."""
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.001)

        ticker = asyncio.create_task(tick())
        await answer.deliver(new_mail(), Server(refused()), delays=(0.1,))
        ticker.cancel()
        assert ticks > 3, told("deliver(..., delays=(0.1,)), and ticks of another task meanwhile", "many", ticks)

    async def test_what_is_no_exception_goes_on(self):
        """A cancellation, and whatever else is no `Exception`, is not caught."""
        for error in (asyncio.CancelledError(), Leave()):
            server = Server(error)
            sent = f"deliver(mail, a mailer that raises {type(error).__name__})"
            await raises_async(type(error), answer.deliver, new_mail(), server, delays=(1,), sent=sent)
            assert len(server.times) == 1, told(sent, "1 attempt", f"{len(server.times)}")
        waiting = asyncio.create_task(answer.deliver(new_mail(), Server(refused()), delays=(60,)))
        with blocking_skipped():
            for _ in range(5):
                await asyncio.sleep(0)
            waiting.cancel()
            done, _ = await asyncio.wait({waiting}, timeout=1)
        ended = waiting in done and waiting.cancelled()
        assert ended, told("deliver(...), cancelled while it waits", "its end, as cancelled", "something else")


# --- 11.3 never wait for a broker ------------------------------------------------------------------------------------

JOBS = "course_app.jobs"
UNAVAILABLE = "Jobs cannot be taken at the moment. Try again later."


class Wire:
    """A `send` that blocks until `release` is set, and notes who called it."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.calls: list[str] = []
        self.threads: set[int] = set()
        self._lock = threading.Lock()
        self.running = self.most = 0

    def __call__(self, job_id: str) -> None:
        with self._lock:
            self.calls.append(job_id)
            self.threads.add(threading.get_ident())
            self.running += 1
            self.most = max(self.most, self.running)
        self.release.wait(5)
        with self._lock:
            self.running -= 1


@pytest.fixture
async def wire(anyio_backend: str) -> AsyncIterator[Wire]:
    made = Wire()
    yield made
    made.release.set()  # while the event loop is there: it would wait for its threads


async def until(condition: Callable[[], object], seconds: float = 2) -> bool:
    """Whether it became true in that time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.002)
    return True


async def is_unavailable(queue: Any, job_id: str, sent: str) -> None:
    """Assert that `publish` raises `ServiceUnavailable` with its text, and answers nothing of the cause."""
    error = await raises_async(app_module("core.errors").ServiceUnavailable, queue.publish, job_id, sent=sent)
    expect_equal(error.message, UNAVAILABLE, f"{sent}, and the text of the exception")


@pytest.mark.exercise("11.3")
class TestPublishing:
    async def test_sent_once(self, wire):
        """`send` is called once for each job, in a thread, and `publish` returns None when it returns."""
        calls: list[tuple[object, ...]] = []
        queue = answer.JobQueue(lambda *args: calls.append(args) or "a result")
        for job_id in ("job-1", "job-2"):
            expect_equal(await queue.publish(job_id), None, f"publish({job_id!r})")
        assert calls == [("job-1",), ("job-2",)], told(
            "publish('job-1'), publish('job-2'), and the calls of send", [("job-1",), ("job-2",)], calls
        )
        publishing = asyncio.create_task(answer.JobQueue(wire, seconds=5).publish("job"))
        assert await until(lambda: wire.calls), told("publish('job')", "a call of send", "none")
        here = threading.get_ident() in wire.threads
        assert not here, told("publish('job')", "send in a thread of its own", "send in the thread of the event loop")
        assert not publishing.done(), told("publish('job') while send blocks", "no end yet", "its end")
        wire.release.set()
        done, _ = await asyncio.wait({publishing}, timeout=2)
        assert done, told("publish('job') when send has returned", "its end", "none")
        await publishing

    async def test_failures(self):
        """Whatever `send` raises, ServiceUnavailable is raised: with one text, after one call."""
        for error in (ConnectionError("secret"), RuntimeError("secret"), TimeoutError("secret"), OSError("secret")):
            calls = []

            def send(job_id: str, error: Exception = error, calls: list[str] = calls) -> None:
                calls.append(job_id)
                raise error

            sent = f"publish('job') with a send that raises {type(error).__name__}"
            with logged(JOBS):
                await is_unavailable(answer.JobQueue(send), "job", sent)
            assert len(calls) == 1, told(sent, "1 call of send", f"{len(calls)}")

    async def test_a_broker_that_says_nothing(self, wire):
        """After `seconds`, the wait for a thread included, ServiceUnavailable is raised, though `send` still blocks."""
        for seconds in (0.05, 2.5):
            queue, sent = answer.JobQueue(wire, seconds=seconds), "publish('job') with a send that blocks"
            with logged(JOBS), waits_skipped() as timer:
                started = timer()
                await is_unavailable(queue, "job", f"{sent}, and seconds={seconds}")
                took = timer() - started
            assert seconds - 0.01 < took < seconds + 1, told(
                f"{sent} and seconds={seconds}: seconds until it raises", seconds, round(took, 2)
            )
        other = Wire()
        other.release = wire.release
        queue, started = answer.JobQueue(other, seconds=0.1, at_once=1), time.monotonic()
        with logged(JOBS):
            publishing = [asyncio.create_task(queue.publish(f"job-{n}")) for n in range(8)]
            done, _ = await asyncio.wait(publishing, timeout=1)
        took = time.monotonic() - started
        sent = "eight publish at once with a send that blocks, at_once=1 and seconds=0.1"
        kinds = [type(task.exception()).__name__ for task in done]
        assert kinds == ["ServiceUnavailable"] * 8, told(sent, ["ServiceUnavailable"] * 8, kinds)
        assert took < 0.7, told(f"{sent}: seconds until all have raised", "0.1", round(took, 2))

    async def test_at_once(self, wire):
        """At most `at_once` calls run at a time in one queue, and that many do; another queue has its own threads."""
        queue = answer.JobQueue(wire, seconds=5, at_once=3)
        publishing = [asyncio.create_task(queue.publish(f"job-{n}")) for n in range(9)]
        await until(lambda: wire.running >= 3)
        await asyncio.sleep(0.03)
        running = wire.running
        other = answer.JobQueue(lambda _: None, at_once=1).publish("other")
        done, _ = await asyncio.wait({asyncio.create_task(other)}, timeout=0.5)
        wire.release.set()
        await asyncio.gather(*publishing)
        assert running == 3, told("nine publish with at_once=3: calls of send at a time", 3, running)
        assert len(wire.calls) == 9, told("nine publish with at_once=3: calls in all", 9, len(wire.calls))
        assert wire.most == 3, told("nine publish with at_once=3: most calls of send at a time", 3, wire.most)
        assert done, told("publish in a second queue, while the first is full", "its end", "none")

    async def test_other_threads_stay_free(self, wire):
        """Forty calls that block use up nobody else's threads: neither anyio's nor asyncio's."""
        queue = answer.JobQueue(wire, seconds=5, at_once=40)
        publishing = [asyncio.create_task(queue.publish(f"job-{n}")) for n in range(40)]
        await until(lambda: wire.running >= 40)
        others = [
            asyncio.create_task(to_thread.run_sync(int, limiter=None)),
            asyncio.create_task(asyncio.to_thread(int)),
        ]
        done, _ = await asyncio.wait(others, timeout=0.5)
        for task in others:
            task.cancel()
        wire.release.set()
        await asyncio.gather(*publishing, return_exceptions=True)
        assert len(done) == 2, told(
            "a function in a thread of everybody's, while forty sends block", "its end", "no free thread"
        )

    async def test_given_up(self, wire):
        """A call that was given up keeps its thread until it ends; one that has not begun by then is not made."""
        queue = answer.JobQueue(wire, seconds=5, at_once=2)
        with logged(JOBS):
            first = [asyncio.create_task(queue.publish(f"job-{n}")) for n in range(2)]
            assert await until(lambda: wire.running == 2), told("two publish with at_once=2", "2 calls", wire.running)
            with waits_skipped():
                await asyncio.gather(*first, return_exceptions=True)
            late = asyncio.create_task(queue.publish("late"))
            await asyncio.sleep(0.05)
            sent = "publish with at_once=2, when two calls were given up and still block"
            assert wire.most == 2, told(f"{sent}: calls of send at a time", 2, wire.most)
            with waits_skipped():
                await asyncio.wait({late})
            kind = type(late.exception()).__name__
            assert kind == "ServiceUnavailable", told(sent, "ServiceUnavailable", kind)
        wire.release.set()
        await until(lambda: wire.running == 0)
        await queue.publish("last")
        expected, got = ["job-0", "job-1", "last"], sorted(wire.calls)
        assert got == expected, told(f"{sent}, and once more when they have ended: all calls", expected, got)

    async def test_logged(self, wire):
        """What went wrong is a warning with the job's id and the name of the exception, and nothing more."""

        def send(job_id: str) -> None:
            raise ConnectionRefusedError("secret")

        for queue, reason in (
            (answer.JobQueue(send), "ConnectionRefusedError"),
            (answer.JobQueue(wire, seconds=0.02), "TimeoutError"),
        ):
            with logged(JOBS) as records:
                await is_unavailable(queue, "job-9", "publish('job-9')")
            expected = [("WARNING", "job not queued", "job-9", reason)]
            got = lines(records, "job", "reason")
            assert got == expected, told(f"publish('job-9') with {reason}, and the log", expected, got)
            assert "secret" not in everything(records), told("the record", "nothing of the exception's text", "it")

    async def test_cancelled(self, wire):
        """A cancelled `publish` ends at once, as cancelled."""
        publishing = asyncio.create_task(answer.JobQueue(wire, seconds=5).publish("job"))
        await until(lambda: wire.calls)
        with logged(JOBS):
            publishing.cancel()
            await asyncio.wait({publishing}, timeout=0.5)
        ended = publishing.done() and publishing.cancelled()
        assert ended, told("publish('job'), cancelled while send blocks", "its end, as cancelled", "something else")


# --- 11.4 every way a job can end ------------------------------------------------------------------------------------


class StoreDown(Exception):
    """The database does not answer."""


class Store:
    """A `JobStore` that notes what it is asked for, in order. `failing` names a method that raises `StoreDown`."""

    def __init__(self, data_id: int | None = 7, failing: str = "") -> None:
        self.data_id = data_id
        self.failing = failing
        self.calls: list[tuple[object, ...]] = []

    def _note(self, *call: object) -> None:
        self.calls.append(call)
        if call[0] == self.failing:
            raise StoreDown("the database is gone")

    async def start(self, job_id: str) -> int | None:
        self._note("start", job_id)
        return self.data_id

    async def succeed(self, job_id: str, result: object) -> None:
        self._note("succeed", job_id, result)

    async def fail(self, job_id: str, error: object) -> None:
        self._note("fail", job_id, error)


class Work:
    """Returns `result`, or raises it."""

    def __init__(self, result: object) -> None:
        self.result = result
        self.calls: list[object] = []

    async def __call__(self, data_id: int) -> Any:
        self.calls.append(data_id)
        await asyncio.sleep(0)
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


async def ran(store: Store, work: Work, sent: str) -> list[logging.LogRecord]:
    """Run the job `j-1` and return what was logged. Nothing may be raised."""
    with logged(JOBS) as records:
        try:
            got = await answer.run_job("j-1", store=store, work=work)
        except Exception as error:
            raise AssertionError(told(sent, "None", f"{type(error).__name__} was raised")) from None
    expect_equal(got, None, sent)
    return records


def job_refused(text: str) -> Exception:
    error: Exception = app_module("services.stock_report").JobRefused(text)
    return error


@pytest.mark.exercise("11.4")
class TestRunJob:
    async def test_success(self):
        """A job is started, worked on once, and ended with its result. Nothing is logged."""
        mixed = {"pieces": 3, "price": None, "share": 0.5, "left": True, "names": ["a", "b"]}
        for data_id, result in ((7, {"stock_value": "72.00"}), (2**63 - 1, {}), (0, mixed)):
            store, work = Store(data_id), Work(result)
            sent = f"run_job('j-1') with data_id {data_id}, and the calls of store"
            records = await ran(store, work, "run_job('j-1')")
            expected = [("start", "j-1"), ("succeed", "j-1", result)]
            assert store.calls == expected, told(sent, expected, store.calls)
            assert work.calls == [data_id], told("run_job('j-1'), and the calls of work", [data_id], work.calls)
            assert lines(records) == [], told("run_job('j-1'), and the log", "nothing", lines(records))

    async def test_over_or_unknown(self):
        """Where `start` returns None, nothing else is done."""
        store, work = Store(None), Work({"a": 1})
        await ran(store, work, "run_job('j-1') of a job that is over")
        got = (store.calls, work.calls)
        assert got == ([("start", "j-1")], []), told(
            "run_job of a job that is over: calls of store and of work", ([("start", "j-1")], []), got
        )

    async def test_refused(self):
        """A JobRefused ends the job as failed with its text, and is not logged."""
        refused = job_refused("There is no such thing.")
        kind_of_it = type("NoSuchThing", (type(refused),), {})
        for what, error in (("JobRefused", refused), ("a subclass of JobRefused", kind_of_it(*refused.args))):
            store, sent = Store(), f"run_job with a work that raises {what}"
            records = await ran(store, Work(error), sent)
            expected = [("start", "j-1"), ("fail", "j-1", "There is no such thing.")]
            assert store.calls == expected, told(f"{sent}: calls of store", expected, store.calls)
            assert lines(records) == [], told(f"{sent}, and the log", "nothing", lines(records))

    async def test_our_fault(self):
        """Any other exception ends the job as failed with OUR_FAULT, which says nothing about it."""
        for error in (
            ValueError("secret"),
            KeyError("secret"),
            ConnectionError("secret"),
            ZeroDivisionError(),
            OSError(),
        ):
            store, work, kind = Store(), Work(error), type(error).__name__
            await ran(store, work, f"run_job with a work that raises {kind}")
            assert work.calls == [7], told(f"run_job, work raises {kind}: calls of work", [7], work.calls)
            expected = [("start", "j-1"), ("fail", "j-1", "The job failed because of an error on our side.")]
            assert store.calls == expected, told(f"run_job, work raises {kind}: calls of store", expected, store.calls)

    async def test_our_fault_is_logged(self):
        """Such an exception is logged once, as an error with its traceback and the job's id."""
        records = await ran(Store(), Work(ValueError("the cause")), "run_job with a work that raises ValueError")
        got = lines(records, "job")
        expected = [("ERROR", "job failed", "j-1")]
        assert got == expected, told("run_job with a work that raises ValueError, and the log", expected, got)
        info = records[0].exc_info
        logged_error = info[1] if info else None
        assert isinstance(logged_error, ValueError), told("the record", "the exception in exc_info", logged_error)

    async def test_the_store_is_down(self):
        """An exception of the store goes on, and a job that was worked on is not failed because of it."""
        for failing, work, before in (
            ("start", Work({}), []),
            ("succeed", Work({"a": 1}), [("start", "j-1")]),
            ("fail", Work(job_refused("No.")), [("start", "j-1")]),
            ("fail", Work(ValueError()), [("start", "j-1")]),
        ):
            store = Store(failing=failing)
            sent = f"run_job with a store whose `{failing}` raises"
            with logged(JOBS):
                await raises_async(StoreDown, answer.run_job, "j-1", store=store, work=work, sent=sent)
            got = [call[0] for call in store.calls]
            expected = [*(call[0] for call in before), failing]
            assert got == expected, told(f"{sent}, and its calls", expected, got)

    async def test_what_is_no_exception_goes_on(self):
        """A cancellation, and whatever else is no `Exception`, goes on and ends nothing."""
        for error in (asyncio.CancelledError(), Leave()):
            store, sent = Store(), f"run_job with a work that raises {type(error).__name__}"
            await raises_async(type(error), answer.run_job, "j-1", store=store, work=Work(error), sent=sent)
            assert store.calls == [("start", "j-1")], told(f"{sent}: calls of store", [("start", "j-1")], store.calls)


# --- 11.5 task and status endpoint -----------------------------------------------------------------------------------

RESULT = {"item_id": 7, "name": "Teapot", "quantity": 3, "price": "24.00", "stock_value": "72.00"}


def a_job(**changes: Any) -> Any:
    jobs = app_module("db.jobs")
    values = {"id": "0a1b", "owner_id": 7, "data_id": 9, "fingerprint": "f", "created_at": NOW, "key": "k"} | changes
    values["status"] = jobs.JobStatus(values.get("status", "pending"))
    return jobs.Job(**values)


class Service:
    """A `JobService` that answers with `job`, or raises it."""

    def __init__(self, job: Any) -> None:
        self.job = job
        self.calls: list[tuple[object, ...]] = []

    def _answer(self, *call: object) -> Any:
        self.calls.append(call)
        if isinstance(self.job, Exception):
            raise self.job
        return self.job

    async def submit(self, owner: Any, body: Any, key: str | None) -> Any:
        return self._answer("submit", owner, getattr(body, "data_id", body), key)

    async def get(self, job_id: str, caller: Any) -> Any:
        return self._answer("get", job_id, caller)


class JobApp:
    """An app that has these routes and nothing else."""

    def __init__(self, job: Any, prefix: str = "/api/v1/jobs") -> None:
        self.service, self.caller, self.prefix = Service(job), account("USER"), prefix
        deps, jobs = app_module("api.deps"), app_module("api.jobs")
        app = FastAPI()
        app.include_router(answer.router, prefix=prefix)
        app_module("api.errors").install_error_handlers(app)
        app.dependency_overrides = {
            deps.get_current_user: lambda: self.caller,
            jobs.get_jobs: lambda: self.service,
        }
        self.http = client_for(app)

    async def post(self, data_id: object = 9, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(self.prefix, json={"data_id": data_id}, headers=sent)

    async def get(self, job_id: str = "0a1b") -> httpx.Response:
        return await self.http.get(f"{self.prefix}/{job_id}")

    def calls(self) -> list[tuple[object, ...]]:
        """What the service was asked for. The caller is short here."""
        return [tuple("the caller" if part is self.caller else part for part in call) for call in self.service.calls]


def envelope(status: str, result: object = None, error: object = None) -> dict[str, object]:
    data = {"id": "0a1b", "status": status, "result": result, "error": error}
    return {"success": True, "message": None, "data": data, "errors": None}


POST_JOB, GET_JOB = "POST /api/v1/jobs", "GET /api/v1/jobs/0a1b"


@pytest.mark.exercise("11.5")
class TestEndpoints:
    async def test_accepted(self):
        """POST answers 202 with the job, as clients may see it."""
        response = await JobApp(a_job()).post()
        expect_status(response, 202, POST_JOB)
        expect_equal(response.json(), envelope("pending"), POST_JOB)

    async def test_location(self):
        """`Location` is the path of the job, wherever the router is."""
        for prefix in ("/api/v1/jobs", "/work"):
            location = (await JobApp(a_job(id="77ff"), prefix).post()).headers.get("location")
            expect_equal(location, f"{prefix}/77ff", f"POST {prefix}, and the answer's Location")

    async def test_what_the_service_gets(self):
        """The service gets caller, body and key; without a key it gets None."""
        app = JobApp(a_job())
        await app.post(12)
        await app.post(13, Idempotency_Key="monday")
        expected = [("submit", "the caller", 12, None), ("submit", "the caller", 13, "monday")]
        assert app.calls() == expected, told(
            f"{POST_JOB} without and with a key, and the calls of the service", expected, app.calls()
        )

    async def test_every_state(self):
        """GET answers 200 with the job, whatever its state."""
        for job, expected in (
            (a_job(), envelope("pending")),
            (a_job(status="started"), envelope("started")),
            (a_job(status="succeeded", result=RESULT), envelope("succeeded", RESULT)),
            (a_job(status="failed", error="There is no item."), envelope("failed", error="There is no item.")),
        ):
            response = await JobApp(job).get()
            sent = f"{GET_JOB} of a job that is {job.status}"
            expect_status(response, 200, sent)
            expect_equal(response.json(), expected, sent)

    async def test_who_asks(self):
        """The service gets the id of the path and the caller, and one question."""
        app = JobApp(a_job(id="77ff"))
        await app.get("77ff")
        expected = [("get", "77ff", "the caller")]
        assert app.calls() == expected, told(
            "GET /api/v1/jobs/77ff, and the calls of the service", expected, app.calls()
        )

    async def test_a_repeated_job_comes_as_it_is(self):
        """POST answers 202 too when the service returns a job that is over already."""
        response = await JobApp(a_job(status="succeeded", result=RESULT)).post(Idempotency_Key="monday")
        sent = f"{POST_JOB} with a key whose job has succeeded"
        expect_status(response, 202, sent)
        expect_equal(response.json(), envelope("succeeded", RESULT), sent)

    async def test_what_the_service_raises(self):
        """What the service raises is answered as it is: 503, 422, 404."""
        errors = app_module("core.errors")
        for error, status in ((errors.ServiceUnavailable("Later."), 503), (errors.Unprocessable("Another body."), 422)):
            expect_status(await JobApp(error).post(), status, f"{POST_JOB}, the service raises {type(error).__name__}")
        expect_status(await JobApp(errors.NotFound("None.")).get(), 404, f"{GET_JOB}, the service raises NotFound")


# --- 11.6 one key, one job -------------------------------------------------------------------------------------------


class Jobs:
    """A `JobRepository`: each method waits a moment and is then one step.

    Where `rival` is set, another process stores that job right after the method `quicker`, if its key is free.
    """

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}
        self.added = 0
        self.rival: Any = None
        self.quicker = ""

    def _after(self, method: str) -> None:
        if self.rival is not None and method == self.quicker:
            if self._find(self.rival.owner_id, self.rival.key) is None:
                self.rows[self.rival.id] = self.rival
            self.rival = None

    async def _moment(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    async def get(self, job_id: str) -> Any:
        await self._moment()
        return self._copy(self.rows.get(job_id))

    @staticmethod
    def _copy(job: Any) -> Any:
        return None if job is None else replace(job)

    def _find(self, owner_id: int | None, key: str | None) -> Any:
        if key is None or owner_id is None:
            return None
        return next((job for job in self.rows.values() if (job.owner_id, job.key) == (owner_id, key)), None)

    async def add(self, job: Any) -> bool:
        await self._moment()
        if self._find(job.owner_id, job.key) is not None:
            return False
        self.added += 1
        self.rows[job.id] = replace(job)
        return True

    async def by_key(self, owner_id: int, key: str) -> Any:
        await self._moment()
        found = self._copy(self._find(owner_id, key))
        self._after("by_key")
        return found

    async def release(self, owner_id: int, key: str, until: datetime) -> None:
        await self._moment()
        job = self._find(owner_id, key)
        if job is not None and job.created_at <= until:
            job.key = None
        self._after("release")

    async def withdraw(self, job_id: str) -> None:
        await self._moment()
        self.rows.pop(job_id, None)


class Asking:
    """Requests for jobs, one after the other or at once."""

    def __init__(self) -> None:
        self.jobs = Jobs()
        self.count = 0

    async def __call__(self, key: str = "k", body: str = "one", owner_id: int = 7, now: datetime = NOW) -> Any:
        self.count += 1
        fingerprint = "".join(body)  # an object of its own, as it comes out of a database
        job = a_job(id=f"job-{self.count}", owner_id=owner_id, key=key, fingerprint=fingerprint, created_at=now)
        return await answer.job_of_key(job, owner_id, key, jobs=self.jobs, now=now)


CALL = "job_of_key"


@pytest.mark.exercise("11.6")
class TestIdempotency:
    async def test_a_new_key(self):
        """A job under a new key is stored, with its key, and returned."""
        ask = Asking()
        job = await ask()
        expect_equal(getattr(job, "id", job), "job-1", f"{CALL} with a new key: the id of the job")
        stored = [(row.id, row.key) for row in ask.jobs.rows.values()]
        expect_equal(stored, [("job-1", "k")], f"{CALL} with a new key: ids and keys of the jobs that are stored")
        assert ask.jobs.added == 1, told(f"{CALL} with a new key: jobs stored", 1, ask.jobs.added)

    async def test_the_same_body(self):
        """The same key and body again gives the first job, as it is now, and stores nothing."""
        ask = Asking()
        await ask()
        first = ask.jobs.rows.get("job-1")
        assert first is not None, told(f"{CALL} with a new key", "a stored job", "none")
        for status in ("pending", "started", "succeeded", "failed", "failed"):
            first.status = app_module("db.jobs").JobStatus(status)
            job = await ask()
            got = (getattr(job, "id", job), str(getattr(job, "status", None)))
            expect_equal(got, ("job-1", status), f"{CALL} again, when the job is {status}: id and status")
        assert len(ask.jobs.rows) == 1, told(f"{CALL} six times with one key: jobs", 1, len(ask.jobs.rows))

    async def test_another_body(self):
        """The same key with another body is Unprocessable, and stores nothing."""
        for first, second in (("one", "two"), ("two", "one"), ("one", "on"), ("", "one")):
            ask = Asking()
            await ask(body=first)
            sent = f"{CALL} with the same key and another body"
            error = await raises_async(app_module("core.errors").Unprocessable, ask, body=second, sent=sent)
            text = "header.Idempotency-Key: stands for a request with another body"
            expect_equal(error.message, text, f"{sent}, and the text of the exception")
            got = [(job.id, job.key, job.fingerprint) for job in ask.jobs.rows.values()]
            expect_equal(got, [("job-1", "k", first)], f"{sent}, and the jobs that are stored")

    @pytest.mark.parametrize(
        ("age", "expected"),
        [
            (timedelta(hours=1), "job-1"),
            (timedelta(hours=24) - timedelta(microseconds=1), "job-1"),
            (timedelta(hours=24), "job-2"),
            (timedelta(days=3), "job-2"),
        ],
        ids=str,
    )
    async def test_a_key_lives_for_a_day(self, age, expected):
        """A key is free again 24 hours after its job was made, not a microsecond earlier; the old job stays."""
        ask = Asking()
        await ask()
        job = await ask(now=NOW + age)
        sent = f"{CALL} with the same key, {age} later"
        expect_equal(getattr(job, "id", job), expected, f"{sent}: the id of the job")
        assert "job-1" in ask.jobs.rows, told(f"{sent}, and the first job", "it is still there", "it is gone")

    async def test_another_body_after_a_day(self):
        """After its day a key may stand for another body, and begins a day of its own."""
        ask = Asking()
        await ask()
        later = NOW + timedelta(hours=24)
        job = await ask(body="two", now=later)
        expect_equal(getattr(job, "id", job), "job-2", f"{CALL} with the old key and another body after a day")
        job = await ask(body="two", now=later + timedelta(hours=23))
        expect_equal(getattr(job, "id", job), "job-2", f"{CALL} with that key and body, 23 hours later")

    async def test_twenty_at_once(self):
        """Twenty requests at once with one key and body get one job; of two bodies at once, one is refused."""
        ask = Asking()
        for later, when in ((timedelta(), ""), (timedelta(hours=25), ", a day later")):
            before = set(ask.jobs.rows)
            found = await asyncio.gather(*(ask(now=NOW + later) for _ in range(20)), return_exceptions=True)
            sent = f"{CALL} twenty times at once{when}"
            raised = sorted({type(error).__name__ for error in found if isinstance(error, BaseException)})
            assert not raised, told(sent, "20 jobs", f"{', '.join(raised)} was raised")
            got, stored = {getattr(job, "id", repr(job)) for job in found}, set(ask.jobs.rows) - before
            assert got == stored, told(
                sent,
                "the same job 20 times, and that one stored",
                f"{len(got)} different jobs, {len(got - stored)} of them not stored",
            )
            assert len(got) == 1, told(sent, "the same job 20 times", f"{len(got)} different jobs")
        ask = Asking()
        bodies = ("one", "two") * 5
        found = await asyncio.gather(*(ask(body=body) for body in bodies), return_exceptions=True)
        kinds = sorted(type(result).__name__ for result in found)
        expected = ["Job"] * 5 + ["Unprocessable"] * 5
        assert kinds == expected, told(f"{CALL} ten times at once, two bodies under one key", expected, kinds)
        assert len(ask.jobs.rows) == 1, told("the same, and the jobs stored", 1, len(ask.jobs.rows))

    async def test_another_process(self):
        """Another process may store a job with this key at any moment: then that is the one, or its body decides."""
        for quicker in ("release", "by_key"):
            for body, expected in (("one", "rival"), ("two", "Unprocessable")):
                ask = Asking()
                ask.jobs.quicker = quicker
                ask.jobs.rival = a_job(id="rival", owner_id=7, key="k", fingerprint=body, created_at=NOW)
                try:
                    got = (await ask()).id
                except Exception as error:
                    got = type(error).__name__
                stored = [job_id for job_id, job in ask.jobs.rows.items() if job.key == "k"]
                if stored == ["job-1"]:  # ours was first
                    expected = "job-1"
                same = "the same body" if body == "one" else "another body"
                sent = f"{CALL}, while another process stores `rival` with {same} right after `{quicker}`"
                expect_equal(got, expected, sent)
                assert len(stored) == 1, told(f"{sent}: jobs with this key", "1", stored)

    async def test_other_keys_and_owners(self):
        """Other keys, and the same key of another owner, are other jobs, and stay in force."""
        ask = Asking()
        asked = [("k", 7), ("K", 7), ("k2", 7), ("k", 8)]
        ids = [(await ask(key, owner_id=owner)).id for key, owner in asked]
        expected = ["job-1", "job-2", "job-3", "job-4"]
        expect_equal(ids, expected, f"{CALL} with keys k, K, k2 of one owner and k of another")
        again = [(await ask(key, owner_id=owner)).id for key, owner in asked]
        expect_equal(again, expected, f"the same {CALL} again")
        await ask("k", now=NOW + timedelta(hours=30))
        left = [(job.id, job.key) for job in ask.jobs.rows.values() if job.id in expected]
        free = [("job-1", None), ("job-2", "K"), ("job-3", "k2"), ("job-4", "k")]
        expect_equal(left, free, f"{CALL} with k of the first owner 30 hours later, and the keys of the old jobs")
