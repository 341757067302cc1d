"""The store: units of work, races that must not be won twice, migrations, several processes."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import logging
import os
import sqlite3
import subprocess
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from coursekit.check_client import client_for

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET_KEY = "the secret of the tests of the application: 64 characters of text"
PASSWORD = "Correct-Horse-7"
ENVELOPE = {"success", "message", "data", "errors"}
USERS, ITEMS, ME, TOKEN = "/api/v1/users", "/api/v1/items", "/api/v1/users/me", "/api/v1/auth/token"
LAMP = {"name": "Lamp", "price": "19.99", "quantity": 10}

ClientAs = Callable[..., Awaitable[AsyncClient]]


def data(response: Response) -> Any:
    assert response.is_success, response.text
    return response.json()["data"]


def assert_refused(response: Response, status: int) -> None:
    assert response.status_code == status, response.text
    answer = response.json()
    assert set(answer) == ENVELOPE
    assert (answer["success"], answer["data"]) == (False, None)
    assert answer["errors"]


async def statuses(requests: Iterable[Awaitable[Response]]) -> dict[int, int]:
    return dict(Counter(response.status_code for response in await asyncio.gather(*requests)))


async def new_item(manager: AsyncClient, **changes: Any) -> str:
    response = await manager.post(ITEMS, json=LAMP | changes)
    assert response.status_code == 201, response.text
    return response.headers["location"]


def account(email: str) -> dict[str, str]:
    return {"email": email, "password": PASSWORD, "full_name": "Somebody"}


def engine_of(app: Any) -> AsyncEngine:
    engine: AsyncEngine = app.state.sessions.kw["bind"]
    return engine


def on_sqlite(app: Any) -> bool:
    return engine_of(app).dialect.name == "sqlite"


# --- reservations ----------------------------------------------------------------------------------------------------


async def test_the_last_ten_pieces_are_sold_ten_times(client: AsyncClient, client_as: ClientAs) -> None:
    path = await new_item(await client_as("manager"))
    user = await client_as("user")
    answered = await statuses(user.post(f"{path}/reserve", json={"quantity": 1}) for _ in range(50))
    assert answered == {200: 10, 409: 40}
    assert data(await client.get(path))["quantity"] == 0


async def test_everybody_is_served_while_there_are_enough(client: AsyncClient, client_as: ClientAs) -> None:
    path = await new_item(await client_as("manager"), quantity=30)
    user = await client_as("user")
    assert await statuses(user.post(f"{path}/reserve", json={"quantity": 2}) for _ in range(15)) == {200: 15}
    assert data(await client.get(path))["quantity"] == 0


async def test_a_reservation_is_a_change_of_the_item(client: AsyncClient, client_as: ClientAs, clock: Any) -> None:
    manager, user = await client_as("manager"), await client_as("user")
    path = await new_item(manager)
    before = await client.get(path)
    clock.advance(minutes=1)
    reserved = await user.post(f"{path}/reserve", json={"quantity": 3})
    after = await client.get(path)
    assert reserved.status_code == 200
    assert set(reserved.json()) == ENVELOPE
    assert data(reserved) == data(after)
    assert data(after) == data(before) | {"quantity": 7, "updated_at": data(after)["updated_at"]}
    assert data(after)["updated_at"] > data(before)["updated_at"]
    assert reserved.headers["etag"] == after.headers["etag"] != before.headers["etag"]
    assert (await client.get(path, headers={"If-None-Match": before.headers["etag"]})).status_code == 200
    assert_refused(await manager.put(path, json=LAMP, headers={"If-Match": before.headers["etag"]}), 412)


async def test_a_refused_reservation_changes_nothing(client: AsyncClient, client_as: ClientAs, clock: Any) -> None:
    path = await new_item(await client_as("manager"))
    user = await client_as("user")
    before = await client.get(path)
    clock.advance(minutes=1)
    assert_refused(await user.post(f"{path}/reserve", json={"quantity": 11}), 409)
    after = await client.get(path)
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])


@pytest.mark.parametrize(
    "body",
    [
        *({"quantity": quantity} for quantity in (0, -1, 1_000_001, 2**70, "1", 1.0, True, None)),
        *({}, {"quantity": 1, "x": 1}, [], None, 1),
    ],
)
async def test_what_is_no_reservation(client_as: ClientAs, body: Any) -> None:
    path = await new_item(await client_as("manager"))
    assert_refused(await (await client_as("user")).post(f"{path}/reserve", json=body), 422)


async def test_which_refusal_of_a_reservation_wins(client: AsyncClient, client_as: ClientAs) -> None:
    user = await client_as("user")
    good, bad = {"quantity": 1_000_000}, {"quantity": 0}
    for path, body, status in (
        ("999", good, 404),
        ("999", bad, 422),
        (str(2**63 - 1), good, 404),
        (str(2**63), good, 422),
        ("0", good, 422),
    ):
        assert_refused(await user.post(f"{ITEMS}/{path}/reserve", json=body), status)
        assert_refused(await client.post(f"{ITEMS}/{path}/reserve", json=body), 401)
    assert_refused(await user.get(f"{ITEMS}/1/reserve"), 405)
    assert_refused(await user.post(f"{ITEMS}/1/reserve/", json=good), 404)


# --- two at a time ---------------------------------------------------------------------------------------------------


async def test_one_of_twenty_registrations_of_an_address_succeeds(client: AsyncClient, client_as: ClientAs) -> None:
    answered = await statuses(client.post(USERS, json=account("Ada@Example.com")) for _ in range(20))
    assert answered == {201: 1, 409: 19}
    found = data(await (await client_as("admin")).get(USERS))["items"]
    assert [user["email"] for user in found].count("ada@example.com") == 1


async def test_two_admins_cannot_remove_each_other(client_as: ClientAs) -> None:
    first, second = await client_as("admin"), await client_as("admin", name="second")
    ids = [data(await who.get(ME))["id"] for who in (first, second)]
    for demote in ({"role": "user"}, {"is_active": False}):
        answered = await statuses(
            [first.patch(f"{USERS}/{ids[1]}", json=demote), second.patch(f"{USERS}/{ids[0]}", json=demote)]
        )
        assert answered in ({200: 1, 409: 1}, {200: 1, 401: 1}, {200: 1, 403: 1})
        left = first if (await first.get(USERS)).status_code == 200 else second
        other = ids[1] if left is first else ids[0]
        back = await left.patch(f"{USERS}/{other}", json={"role": "admin", "is_active": True})
        assert back.status_code == 200
    answered = await statuses([first.delete(f"{USERS}/{ids[1]}"), second.delete(f"{USERS}/{ids[0]}")])
    assert sum(answered.values()) - answered.get(204, 0) == 1
    left = first if (await first.get(USERS)).status_code == 200 else second
    assert data(await left.get(f"{USERS}?role=admin"))["total"] == 1


async def test_of_many_admins_one_stays(client_as: ClientAs) -> None:
    admins = [await client_as("admin")] + [await client_as("admin", name=f"no{n}") for n in range(4)]
    ids = [data(await who.get(ME))["id"] for who in admins]
    around = [who.patch(f"{USERS}/{ids[n - 1]}", json={"is_active": False}) for n, who in enumerate(admins)]
    await statuses([*around, *(who.patch(f"{USERS}/{ids[n]}", json={"role": "user"}) for n, who in enumerate(admins))])
    left = [n for n, who in enumerate(admins) if (await who.get(USERS)).status_code == 200]
    assert len(left) >= 1


async def test_after_a_deactivation_was_answered_no_request_is_accepted(client_as: ClientAs) -> None:
    admin, user = await client_as("admin"), await client_as("user")
    user_id = data(await user.get(ME))["id"]
    answered = asyncio.Event()
    late: list[int] = []

    async def ask_on() -> None:
        while len(late) < 5:
            began_after = answered.is_set()
            response = await user.get(ME)
            if began_after:
                late.append(response.status_code)

    asking = [asyncio.create_task(ask_on()) for _ in range(4)]
    await asyncio.sleep(0.05)
    assert (await admin.patch(f"{USERS}/{user_id}", json={"is_active": False})).status_code == 200
    answered.set()
    await asyncio.gather(*asking)
    assert set(late) == {401}


async def test_one_of_twenty_conditional_changes_succeeds(client: AsyncClient, client_as: ClientAs) -> None:
    manager = await client_as("manager")
    path = await new_item(manager)
    tag = (await client.get(path)).headers["etag"]
    puts = [manager.put(path, json=LAMP | {"quantity": n}, headers={"If-Match": tag}) for n in range(20)]
    answers = await asyncio.gather(*puts)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 19}
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert data(await client.get(path)) == data(winner)


async def test_a_change_and_a_deletion_with_the_same_tag(client: AsyncClient, client_as: ClientAs) -> None:
    manager = await client_as("manager")
    for _ in range(5):
        path = await new_item(manager)
        if_match = {"If-Match": (await client.get(path)).headers["etag"]}
        put, delete = await asyncio.gather(
            manager.put(path, json=LAMP, headers=if_match), manager.delete(path, headers=if_match)
        )
        assert (put.status_code, delete.status_code) in ((200, 412), (404, 204))


async def test_every_change_has_a_tag_of_its_own(client: AsyncClient, client_as: ClientAs) -> None:
    manager, user = await client_as("manager"), await client_as("user")
    path = await new_item(manager, quantity=1000)
    changes = [manager.put(path, json=LAMP | {"quantity": 1000}) for _ in range(10)]
    changes += [user.post(f"{path}/reserve", json={"quantity": 1}) for _ in range(10)]
    answers = await asyncio.gather(*changes)
    assert {answer.status_code for answer in answers} == {200}
    tags = {answer.headers["etag"] for answer in answers}
    assert len(tags) == 20
    assert (await client.get(path)).headers["etag"] in tags


async def test_one_of_two_password_changes_succeeds(client: AsyncClient, client_as: ClientAs) -> None:
    user = await client_as("user")
    bodies = [{"current_password": PASSWORD, "password": f"Correct-Horse-{n}"} for n in (8, 9)]
    answered = await statuses(user.patch(ME, json=body) for body in bodies)
    assert answered in ({200: 1, 401: 1}, {200: 1, 403: 1})  # 403: the second began when the first was stored
    signed_in = [
        await client.post(TOKEN, data={"username": "user@example.com", "password": f"Correct-Horse-{n}"})
        for n in (7, 8, 9)
    ]
    assert sorted(answer.status_code for answer in signed_in) == [200, 401, 401]


async def test_an_owner_is_deleted_while_making_items(client: AsyncClient, client_as: ClientAs) -> None:
    admin = await client_as("admin")
    for n in range(3):
        manager = await client_as("manager", name=f"no{n}")
        manager_id = data(await manager.get(ME))["id"]
        await new_item(manager)
        requests = [manager.post(ITEMS, json=LAMP) for _ in range(6)]
        answered = await statuses([*requests[:3], admin.delete(f"{USERS}/{manager_id}"), *requests[3:]])
        assert set(answered) <= {201, 204, 401}
        assert answered[204] == 1
    assert {item["owner_id"] for item in data(await client.get(f"{ITEMS}?limit=100"))["items"]} == {None}


async def test_the_items_of_a_deleted_account_change(client: AsyncClient, client_as: ClientAs) -> None:
    admin, manager = await client_as("admin"), await client_as("manager")
    path = await new_item(manager)
    before = await client.get(path)
    assert (await admin.delete(f"{USERS}/{data(await manager.get(ME))['id']}")).status_code == 204
    after = await client.get(path)
    assert data(after) == data(before) | {"owner_id": None}
    assert after.headers["etag"] != before.headers["etag"]


# --- units of work ---------------------------------------------------------------------------------------------------


async def test_a_commit_that_fails_is_no_success(app: Any, client: AsyncClient, client_as: ClientAs) -> None:
    manager = await client_as("manager")

    def fail(_: object) -> None:
        raise OSError("disk full")

    engine = engine_of(app).sync_engine
    event.listen(engine, "commit", fail)
    response = await manager.post(ITEMS, json=LAMP)
    event.remove(engine, "commit", fail)
    assert_refused(response, 500)
    assert data(await client.get(ITEMS))["total"] == 0


@pytest.mark.parametrize(
    ("column", "value"), [("full_name", None), ("email", "admin@example.com"), ("role", "queen"), ("key", "k" * 65)]
)
async def test_an_error_of_the_database_tells_no_values(
    app: Any, client: AsyncClient, client_as: ClientAs, column: str, value: str | None
) -> None:
    await (await client_as("admin")).get(ME)
    told: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(logging.Formatter().format(record))

    row = {
        "key": "k1",
        "email": "secret@example.com",
        "full_name": "A",
        "role": "user",
        "hashed_password": "$argon2id$",
    }
    row |= {column: value}
    columns, root = [*row, "is_active", "token_generation", "created_at"], logging.getLogger()
    bound = ", ".join([*(f":{name}" for name in row), "true", "0", "CURRENT_TIMESTAMP"])
    root.addHandler(handler := Kept())
    try:
        async with app.state.sessions() as session:
            await session.execute(text(f"INSERT INTO users ({', '.join(columns)}) VALUES ({bound})"), row)
            assert column == "key", "stored"
            assert on_sqlite(app), "stored"  # SQLite does not count characters
    except DBAPIError as error:
        told += traceback.format_exception(error)
    finally:
        root.removeHandler(handler)
    for secret in ("argon2id", "secret@example.com", "admin@example.com"):
        assert secret not in "".join(told)


async def test_what_was_answered_is_stored(client: AsyncClient, client_as: ClientAs) -> None:
    manager = await client_as("manager")

    async def make_and_read(n: int) -> bool:
        path = await new_item(manager, name=f"Lamp {n}")
        there, listed = await asyncio.gather(client.get(path), client.get(f"{ITEMS}?q=lamp {n}"))
        return there.status_code == 200 and data(listed)["total"] >= 1

    assert all(await asyncio.gather(*(make_and_read(n) for n in range(20))))


async def test_no_connection_is_held_while_a_password_is_verified(
    app: Any, client: AsyncClient, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await client_as("user")
    go_on, all_wait, waiting = asyncio.Event(), asyncio.Event(), 0

    async def slow(password: str, hashed: str | None) -> bool:
        nonlocal waiting
        waiting += 1
        if waiting == 80:
            all_wait.set()
        await go_on.wait()
        return False

    monkeypatch.setattr(app.state.hashing, "verify", slow)
    form = {"username": "user@example.com", "password": "x"}
    change = {"current_password": PASSWORD, "password": "Correct-Horse-8"}
    transports = [ASGITransport(app, client=(f"10.0.0.{n}", 1)) for n in range(80)]  # one attempt at a time an address
    clients = [AsyncClient(transport=transport, base_url=client.base_url) for transport in transports]
    logins = [asyncio.create_task(http.post(TOKEN, data=form)) for http in clients[:40]]
    logins += [asyncio.create_task(http.patch(ME, json=change, headers=user.headers)) for http in clients[40:]]
    await asyncio.wait_for(all_wait.wait(), 30)
    try:
        taken: int = engine_of(app).pool.checkedout()  # type: ignore[attr-defined]
        assert taken == 0
        assert (await client.get(ITEMS)).status_code == 200
    finally:
        go_on.set()
        answers = await asyncio.gather(*logins)
    assert Counter(answer.status_code for answer in answers) == {401: 40, 403: 40}


async def test_more_requests_than_connections(client: AsyncClient, client_as: ClientAs) -> None:
    manager = await client_as("manager")
    path = await new_item(manager)
    requests = [manager.put(path, json=LAMP) for _ in range(150)]
    requests += [client.get(ITEMS) for _ in range(150)]
    assert await statuses(requests) == {200: 300}


async def test_readers_do_not_wait_for_a_writer(app: Any, client: AsyncClient, client_as: ClientAs) -> None:
    manager = await client_as("manager")
    path = await new_item(manager)
    other = create_async_engine(engine_of(app).url)
    async with other.connect() as connection:
        await connection.execute(text("UPDATE items SET quantity = 1"))
        assert data(await client.get(path))["quantity"] == 10
        writing = asyncio.create_task(manager.put(path, json=LAMP | {"quantity": 7}))
        await asyncio.sleep(0.2)
        assert not writing.done()
        assert data(await client.get(path))["quantity"] == 10
        await connection.commit()
    await other.dispose()
    assert (await writing).status_code == 200
    assert data(await client.get(path))["quantity"] == 7


# --- what outlives a process -----------------------------------------------------------------------------------------


async def test_a_file_that_cannot_be_brought_up_is_not_used(
    course_app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["course_app.db.sqlite"], "BUSY_SECONDS", 0.2)
    file = tmp_path / "old.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("CREATE TABLE t (a)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM t").fetchall()
        session, before = sys.modules["course_app.db.session"], threading.enumerate()
        engine = session.new_engine(f"sqlite+aiosqlite:///{file}")
        with pytest.raises(OperationalError):
            await session.ping(engine)
        for thread in set(threading.enumerate()) - set(before):
            thread.join(5)
            assert not thread.is_alive()  # the connection was closed; its thread ends a moment later
        reader.execute("COMMIT")
        await session.ping(engine)
        async with engine.connect() as connection:
            assert await connection.scalar(text("PRAGMA journal_mode")) == "wal"
        await engine.dispose()


async def test_everything_survives_a_restart(course_app: Any, new_settings: Any, clock: Any) -> None:
    settings = new_settings()
    first = course_app.create_app(settings, clock=clock)
    async with first.router.lifespan_context(first), client_for(first) as client:
        ada = data(await client.post(USERS, json=account("ada@example.com")))
        form = {"username": "ada@example.com", "password": PASSWORD}
        kept, recalled = [
            {"Authorization": f"Bearer {(await client.post(TOKEN, data=form)).json()['access_token']}"} for _ in "12"
        ]
        assert (await client.post("/api/v1/auth/logout", headers=recalled)).status_code == 200
    second = course_app.create_app(settings, clock=clock)
    async with second.router.lifespan_context(second), client_for(second) as client:
        assert data(await client.get(ME, headers=kept)) == ada
        assert_refused(await client.get(ME, headers=recalled), 401)
        assert_refused(await client.post(USERS, json=account("ADA@example.com")), 409)
        assert (await client.post(TOKEN, data=form)).status_code == 200


async def test_two_workers_share_the_store(course_app: Any, new_settings: Any, clock: Any) -> None:
    settings = new_settings()
    first, second = (course_app.create_app(settings, clock=clock) for _ in "12")
    async with (
        first.router.lifespan_context(first),
        second.router.lifespan_context(second),
        client_for(first) as one,
        client_for(second) as two,
    ):
        requests = [worker.post(USERS, json=account("ada@example.com")) for worker in (one, two) * 5]
        assert await statuses(requests) == {201: 1, 409: 9}
        form = {"username": "ada@example.com", "password": PASSWORD}
        token = (await one.post(TOKEN, data=form)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        assert (await two.get(ME, headers=headers)).status_code == 200
        assert (await two.post("/api/v1/auth/logout", headers=headers)).status_code == 200
        assert_refused(await one.get(ME, headers=headers), 401)


async def test_no_id_is_given_away_twice(course_app: Any, new_settings: Any, clock: Any) -> None:
    settings = new_settings()
    seen: list[tuple[int, int]] = []
    for n in range(3):
        app = course_app.create_app(settings, clock=clock)
        async with app.router.lifespan_context(app), client_for(app) as client:
            form = {"username": "admin@example.com", "password": "First-Admin-Password-1"}
            token = (await client.post(TOKEN, data=form)).json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            user = data(await client.post(USERS, json=account(f"no{n}@example.com")))
            item = data(await client.post(ITEMS, json=LAMP))
            assert (await client.delete(f"{USERS}/{user['id']}")).status_code == 204
            assert (await client.delete(f"{ITEMS}/{item['id']}")).status_code == 204
            seen.append((user["id"], item["id"]))
    assert seen == sorted(set(seen))
    assert len({user for user, _ in seen}) == len({item for _, item in seen}) == 3


WORKER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from coursekit import loader
loader.install(Path(sys.argv[1]))
from course_app.main import create_app

async def main():
    app = create_app()
    print("ready", flush=True)
    sys.stdin.readline()
    async with app.router.lifespan_context(app):
        print("started", flush=True)

asyncio.run(main())
"""


