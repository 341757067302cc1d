"""Jobs: every way one can end, who may see it, keys, brokers that do not answer, and work that is delivered twice."""

from __future__ import annotations

import asyncio
import importlib
import re
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread
from apps import FIRST_ADMIN, running
from httpx import AsyncClient, Response
from pydantic import ValidationError

from coursekit.check_client import client_for
from coursekit.sign_in import sign_in

ROOT = Path(__file__).resolve().parent.parent.parent
JOBS = "/api/v1/jobs"
TEAPOT = {"name": "Teapot", "price": "24.50", "quantity": 3}
REPORT = {"item_id": 1, "name": "Teapot", "quantity": 3, "price": "24.50", "stock_value": "73.50"}
SENTENCE = re.compile(r"[A-Z][^\n]*\.")


def assert_refused(response: Response, status: int) -> None:
    assert response.status_code == status, response.text
    answer = response.json()
    assert (answer["success"], answer["data"]) == (False, None)
    assert answer["errors"]


async def ask(http: AsyncClient, data_id: object = 1, key: str | bytes | None = None) -> Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await http.post(JOBS, json={"data_id": data_id}, headers=headers)  # type: ignore[arg-type]


async def end_of(http: AsyncClient, asked: Response, seconds: float = 20) -> dict[str, Any]:
    """The job when it is over."""
    assert asked.status_code == 202, asked.text
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        response = await http.get(asked.headers["location"])
        assert response.status_code == 200, response.text
        job: dict[str, Any] = response.json()["data"]
        if job["status"] in ("succeeded", "failed"):
            return job
        await asyncio.sleep(0.01)
    raise AssertionError(f"{job} after {seconds} s")


class Shelf:
    """A queue that keeps what is published. `down` makes it fail."""

    def __init__(self, errors: Any) -> None:
        self.published: list[str] = []
        self.down = False
        self._errors = errors

    async def publish(self, job_id: str) -> None:
        await asyncio.sleep(0)
        if self.down:
            raise self._errors.ServiceUnavailable("Jobs cannot be taken at the moment.")
        self.published.append(job_id)


@pytest.fixture
def shelf(app: Any) -> Shelf:
    """In the place of the app's queue: no job is done unless the test does it."""
    state = app.state
    state.queue = Shelf(importlib.import_module("course_app.core.errors"))
    shelf: Shelf = state.queue
    return shelf


@pytest.fixture
async def manager(client_as: Any) -> AsyncClient:
    http: AsyncClient = await client_as("manager")
    assert (await http.post("/api/v1/items", json=TEAPOT)).status_code == 201
    return http


def run(app: Any, job_id: str) -> Any:
    """Do one delivery of a job, as a worker does."""
    runner = importlib.import_module("course_app.tasks.runner")
    return asyncio.to_thread(runner.JobRunner(app.state.settings.DATABASE_URL), job_id)


# --- from the request to the result ----------------------------------------------------------------------------------


async def test_a_job_succeeds(manager: AsyncClient) -> None:
    asked = await ask(manager)
    job = asked.json()["data"]
    assert asked.status_code == 202
    assert asked.headers["location"] == f"{JOBS}/{job['id']}"
    assert job == {"id": job["id"], "status": "pending", "result": None, "error": None}
    assert await end_of(manager, asked) == {**job, "status": "succeeded", "result": REPORT}


async def test_an_unknown_item_is_a_sentence(manager: AsyncClient) -> None:
    for data_id in (999, 2**63 - 1):
        job = await end_of(manager, await ask(manager, data_id))
        assert (job["status"], job["result"]) == ("failed", None)
        assert SENTENCE.fullmatch(job["error"])


async def test_amounts_have_two_places_and_names_are_text(manager: AsyncClient) -> None:
    body = {"name": "\U0001fad6 'Teekanne' \"", "price": "1000000", "quantity": 1_000_000}
    item = (await manager.post("/api/v1/items", json=body)).json()["data"]
    job = await end_of(manager, await ask(manager, item["id"]))
    assert job["result"] == {
        "item_id": item["id"],
        "name": body["name"],
        "quantity": 1_000_000,
        "price": "1000000.00",
        "stock_value": "1000000000000.00",
    }


