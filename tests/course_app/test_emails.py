"""POST /api/v1/emails: who may, what is refused, what arrives, what is tried again, and what is never logged."""

from __future__ import annotations

import asyncio
import email
import email.policy
import gc
import importlib
import json
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from anyio import to_thread
from apps import running
from httpx import AsyncClient, Response

from coursekit.testing import waits_skipped

EMAILS = "/api/v1/emails"
MAIL = {"recipient": "bob@example.org", "subject": "Your teapot", "body": "It is on its way."}


def assert_refused(response: Response, status: int, *locations: str) -> None:
    assert response.status_code == status, response.text
    answer = response.json()
    assert (answer["success"], answer["data"]) == (False, None)
    if locations:
        assert [error.partition(":")[0] for error in answer["errors"]] == list(locations)


@pytest.fixture
async def manager(client_as: Any) -> AsyncClient:
    http: AsyncClient = await client_as("manager")
    return http


@pytest.mark.parametrize("role", ["admin", "manager"])
async def test_a_mail_is_accepted_and_sent(app: Any, client_as: Any, clock: Any, role: str) -> None:
    response = await (await client_as(role)).post(EMAILS, json=MAIL)
    assert response.status_code == 202
    assert response.json()["success"] is True
    (mail,) = app.state.outbox
    assert (mail.recipient, mail.subject, mail.body, mail.written_at) == (*MAIL.values(), clock())


async def test_who_may_not(app: Any, client: AsyncClient, client_as: Any) -> None:
    assert_refused(await client.post(EMAILS, json=MAIL), 401)
    assert_refused(await (await client_as("user")).post(EMAILS, json=MAIL), 403)
    assert_refused(await (await client_as("user")).post(EMAILS, json={}), 403)
    assert app.state.outbox == []


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "bob",
        "bob@",
        "@example.com",
        "bob@localhost",
        "Bob <bob@example.com>",
        "bob@example.com, eve@example.com",
        "bob@example.com\n",
        "bob@example.com\r\nBcc: eve@example.com",
        " bob@example.com",
        "bob@example.com\0",
        "b" * 250 + "@example.com",
        None,
        7,
        ["bob@example.com"],
    ],
)
async def test_a_recipient_is_one_bare_address(app: Any, manager: AsyncClient, recipient: object) -> None:
    assert_refused(await manager.post(EMAILS, json=MAIL | {"recipient": recipient}), 422, "body.recipient")
    assert app.state.outbox == []


LINE_ENDS = ("\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")


@pytest.mark.parametrize(
    "subject",
    ["", "x" * 201, None, 7, "a\0b", "a\ud800b", "a\tb", "a\x7fb", "a\x9fb"]
    + [f"Hello{end}Bcc: eve@example.com" for end in LINE_ENDS]
    + [f"Hello{end}" for end in LINE_ENDS],
)
async def test_a_subject_is_one_line(app: Any, manager: AsyncClient, subject: object) -> None:
    content = ascii_json(MAIL | {"subject": subject})
    headers = {"Content-Type": "application/json"}
    assert_refused(await manager.post(EMAILS, content=content, headers=headers), 422, "body.subject")
    assert app.state.outbox == []


def ascii_json(value: object) -> bytes:
    """JSON that can hold half a surrogate pair."""
    return json.dumps(value).encode("ascii")


@pytest.mark.parametrize("body", ["", "x" * 10_001, None, 7, "a\0b"])
async def test_a_body_has_1_to_10000_characters(app: Any, manager: AsyncClient, body: object) -> None:
    assert_refused(await manager.post(EMAILS, json=MAIL | {"body": body}), 422, "body.body")


async def test_bounds_and_unknown_fields(app: Any, manager: AsyncClient) -> None:
    assert (await manager.post(EMAILS, json=MAIL | {"subject": "x" * 200, "body": "y" * 10_000})).status_code == 202
    assert (await manager.post(EMAILS, json=MAIL | {"subject": "x", "body": "\n\t\x07"})).status_code == 202
    assert_refused(await manager.post(EMAILS, json=MAIL | {"cc": "eve@example.com"}), 422, "body")
    assert_refused(await manager.post(EMAILS, json={}), 422, "body.recipient", "body.subject", "body.body")
    assert len(app.state.outbox) == 2