def start_at_once(settings: Any, number: int) -> None:
    """Start that many processes, let each prepare, and then let their lifespans begin together."""
    environment = {
        "PATH": os.environ["PATH"],
        "ENVIRONMENT": "test",
        "SECRET_KEY": SECRET_KEY,
        "DATABASE_URL": settings.DATABASE_URL,
        "FIRST_ADMIN_EMAIL": settings.FIRST_ADMIN_EMAIL,
        "FIRST_ADMIN_PASSWORD": settings.FIRST_ADMIN_PASSWORD.get_secret_value(),
    }
    command = [sys.executable, "-P", "-c", WORKER, str(ROOT)]
    pipe = subprocess.PIPE
    workers = [
        subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT)
        for _ in range(number)
    ]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        ended = [worker.communicate(timeout=60) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    assert [worker.returncode for worker in workers] == [0] * number, ended
    assert [said for said, _ in ended] == ["started\n"] * number


async def test_four_processes_start_at_once(course_app: Any, new_settings: Any, clock: Any) -> None:
    settings = new_settings()
    start_at_once(settings, 4)
    app = course_app.create_app(settings, clock=clock)
    async with app.router.lifespan_context(app), client_for(app) as client:
        form = {"username": "admin@example.com", "password": "First-Admin-Password-1"}
        token = (await client.post(TOKEN, data=form)).json()["access_token"]
        found = data(await client.get(USERS, headers={"Authorization": f"Bearer {token}"}))
    assert [user["email"] for user in found["items"]] == ["admin@example.com"]


async def test_the_migrations_lead_to_the_tables_of_the_classes(app: Any) -> None:
    def differences(connection: Any) -> list[Any]:
        base = sys.modules["course_app.db.rows"].Base
        return list(compare_metadata(MigrationContext.configure(connection), base.metadata))

    async with engine_of(app).connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_migrations_lead_back(app: Any, client: AsyncClient) -> None:
    def down_and_up(connection: Any) -> None:
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(sys.modules["course_app.db.migrations"].SCRIPTS))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        command.upgrade(config, "head")

    async with engine_of(app).begin() as connection:
        await connection.run_sync(down_and_up)
    assert (await client.post(USERS, json=account("ada@example.com"))).status_code == 201