@pytest.mark.own_process
async def test_an_error_of_ours_tells_nothing(
    manager: AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("the secret cause")

    runner = importlib.import_module("course_app.tasks.runner")
    monkeypatch.setattr(runner, "stock_report", broken)
    job = await end_of(manager, await ask(manager))
    assert job["status"] == "failed"
    assert SENTENCE.fullmatch(job["error"])
    assert "Traceback" not in job["error"]
    assert "secret" not in job["error"]
    assert [record.exc_info is not None for record in caplog.records if record.name == "course_app.jobs"] == [True]


@pytest.mark.parametrize("data_id", [0, -1, 2**63, "1", 1.0, 1.5, True, None, [1]])
async def test_a_data_id_is_an_id(manager: AsyncClient, data_id: object) -> None:
    assert_refused(await ask(manager, data_id), 422)


async def test_the_body(manager: AsyncClient) -> None:
    assert_refused(await manager.post(JOBS, json={}), 422)
    assert_refused(await manager.post(JOBS, json={"data_id": 1, "status": "succeeded"}), 422)
    assert_refused(await manager.post(JOBS, json=[]), 422)


async def test_the_states_are_seen(app: Any, manager: AsyncClient, shelf: Shelf) -> None:
    asked = await ask(manager)

    async def status() -> str:
        return str((await manager.get(asked.headers["location"])).json()["data"]["status"])

    store = importlib.import_module("course_app.db.sql_jobs").SqlJobStore(app.state.sessions)
    assert await status() == "pending"
    assert await store.start(shelf.published[0]) == 1
    assert await status() == "started"
    await store.fail(shelf.published[0], "No.")
    assert await status() == "failed"


# --- who may see it --------------------------------------------------------------------------------------------------


async def test_owner_and_admin_see_it_and_nobody_else(
    client: AsyncClient, client_as: Any, manager: AsyncClient, shelf: Shelf
) -> None:
    user = await client_as("user")
    path = (await ask(user)).headers["location"]
    assert (await user.get(path)).status_code == 200
    assert (await (await client_as("admin")).get(path)).status_code == 200
    assert_refused(await manager.get(path), 404)
    assert_refused(await (await client_as("user", name="other")).get(path), 404)
    assert_refused(await client.get(path), 401)
    assert_refused(await client.post(JOBS, json={"data_id": 1}), 401)
    assert_refused(await client.post(JOBS, json={"data_id": "x"}), 401)


async def test_the_job_of_a_deleted_account(client_as: Any, manager: AsyncClient, shelf: Shelf, app: Any) -> None:
    user, admin = await client_as("user"), await client_as("admin")
    path = (await ask(user, key="k")).headers["location"]
    user_id = (await user.get("/api/v1/users/me")).json()["data"]["id"]
    assert (await admin.delete(f"/api/v1/users/{user_id}")).status_code == 204
    assert_refused(await user.get(path), 401)
    assert_refused(await manager.get(path), 404)
    await run(app, shelf.published[0])
    assert (await admin.get(path)).json()["data"]["result"] == REPORT


async def test_an_account_that_is_deleted_while_it_asks(client_as: Any, manager: AsyncClient, shelf: Shelf) -> None:
    admin = await client_as("admin")
    for number in range(5):
        user = await client_as("user", name=f"leaving-{number}")
        user_id = (await user.get("/api/v1/users/me")).json()["data"]["id"]
        asked, gone, *more = await asyncio.gather(
            ask(user, key="k"), admin.delete(f"/api/v1/users/{user_id}"), *(ask(user) for _ in range(3))
        )
        assert gone.status_code == 204, gone.text
        for answer in (asked, *more):
            assert answer.status_code in (202, 401), answer.text
            if answer.status_code == 202:
                assert (await admin.get(answer.headers["location"])).status_code == 200
                assert_refused(await manager.get(answer.headers["location"]), 404)


@pytest.mark.parametrize(
    "path",
    [
        "no-such-job",
        "0",
        "%20",
        "%2e",
        "é",
        "00000000-0000-0000-0000-000000000000",
        "x" * 5000,
        "%27%20OR%201=1",
        "%ff",
    ],
)
async def test_a_path_that_is_no_known_id_is_404(manager: AsyncClient, path: str) -> None:
    assert_refused(await manager.get(f"{JOBS}/{path}"), 404)


@pytest.mark.parametrize("path", ["%00", "a%00b"])
async def test_u0000_in_a_path_is_422(manager: AsyncClient, path: str) -> None:
    assert_refused(await manager.get(f"{JOBS}/{path}"), 422)


# --- idempotency keys ------------------------------------------------------------------------------------------------


def id_of(response: Response) -> str:
    assert response.status_code == 202, response.text
    return str(response.json()["data"]["id"])


async def test_the_same_key_and_body_is_the_same_job(manager: AsyncClient, shelf: Shelf) -> None:
    first = id_of(await ask(manager, key="k"))
    assert id_of(await ask(manager, key="k")) == first
    reordered = b' { "data_id" : 1 } '
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    assert id_of(await manager.post(JOBS, content=reordered, headers=headers)) == first
    assert id_of(await ask(manager, key="K")) != first
    assert id_of(await ask(manager)) != first
    assert id_of(await ask(manager)) != id_of(await ask(manager))


async def test_the_same_key_with_another_body_is_422(manager: AsyncClient, shelf: Shelf) -> None:
    first = await ask(manager, 1, "k")
    published = list(shelf.published)
    assert_refused(await ask(manager, 2, "k"), 422)
    assert shelf.published == published
    assert id_of(await ask(manager, 1, "k")) == id_of(first)


async def test_a_key_is_its_owners(manager: AsyncClient, client_as: Any, shelf: Shelf) -> None:
    user = await client_as("user")
    first, second = id_of(await ask(manager, 1, "k")), id_of(await ask(user, 2, "k"))
    assert first != second
    assert id_of(await ask(manager, 1, "k")) == first


async def test_a_key_lives_for_a_day_by_the_clock(client_as: Any, clock: Any, shelf: Shelf) -> None:
    first = id_of(await ask(await client_as("user"), 1, "k"))
    clock.advance(hours=23, minutes=59, seconds=59)
    http = await client_as("user")
    assert id_of(await ask(http, 1, "k")) == first
    assert_refused(await ask(http, 2, "k"), 422)
    clock.advance(seconds=1)
    second = id_of(await ask(http, 2, "k"))
    assert second != first
    assert id_of(await ask(http, 2, "k")) == second
    assert (await http.get(f"{JOBS}/{first}")).status_code == 200


async def test_a_finished_job_comes_back_as_it_is(manager: AsyncClient) -> None:
    asked = await ask(manager, key="k")
    job = await end_of(manager, asked)
    again = await ask(manager, key="k")
    assert (again.status_code, again.json()["data"]) == (202, job)


@pytest.mark.parametrize("key", ["!", "~", "k" * 255, 'a"b,c;d', "550e8400-e29b-41d4-a716-446655440000"])
async def test_keys_are_visible_ascii(manager: AsyncClient, shelf: Shelf, key: str) -> None:
    assert id_of(await ask(manager, key=key)) == id_of(await ask(manager, key=key))


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 256, "a\tb", "a\x7f", "é".encode(), b"\xff", b"a\x00b"])
async def test_other_keys_are_422(manager: AsyncClient, shelf: Shelf, key: str | bytes) -> None:
    assert_refused(await ask(manager, key=key), 422)
    assert shelf.published == []


