"""Services that stop under load and come back. Only what needs them may fail, and it heals within five seconds."""

from __future__ import annotations

import asyncio
import time
from email import message_from_bytes
from typing import Any

import httpx
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from http_load import Ask, client_of, seconds_until, signed_in, under_load
from servers import LOOPBACK, PostgreSQL, Redis, Serve, StartWorker, free_port, wait_for

ITEMS = "/api/v1/items"
TEAPOT = {"name": "Teapot", "price": "24.00", "quantity": 1_000_000}
HEALS_IN = 5.0


async def new_item(admin: httpx.AsyncClient) -> str:
    created = await admin.post(ITEMS, json=TEAPOT)
    assert created.status_code == 201
    return created.headers["location"]


def usual(admin: httpx.AsyncClient, item: str) -> dict[str, Ask]:
    """Reads of everybody, reads of somebody, writes."""
    return {
        "list": lambda: admin.get(ITEMS),
        "me": lambda: admin.get("/api/v1/users/me"),
        "reserve": lambda: admin.post(f"{item}/reserve", json={"quantity": 1}),
    }


async def down(client: httpx.AsyncClient) -> list[str]:
    """What the app says is down."""
    ready = await client.get("/health/ready")
    return [] if ready.status_code == 200 else ready.json()["down"]


async def test_redis_is_stopped_and_started_again(
    postgresql_url: str, redis: Redis, serve: Serve, start_worker: StartWorker
) -> None:
    settings = {"DATABASE_URL": postgresql_url, "REDIS_URL": redis.url(), "CELERY_BROKER_URL": redis.url(1)}
    server = serve(**settings, RATE_LIMIT_PER_MINUTE="1000000")
    start_worker(**settings)
    admin = await signed_in(server, "admin")
    item = await new_item(admin)

    async def ask_for_a_job() -> httpx.Response:
        return await admin.post("/api/v1/jobs", json={"data_id": int(item.rpartition("/")[2])})

    async def job_is_done() -> bool:
        """Whether a job is taken, and done; under load one may be refused that would have been taken later."""
        asked = await ask_for_a_job()
        assert asked.status_code in (202, 503)
        if asked.status_code == 503:
            return False
        await seconds_until(lambda: is_done(asked.headers["location"]), 30)
        return True

    async def is_done(job: str) -> bool:
        return (await admin.get(job)).json()["data"]["status"] == "succeeded"

    async def is_ready() -> bool:
        return await down(admin) == []

    async with under_load(usual(admin, item), at_once=1) as load:
        await seconds_until(job_is_done, 60)
        redis.stop()
        await asyncio.sleep(0.5)
        for _ in range(4):
            assert sorted(await down(admin)) == ["broker", "redis"]
            begun = time.monotonic()
            assert (await ask_for_a_job()).status_code == 503
            assert time.monotonic() - begun < 2
        redis.start()
        healed = await seconds_until(is_ready, HEALS_IN)
        await seconds_until(job_is_done, HEALS_IN + 30)
        await asyncio.sleep(0.5)
    assert load.statuses() == {200}, "the app serves without Redis"
    assert healed < HEALS_IN
    taken = TEAPOT["quantity"] - (await admin.get(item)).json()["data"]["quantity"]
    assert taken == load.count("reserve", 200)


async def test_postgresql_is_restarted(postgresql: PostgreSQL, postgresql_url: str, redis: Redis, serve: Serve) -> None:
    server = serve(DATABASE_URL=postgresql_url, REDIS_URL=redis.url(), RATE_LIMIT_PER_MINUTE="1000000")
    admin = await signed_in(server, "admin")
    item = await new_item(admin)

    async with under_load(usual(admin, item)) as load:
        await asyncio.sleep(1)
        stopped = time.monotonic()
        await asyncio.to_thread(postgresql.stop)
        await asyncio.sleep(0.5)
        assert await down(admin) == ["database"]
        async with client_of(server) as stranger:
            assert (await stranger.get("/health/live")).status_code == 200
        await asyncio.to_thread(postgresql.start)
        back = time.monotonic()
        await asyncio.sleep(HEALS_IN + 1)
    assert load.statuses(end=stopped) == {200}
    assert load.statuses(stopped, back + HEALS_IN) <= {200, 500}
    assert load.statuses(back + HEALS_IN) == {200}
    assert await down(admin) == []
    taken = TEAPOT["quantity"] - (await admin.get(item)).json()["data"]["quantity"]
    assert 0 <= taken - load.count("reserve", 200) <= load.count("reserve", 500), "what was answered is stored"


class Inbox:
    """What a mail server was given."""

    def __init__(self) -> None:
        self.subjects: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        """Keep the subject of a message."""
        assert isinstance(envelope.content, bytes)
        self.subjects.append(message_from_bytes(envelope.content)["subject"])
        return "250 OK"


async def test_the_mail_server_is_down_for_a_while(postgresql_url: str, serve: Serve) -> None:
    port = free_port()
    server = serve(workers=1, DATABASE_URL=postgresql_url, SMTP_URL=f"smtp://{LOOPBACK}:{port}")
    admin = await signed_in(server, "admin")
    mail = {"recipient": "bob@example.com", "subject": "Hello", "body": "The body is secret."}
    assert (await admin.post("/api/v1/emails", json=mail)).status_code == 202
    await asyncio.to_thread(wait_for, lambda: "mail not accepted" in server.said(), "the first attempt")
    inbox = Inbox()
    controller = Controller(inbox, hostname=LOOPBACK, port=port)
    controller.start()
    try:
        await asyncio.to_thread(wait_for, lambda: inbox.subjects, "another attempt")
    finally:
        controller.stop()
    assert inbox.subjects == ["Hello"]
    assert "secret" not in server.said()
    assert "bob@" not in server.said()