# --- values that a store could stumble over --------------------------------------------------------------------------


async def test_text_is_searched_under_case_folding_and_sorted_by_code_point(
    client: AsyncClient, client_as: ClientAs
) -> None:
    manager = await client_as("manager")
    names = ["Straße", "STRASSE", "tea_pot", "teaXpot", "100 %", "1000", "a/b", "É", "e", "Z", "\U0001f600", "\uffee"]
    for name in names:
        await new_item(manager, name=name)

    async def found(q: str) -> list[str]:
        return [item["name"] for item in data(await client.get(ITEMS, params={"q": q, "limit": 100}))["items"]]

    assert await found("strasse") == await found("STRASSE") == await found("Straße") == ["Straße", "STRASSE"]
    assert await found("_") == ["tea_pot"]
    assert await found("0 %") == ["100 %"]
    assert await found("%") == ["100 %"]
    assert await found("/") == ["a/b"]
    assert await found("\\") == await found("'") == []
    assert await found("é") == ["É"]
    everything = data(await client.get(ITEMS, params={"sort": "name", "limit": 100}))["items"]
    assert [item["name"] for item in everything] == sorted(names)
    assert len(await found("")) == len(names)


@pytest.mark.own_process  # uvicorn refuses the head of a request that is over 16 KiB, if it comes in pieces
@pytest.mark.parametrize("q", ["x" * 60_000, "é" * 9_000])
async def test_a_long_text_is_searched_as_well(client: AsyncClient, client_as: ClientAs, q: str) -> None:
    await new_item(await client_as("manager"))
    assert data(await client.get(ITEMS, params={"q": q}))["items"] == []