async def test_two_keys_are_none(manager: AsyncClient, shelf: Shelf) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert_refused(await manager.post(JOBS, json={"data_id": 1}, headers=headers), 422)


async def test_twenty_at_once_are_one_job(manager: AsyncClient) -> None:
    answers = await asyncio.gather(*(ask(manager, key="k") for _ in range(20)))
    assert len({id_of(answer) for answer in answers}) == 1
    assert (await end_of(manager, answers[0]))["result"] == REPORT


async def test_twenty_at_once_with_two_bodies(manager: AsyncClient, shelf: Shelf) -> None:
    answers = await asyncio.gather(*(ask(manager, 1 + n % 2, "k") for n in range(20)))
    statuses = [[answer.status_code for answer in answers[start::2]] for start in (0, 1)]
    assert sorted(statuses) == [[202] * 10, [422] * 10]
    assert len({id_of(answer) for answer in answers if answer.status_code == 202}) == 1


async def test_twenty_at_once_after_the_day(client_as: Any, clock: Any, shelf: Shelf) -> None:
    first = id_of(await ask(await client_as("user"), key="k"))
    clock.advance(hours=24)
    http = await client_as("user")
    ids = {id_of(answer) for answer in await asyncio.gather(*(ask(http, key="k") for _ in range(20)))}
    assert len(ids) == 1
    assert first not in ids


# --- delivered twice, delivered late ---------------------------------------------------------------------------------