# --- the quota -------------------------------------------------------------------------------------------------------


async def test_a_hundred_a_user_and_day(app: Any, manager: AsyncClient, client_as: Any, clock: Any) -> None:
    for sent in range(100):
        assert (await manager.post(EMAILS, json=MAIL)).status_code == 202, sent
        if sent == 49:
            clock.advance(minutes=10)
    refused = await manager.post(EMAILS, json=MAIL)
    assert_refused(refused, 429)
    assert refused.headers["retry-after"] == str(24 * 3600 - 600)
    assert_refused(await manager.post(EMAILS, json=MAIL | {"subject": ""}), 422)
    other = await client_as("manager", name="other")
    assert (await other.post(EMAILS, json=MAIL)).status_code == 202
    assert len(app.state.outbox) == 101


async def test_the_day_slides(app: Any, client_as: Any, clock: Any) -> None:
    async def answers(count: int) -> list[int]:
        http = await client_as("manager")  # the token of yesterday is over
        return [(await http.post(EMAILS, json=MAIL)).status_code for _ in range(count)]

    assert await answers(60) == [202] * 60
    clock.advance(hours=12)
    assert await answers(41) == [202] * 40 + [429]
    clock.advance(hours=12)
    assert await answers(61) == [202] * 60 + [429]


async def test_refused_requests_cost_nothing(app: Any, manager: AsyncClient) -> None:
    for _ in range(30):
        assert_refused(await manager.post(EMAILS, json=MAIL | {"subject": "a\nb"}), 422)
    assert [(await manager.post(EMAILS, json=MAIL)).status_code for _ in range(101)] == [202] * 100 + [429]


async def test_a_hundred_at_once(app: Any, manager: AsyncClient) -> None:
    answers = await asyncio.gather(*(manager.post(EMAILS, json=MAIL) for _ in range(120)))
    assert sorted(answer.status_code for answer in answers) == [202] * 100 + [429] * 20
    assert len(app.state.outbox) == 100


async def test_without_redis_mails_go_out(app: Any, manager: AsyncClient) -> None:
    app.state.fake_redis.connected = False
    assert (await manager.post(EMAILS, json=MAIL)).status_code == 202
    assert len(app.state.outbox) == 1


# --- over SMTP -------------------------------------------------------------------------------------------------------


class Mailroom:
    """Keeps what it gets. `replies` are its next answers to a recipient."""

    def __init__(self) -> None:
        self.received: list[Envelope] = []
        self.replies: list[str] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, _: Any) -> str:
        reply = self.replies.pop(0) if self.replies else "250 OK"
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        self.received.append(envelope)
        return "250 OK"


@asynccontextmanager
async def listening(mailroom: Mailroom, **options: Any) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailroom, hostname="mail.test", **options), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


Deliver = Callable[..., AbstractAsyncContextManager[tuple[Mailroom, AsyncClient]]]


@pytest.fixture
def delivering(course_app: Any, new_settings: Any, clock: Any) -> Deliver:
    """`async with delivering() as (mailroom, http)`: a mail server, and a manager whose app sends through it."""

    @asynccontextmanager
    async def started(**options: Any) -> AsyncIterator[tuple[Mailroom, AsyncClient]]:
        mailroom = Mailroom()
        async with listening(mailroom, **options) as port:
            settings = new_settings(SMTP_URL=f"smtp://127.0.0.1:{port}?from=shop%40example.com")
            async with running(course_app, settings, clock, "manager") as (app, http):
                yield mailroom, http
                assert app.state.outbox == []

    return started