async def test_a_renamed_item_is_found_by_its_new_name(client: AsyncClient, client_as: ClientAs) -> None:
    manager = await client_as("manager")
    path = await new_item(manager, name="Lamp")
    assert (await manager.put(path, json=LAMP | {"name": "Große Vase"})).status_code == 200
    assert data(await client.get(f"{ITEMS}?q=lamp"))["total"] == 0
    assert data(await client.get(f"{ITEMS}?q=GROSSE"))["total"] == 1


@pytest.mark.own_process
async def test_bounds_of_numbers(client: AsyncClient, client_as: ClientAs) -> None:
    manager = await client_as("manager")
    path = await new_item(manager, price="1000000", quantity=1_000_000)
    assert data(await client.get(path))["price"] == "1000000.00"
    assert data(await client.get(f"{ITEMS}?min_price=1000000&max_price=1000000"))["total"] == 1
    assert data(await client.get(f"{ITEMS}?skip=1000000&limit=100"))["items"] == []
    for number in (2**31, 2**63 - 1):
        assert (await client.get(f"{ITEMS}/{number}")).status_code == 404
        assert (await manager.delete(f"{ITEMS}/{number}")).status_code == 404
    for tag in ('"1-99999999999999999999999"', ", ".join(f'"1-{n}"' for n in range(2, 20_000))):
        assert_refused(await manager.put(path, json=LAMP, headers={"If-Match": tag}), 412)