async def test_delivered_twice_it_has_one_result(app: Any, manager: AsyncClient, shelf: Shelf) -> None:
    asked = await ask(manager)
    await run(app, shelf.published[0])
    assert (await manager.put("/api/v1/items/1", json=TEAPOT | {"price": "1.00"})).status_code == 200
    await run(app, shelf.published[0])
    assert (await end_of(manager, asked))["result"] == REPORT


async def test_delivered_many_times_at_once_it_has_one_result(app: Any, manager: AsyncClient, shelf: Shelf) -> None:
    asked = await ask(manager)
    await asyncio.gather(*(run(app, shelf.published[0]) for _ in range(5)))
    assert (await end_of(manager, asked))["result"] == REPORT


async def test_a_job_whose_worker_died_is_done_by_the_next(app: Any, manager: AsyncClient, shelf: Shelf) -> None:
    asked = await ask(manager)
    store = importlib.import_module("course_app.db.sql_jobs").SqlJobStore(app.state.sessions)
    await store.start(shelf.published[0])
    await run(app, shelf.published[0])
    assert (await end_of(manager, asked))["status"] == "succeeded"


@pytest.mark.own_process
async def test_a_job_that_nobody_knows_is_dropped(app: Any, manager: AsyncClient) -> None:
    await run(app, "no-such-job")