@pytest.fixture
def short_delays(course_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver = importlib.import_module("course_app.services.delivery").deliver
    monkeypatch.setitem(deliver.__kwdefaults__, "delays", (0.01, 0.01, 0.01))


async def test_what_arrives(delivering: Deliver, clock: Any) -> None:
    body = "Grüße\n.\n..\nFrom me\r\nQUIT\r\n" + "é" * 2000
    async with delivering() as (mailroom, http):
        response = await http.post(EMAILS, json=MAIL | {"subject": "Zwölf Teekannen", "body": body})
        assert response.status_code == 202
    (envelope,) = mailroom.received
    assert (envelope.mail_from, envelope.rcpt_tos) == ("shop@example.com", ["bob@example.org"])
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert sorted(name.lower() for name in message) == [
        "content-transfer-encoding",
        "content-type",
        "date",
        "from",
        "message-id",
        "mime-version",
        "subject",
        "to",
    ]
    assert (message["To"], message["From"]) == ("bob@example.org", "shop@example.com")
    assert message["Subject"] == "Zwölf Teekannen"
    assert message["Date"].datetime == clock()
    assert message.get_content().replace("\r\n", "\n").rstrip("\n") == body.replace("\r\n", "\n").rstrip("\n")


@pytest.mark.parametrize(
    "subject",
    [
        "=?utf-8?q?x=0D=0ABcc:_eve@example.com?=",
        "=?utf-8?b?eA0KQmNjOiBldmVAZXhhbXBsZS5jb20=?=",
        "é =?utf-8?q?x=0ABcc:_eve@example.com?=",
        "x" * 200,
        "é" * 200,
        "a " * 99 + "a",
        " blanks around ",
        ", : ; <eve@example.com>",
        "\U0001f600" * 50,
        "%s %d {} \\r\\nBcc: eve@example.com",
    ],
)
async def test_no_subject_becomes_another_header(delivering: Deliver, subject: str) -> None:
    async with delivering() as (mailroom, http):
        assert (await http.post(EMAILS, json=MAIL | {"subject": subject})).status_code == 202
    (envelope,) = mailroom.received
    assert envelope.rcpt_tos == ["bob@example.org"]
    head = envelope.content.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert b"bcc" not in names
    assert len(names) == 8
    assert email.message_from_bytes(envelope.content, policy=email.policy.default)["Subject"] == subject


@pytest.mark.parametrize(
    ("recipient", "envelope_to"),
    [
        ("Bob@Example.ORG", "bob@example.org"),
        ("bob+tag@example.org", "bob+tag@example.org"),
        ("bob@bücher.example", "bob@xn--bcher-kva.example"),
        ("bücher@example.org", "bücher@example.org"),
    ],
)
async def test_recipients_of_every_kind(delivering: Deliver, recipient: str, envelope_to: str) -> None:
    async with delivering(enable_SMTPUTF8=True) as (mailroom, http):
        assert (await http.post(EMAILS, json=MAIL | {"recipient": recipient})).status_code == 202
    assert [envelope.rcpt_tos for envelope in mailroom.received] == [[envelope_to]]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.mark.parametrize("replies", [["450 <bob@example.org> later", "451 later"], ["421 go away"]])
async def test_not_now_is_tried_again(
    delivering: Deliver, short_delays: None, caplog: pytest.LogCaptureFixture, replies: list[str]
) -> None:
    async with delivering() as (mailroom, http):
        mailroom.replies = list(replies)
        assert (await http.post(EMAILS, json=MAIL)).status_code == 202
    assert len(mailroom.received) == 1
    refusals = [record for record in caplog.records if record.name == "course_app.mail"]
    assert [record.levelno for record in refusals] == [logging.WARNING] * len(replies)
    assert "bob@example.org" not in all_of(caplog)


async def test_never_is_not_tried_again(delivering: Deliver, caplog: pytest.LogCaptureFixture) -> None:
    async with delivering() as (mailroom, http):
        mailroom.replies = ["550 <bob@example.org> unknown"]
        assert (await http.post(EMAILS, json=MAIL)).status_code == 202
    assert (mailroom.received, mailroom.replies) == ([], [])
    (record,) = [record for record in caplog.records if record.name == "course_app.mail"]
    assert (record.levelno, record.attempt, record.reason) == (logging.ERROR, 1, "550")  # type: ignore[attr-defined]
    assert "bob@example.org" not in all_of(caplog)


@pytest.mark.parametrize("goodbye", ["421 idle for too long", "500 what", "221 bye"])
async def test_a_mail_that_was_accepted_is_not_sent_again(
    delivering: Deliver, short_delays: None, caplog: pytest.LogCaptureFixture, goodbye: str
) -> None:
    async def answer(*_: Any) -> str:
        return goodbye

    async with delivering() as (mailroom, http):
        mailroom.handle_QUIT = answer  # type: ignore[attr-defined]
        assert (await http.post(EMAILS, json=MAIL)).status_code == 202
    assert len(mailroom.received) == 1
    assert [record for record in caplog.records if record.name == "course_app.mail"] == []


async def test_a_server_without_tls_gets_nothing(
    course_app: Any, new_settings: Any, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    mailroom = Mailroom()
    async with listening(mailroom) as port:
        settings = new_settings(SMTP_URL=f"smtp+starttls://name:hunter2@127.0.0.1:{port}")
        async with running(course_app, settings, clock, "manager") as (_, http):
            assert (await http.post(EMAILS, json=MAIL)).status_code == 202
    (record,) = [record for record in caplog.records if record.name == "course_app.mail"]
    assert (record.attempt, record.reason) == (1, "SMTPNotSupportedError")  # type: ignore[attr-defined]
    assert mailroom.received == []
    gc.collect()  # warns of a connection that was left open


async def test_the_outbox_does_not_grow_for_ever(course_app: Any) -> None:
    module = importlib.import_module("course_app.services.email")
    outbox: list[int] = []
    for number in range(1001):
        await module.OutboxMailer(outbox).send(number)
    assert outbox == [*range(1, 1001)]


async def test_a_dead_mail_server_changes_no_answer_and_tells_nothing(
    course_app: Any, new_settings: Any, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings = new_settings(SMTP_URL=f"smtp://127.0.0.1:{closed_port()}")
    async with running(course_app, settings, clock, "manager") as (_, http):
        with waits_skipped():
            response = await http.post(EMAILS, json=MAIL)
    assert response.status_code == 202
    levels = [record.levelno for record in caplog.records if record.name == "course_app.mail"]
    assert levels == [logging.WARNING] * 3 + [logging.ERROR]
    for secret in MAIL.values():
        assert secret not in all_of(caplog)


def all_of(caplog: pytest.LogCaptureFixture) -> str:
    """All that was logged, but for what aiosmtpd says, which is the mail server of these tests."""
    records = [record for record in caplog.records if record.name != "mail.log"]
    return "\n".join(f"{record.getMessage()} {vars(record)}" for record in records)


async def test_a_mail_server_that_hangs_holds_nobody_up(course_app: Any, new_settings: Any, clock: Any) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    settings = new_settings(SMTP_URL=f"smtp://127.0.0.1:{silent.getsockname()[1]}")
    async with running(course_app, settings, clock, "manager") as (_, http):
        mails = [asyncio.create_task(http.post(EMAILS, json=MAIL)) for _ in range(12)]
        try:
            await asyncio.sleep(0.1)
            async with asyncio.timeout(5):  # the mail server has ten
                assert (await http.get("/api/v1/items")).status_code == 200
                assert await asyncio.to_thread(int) == await to_thread.run_sync(int)
            assert not any(mail.done() for mail in mails)
        finally:
            silent.close()  # refuses those who wait
            for mail in mails:
                mail.cancel()
            await asyncio.gather(*mails, return_exceptions=True)


# --- the setting -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "localhost:25",
        "http://localhost",
        "smtp://",
        "smtp://:25",
        "smtp://localhost:port",
        "smtp://localhost:99999",
        "smtp://localhost/path",
        "smtp://localhost?form=a@b",
        "smtp://localhost?from=nobody",
        "smtp://localhost?from=a@b%0d%0aBcc:c@d",
        "smtp://name:hunter2@localhost",
        "",
    ],
)
def test_a_mail_server_that_is_none_is_refused_without_its_password(new_settings: Any, url: str) -> None:
    with pytest.raises(ValueError, match="SMTP_URL") as refused:
        new_settings(SMTP_URL=url)
    assert "hunter2" not in str(refused.value)


def test_the_password_is_not_shown(new_settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "SMTP_URL", "smtps://name:hunter%3A2@mail.example.com")
    settings = new_settings()
    assert (settings.SMTP_URL.password, settings.SMTP_URL.port) == ("hunter:2", 465)
    assert "hunter" not in repr(settings)
    assert "hunter" not in str(settings)