@pytest.mark.own_process
async def test_a_token_with_a_long_name_can_be_recalled(client: AsyncClient, client_as: ClientAs) -> None:
    user = await client_as("user")
    claims = json.loads(base64.urlsafe_b64decode(user.headers["authorization"].split(".")[1] + "=="))
    for jti in ("x" * 20_000, "é\u2028'", "%_"):
        parts = ({"alg": "HS256", "typ": "JWT"}, claims | {"jti": jti})
        signed = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        signature = base64.urlsafe_b64encode(hmac.digest(SECRET_KEY.encode(), signed.encode(), "sha256"))
        headers = {"Authorization": f"Bearer {signed}.{signature.decode().rstrip('=')}"}
        assert (await client.get(ME, headers=headers)).status_code == 200
        answered = await statuses(client.post("/api/v1/auth/logout", headers=headers) for _ in range(5))
        assert set(answered) <= {200, 401}
        assert answered[200] >= 1
        assert_refused(await client.get(ME, headers=headers), 401)
    assert (await user.get(ME)).status_code == 200


async def test_an_address_whose_account_was_deleted_meanwhile_is_409(
    course_app: Any, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = {"email": "ada@example.com", "password": "Correct-Horse-7", "full_name": "Ada"}
    assert (await client.post("/api/v1/users", json=account)).status_code == 201

    async def gone(*_: Any) -> None:
        """By the time one asks, the other account is not there any more."""

    monkeypatch.setattr("course_app.db.sql_users.SqlUsers.get_by_email", gone)
    assert (await client.post("/api/v1/users", json=account)).status_code == 409