@pytest.mark.own_process
@pytest.mark.parametrize("times", [1, 12])
async def test_a_database_that_fails_for_a_while_loses_no_job(
    manager: AsyncClient, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    jobs = importlib.import_module("course_app.db.sql_jobs")
    succeed, failures = jobs.SqlJobStore.succeed, ["the database is down"] * times
    # The waits between attempts are left out.
    monkeypatch.setattr("celery.app.autoretry.get_exponential_backoff_interval", lambda **_: 0)

    async def fails(self: Any, *arguments: Any) -> None:
        if failures:
            raise OSError(failures.pop())
        await succeed(self, *arguments)

    monkeypatch.setattr(jobs.SqlJobStore, "succeed", fails)
    assert (await end_of(manager, await ask(manager)))["result"] == REPORT
    assert failures == []


# --- brokers that do not answer --------------------------------------------------------------------------------------


@pytest.fixture(params=["closed", "silent", "full"])
def dead_port(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port that refuses, one that takes connections and says nothing, one that does not even take them."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        if request.param != "closed":
            server.listen(100 if request.param == "silent" else 0)
        for _ in range(3 if request.param == "full" else 0):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield server.getsockname()[1]


async def test_no_broker_is_503_within_a_second(course_app: Any, new_settings: Any, clock: Any, dead_port: int) -> None:
    settings = new_settings(CELERY_BROKER_URL=f"redis://127.0.0.1:{dead_port}/0")
    async with running(course_app, settings, clock) as (_, http):
        worst = 0.0

        async def tick() -> None:
            nonlocal worst
            while True:
                before = time.monotonic()
                await asyncio.sleep(0.005)
                worst = max(worst, time.monotonic() - before)

        ticker = asyncio.create_task(tick())
        for count, key in ((1, None), (1, "k"), (1, "k"), (10, None)):
            limit = 1 if count == 1 else 2  # the time of ten requests themselves, on a slow machine
            for _attempt in range(3):  # one that is busy with other tests may be late once
                started, worst = time.monotonic(), 0.0
                answers = await asyncio.gather(*(ask(http, key=key) for _ in range(count)))
                took = time.monotonic() - started
                for answer in answers:
                    assert_refused(answer, 503)
                if took < limit and worst < 0.5:
                    break
            assert took < limit
            assert worst < 0.5, "the event loop stood still"
        ticker.cancel()
        ready = await http.get("/health/ready")
        assert (ready.status_code, ready.json()["down"]) == (503, ["broker"])
        assert (await http.get("/health/live")).status_code == 200
        assert (await http.get("/api/v1/items")).status_code == 200


async def test_a_silent_broker_takes_no_more_than_its_threads(course_app: Any, new_settings: Any, clock: Any) -> None:
    def mine() -> int:
        return len([thread for thread in threading.enumerate() if thread not in before])

    with socket.create_server(("127.0.0.1", 0), backlog=200) as silent:
        settings = new_settings(CELERY_BROKER_URL=f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        async with running(course_app, settings, clock) as (app, _):
            before, refused = (
                threading.enumerate(),
                importlib.import_module("course_app.core.errors").ServiceUnavailable,
            )
            for _ in range(2):
                asked = [asyncio.create_task(app.state.queue.publish("id")) for _ in range(40)]
                probed = [asyncio.create_task(app.state.probes["broker"]()) for _ in range(40)]
                await asyncio.sleep(0.2)
                assert mine() < 20  # eight, two, and few of everybody's
                async with asyncio.timeout(2):
                    assert await asyncio.to_thread(int) == await to_thread.run_sync(int)
                for probe in probed[2:]:
                    probe.cancel()
                answers = await asyncio.gather(*asked, return_exceptions=True)
                assert {type(answer) for answer in answers} == {refused}
                await asyncio.gather(*probed, return_exceptions=True)


@pytest.mark.parametrize(
    "url", ["nonsense", "foo://hunter2@host", "redis://:hunter2@host:port/0", "redis://host:99999", "host:6379/0"]
)
async def test_a_broker_that_is_none_is_refused_without_its_password(
    course_app: Any, new_settings: Any, clock: Any, url: str
) -> None:
    """By the settings where it is no URL, else at the start, where Celery cannot use it."""
    fault = importlib.import_module("course_app.core.startup").ConfigurationError
    with pytest.raises((fault, ValidationError), match="CELERY_BROKER_URL") as refused:
        async with running(course_app, new_settings(CELERY_BROKER_URL=url), clock):
            pass
    assert "hunter2" not in "".join(traceback.format_exception(refused.value))


async def test_what_was_refused_leaves_nothing_behind(
    app: Any, manager: AsyncClient, shelf: Shelf, client_as: Any
) -> None:
    shelf.down = True
    assert_refused(await ask(manager), 503)
    assert_refused(await ask(manager, key="k"), 503)
    assert_refused(await ask(manager, key="k"), 503)
    assert_refused(await ask(manager, 2, "k"), 422)
    shelf.down = False
    first = id_of(await ask(manager, key="k"))
    assert shelf.published == [first]
    assert id_of(await ask(manager, key="k")) == first


# --- the embedded worker ---------------------------------------------------------------------------------------------


async def test_two_applications_in_one_process(course_app: Any, new_settings: Any, clock: Any, tmp_path: Path) -> None:
    urls = [f"sqlite+aiosqlite:///{(tmp_path / name).as_posix()}" for name in ("one.sqlite3", "two.sqlite3")]
    one, two = (new_settings(DATABASE_URL=url) for url in urls)
    async with running(course_app, one, clock) as (_, first), running(course_app, two, clock) as (other, second):
        staff = await sign_in(lambda: client_for(other), "manager", admin=FIRST_ADMIN)
        assert (await staff.post("/api/v1/items", json=TEAPOT)).status_code == 201
        await staff.aclose()
        failed, succeeded = await ask(first), await ask(second)
        assert (await end_of(first, failed))["status"] == "failed"
        assert (await end_of(second, succeeded))["result"] == REPORT
    async with running(course_app, two, clock) as (_, http):  # the same one again
        assert (await end_of(http, await ask(http)))["result"] == REPORT


def test_a_job_that_is_being_done_is_waited_for(course_app: Any) -> None:
    begun, ended = threading.Event(), []

    def work(job_id: str) -> None:
        begun.set()
        time.sleep(0.3)
        ended.append(job_id)

    worker = importlib.import_module("course_app.tasks.embedded").EmbeddedWorker()
    with worker.attached(work) as send:
        send("job-1")
        assert begun.wait(30)
    assert ended == ["job-1"]


PROGRAM = """
import asyncio, threading

from coursekit.check_client import client_for
from course_app.main import create_app
from course_app.core.config import Settings

def workers():
    return sum(thread.name == "worker" for thread in threading.enumerate())

async def main():
    admin = {"FIRST_ADMIN_EMAIL": "admin@example.com", "FIRST_ADMIN_PASSWORD": "First-Admin-Password-1"}
    app = create_app(Settings(ENVIRONMENT="test", **admin))
    async with app.router.lifespan_context(app), client_for(app) as http:
        form = {"username": admin["FIRST_ADMIN_EMAIL"], "password": admin["FIRST_ADMIN_PASSWORD"]}
        token = (await http.post("/api/v1/auth/token", data=form)).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        print("before:", workers())
        for _ in range(3):
            print((await http.post("/api/v1/jobs", json={"data_id": 1})).status_code)
        print("after:", workers())

asyncio.run(main())
print("done")
"""


def test_it_starts_with_the_first_job_and_does_not_keep_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.split("\n") == ["before: 0", "202", "202", "202", "after: 1", "done", ""], done.stderr
    assert done.returncode == 0
