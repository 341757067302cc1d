"""The app that is always the learner's latest build, and the client on it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from textwrap import dedent

import httpx
import pytest

from coursekit import loader
from coursekit.clock import FrozenClock
from coursekit.errors import CourseError
from coursekit.live_app import LiveApp, client_for
from coursekit.show import show

MAIN = """
from contextlib import asynccontextmanager
from fastapi import FastAPI

events = []

@asynccontextmanager
async def lifespan(app):
    events.append("start")
    yield
    events.append("stop")

def create_app(settings=None, *, clock=None):
    app = FastAPI(lifespan=lifespan)
    app.state.memory = {"items": []}

    @app.get("/version")
    async def version():
        return VERSION

    @app.post("/items")
    async def add():
        app.state.memory["items"].append(clock().isoformat())
        return app.state.memory["items"]

    @app.get("/broken")
    async def broken():
        return {}["missing"]

    return app

VERSION = 1
"""


Write = Callable[[str, str], None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, source: str) -> None:
        path = tmp_path / "course_app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source))

    return write


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[LiveApp]:
    finders = list(sys.meta_path)
    live = LiveApp(tmp_path, FrozenClock())
    yield live
    await live.close()
    loader.purge()
    sys.meta_path[:] = finders


async def test_a_save_of_the_same_size_in_the_same_second_is_seen(live: LiveApp, write: Write) -> None:
    async with client_for(live) as client:
        for version in range(1, 9):
            write("main.py", MAIN.replace("VERSION = 1", f"VERSION = {version}"))
            assert await live.reload() is None
            assert (await client.get("/version")).json() == version
    assert not list(live.folder.rglob("__pycache__"))


async def test_requests_alone_build_nothing(live: LiveApp, write: Write) -> None:
    write("main.py", MAIN)
    await live.reload()
    built = live.application
    async with client_for(live) as client:
        for _ in range(3):
            await client.get("/version")
    assert live.application is built


async def test_an_edit_by_hand_is_seen_at_the_next_request(live: LiveApp, write: Write) -> None:
    write("main.py", MAIN)
    await live.reload()
    async with client_for(live) as client:
        assert (await client.get("/version")).json() == 1
        write("main.py", MAIN.replace("VERSION = 1", "VERSION = 22"))
        assert (await client.get("/version")).json() == 22


@pytest.mark.parametrize(
    ("name", "source", "fault"),
    [
        ("main.py", "def create_app(:", "SyntaxError: invalid syntax in course_app/main.py, line 1"),
        ("main.py", "import course_app.core.gone", "ModuleNotFoundError: there is no module course_app.core"),
        ("main.py", "raise SystemExit(3)", "SystemExit: 3 in course_app/main.py, line 1"),
        ("main.py", "x = 1", "AttributeError: "),
        ("main.py", "from course_app.a import x", "ModuleNotFoundError: "),
    ],
)  # fmt: skip
async def test_a_broken_build_leaves_the_last_good_one(
    live: LiveApp, write: Write, name: str, source: str, fault: str
) -> None:
    write("main.py", MAIN)
    await live.reload()
    write(name, source)
    said = await live.reload()
    assert str(said).startswith(fault)
    async with client_for(live) as client:
        assert (await client.get("/version")).json() == 1


async def test_a_failing_lifespan_leaves_the_last_good_one(live: LiveApp, write: Write) -> None:
    write("main.py", MAIN)
    await live.reload()
    write("main.py", MAIN.replace('events.append("start")', 'raise OSError("no database")'))
    assert str(await live.reload()).startswith("OSError: no database in course_app/main.py, line")
    async with client_for(live) as client:
        assert (await client.get("/version")).status_code == 200


async def test_rows_in_memory_outlive_a_save(live: LiveApp, write: Write) -> None:
    write("main.py", MAIN)
    await live.reload()
    async with client_for(live) as client:
        await client.post("/items")
        live.clock.advance(minutes=1)
        await live.reload()
        assert (await client.post("/items")).json() == ["2026-01-01T09:00:00+00:00", "2026-01-01T09:01:00+00:00"]


async def test_every_lifespan_is_entered_and_left_once(live: LiveApp, write: Write) -> None:
    write("main.py", MAIN)
    await live.reload()
    first = sys.modules["course_app.main"]
    await live.reload()
    second = sys.modules["course_app.main"]
    assert first.events == ["start", "stop"]
    assert second.events == ["start"]
    await live.close()
    assert second.events == ["start", "stop"]


async def test_a_file_that_nothing_imports_yet_needs_no_new_build(live: LiveApp, write: Write) -> None:
    write("main.py", MAIN)
    await live.reload()
    first = live.application
    write("core/config.py", "VERSION = 1")
    assert await live.reload() is None
    assert live.application is first
    write("main.py", MAIN.replace("VERSION = 1", "from course_app.core.config import VERSION"))
    await live.reload()
    second = live.application
    assert second is not first
    write("core/config.py", "VERSION = 22")
    await live.reload()
    async with client_for(live) as client:
        assert (await client.get("/version")).json() == 22
    third = live.application
    write("migrations/versions/m0001_tables.py", "revision = 1")
    await live.reload()
    assert live.application is not third


async def test_without_a_main_a_request_says_so(live: LiveApp, write: Write) -> None:
    write("core/config.py", "x = 1")
    assert await live.reload() is None
    async with client_for(live) as client:
        with pytest.raises(CourseError, match=r"because it has no course_app/main\.py yet"):
            await client.get("/")


async def test_the_finished_app_never_stands_in(live: LiveApp) -> None:
    await live.reload()
    with pytest.raises(ModuleNotFoundError, match=r"no module course_app in your app yet"):
        __import__("course_app.main")


async def test_an_exception_of_the_app_is_a_500_that_tells_where(
    live: LiveApp,
    write: Write,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write("main.py", MAIN)
    await live.reload()
    async with client_for(live) as client:
        show(await client.get("/broken"))
        show(await client.get("/version"))
    line = MAIN[: MAIN.index('{}["missing"]')].count("\n") + 1
    assert capsys.readouterr().out == (
        "GET /broken -> 500 Internal Server Error\nInternal Server Error\n"
        f"raised: KeyError: 'missing' in course_app/main.py, line {line}\n"
        "GET /version -> 200 OK\n1\n"
    )


def test_show_hides_tokens_and_names_missing_headers(capsys: pytest.CaptureFixture[str]) -> None:
    response = httpx.Response(
        201,
        json={
            "token": "eyJhbGciOi.eyJzdWIi.c2ln-_",
            "items": [{"id": number, "name": "n" * 20} for number in range(3)],
        },
        headers={"Location": "/api/v1/items/1"},
        request=httpx.Request("POST", "https://course.test/items?x=1"),
    )
    show(response, "location", "ETag")
    assert capsys.readouterr().out == (
        "POST /items?x=1 -> 201 Created\nlocation: /api/v1/items/1\netag: (not there)\n"
        '{\n  "token": "<token>",\n  "items": [\n'
        '    {"id": 0, "name": "nnnnnnnnnnnnnnnnnnnn"},\n    {"id": 1, "name": "nnnnnnnnnnnnnnnnnnnn"},\n'
        '    {"id": 2, "name": "nnnnnnnnnnnnnnnnnnnn"}\n  ]\n}\n'
    )
