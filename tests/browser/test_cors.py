"""`coursekit.fetch` and Chromium come to the same end, and send the same on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from cors_cases import APP, PROTOCOL, AppCase
from cors_server import EMPTY_PAGE, Recorder, Scripted, nothing, respond_with, serving
from jupyterlab_page import browser_page
from playwright.sync_api import Page as BrowserPage
from starlette.middleware.cors import CORSMiddleware

from coursekit import loader
from coursekit.clock import FrozenClock
from coursekit.fetch import Fetched, Page

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
async ([url, options]) => {
    try {
        const response = await fetch(url, options);
        return {status: response.status, headers: [...response.headers.keys()], body: await response.text()};
    } catch (error) {
        return {error: error.name};
    }
}
"""
ALWAYS_READABLE = {"content-type", "content-length"}
OF_THE_SERVER = {"date", "server"}
COOKIE = {"name": "seen", "value": "yes"}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[BrowserPage]:
    with browser_page(chromium) as page:
        yield page


@pytest.fixture(scope="module")
def pages() -> Iterator[str]:
    """An origin that has pages, and nothing else."""
    with serving(Recorder(nothing)) as origin:
        yield origin


@pytest.fixture(scope="module")
def strangers() -> Iterator[str]:
    """An origin with pages that nobody has allowed."""
    with serving(Recorder(nothing)) as origin:
        yield origin


@pytest.fixture(scope="module")
def scripted() -> Iterator[tuple[str, Scripted, Recorder]]:
    app = Scripted(PROTOCOL)
    recorder = Recorder(app)
    with serving(recorder) as origin:
        yield origin, app, recorder


@pytest.fixture(scope="module")
def course_app() -> Iterator[Any]:
    """The module `course_app.main` of the repository, imported from its source."""
    with loader.imported(ROOT) as main:
        yield main


ADMIN = {"username": "admin@example.com", "password": "First-Admin-Password-1"}


@pytest.fixture(scope="module")
def servers(course_app: Any, pages: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The servers of `APP` by name: origin, recorder; under "bearer" a token of the first one."""

    def finished(origins: str, limit: int) -> Any:
        folder = tmp_path_factory.mktemp("app")
        settings = course_app.Settings(
            ENVIRONMENT="test",
            DATABASE_URL=f"sqlite+aiosqlite:///{(folder / 'app.sqlite3').as_posix()}",
            FIRST_ADMIN_EMAIL=ADMIN["username"],
            FIRST_ADMIN_PASSWORD=ADMIN["password"],
            ALLOWED_ORIGINS=origins,
            RATE_LIMIT_PER_MINUTE=limit,
        )
        made = course_app.create_app(settings, clock=FrozenClock())
        made.add_api_route("/broken", broken)
        return made

    apps = {
        "app": finished(pages, 0),
        "open": finished("*", 0),
        "limited": finished(pages, 1),
        "reflecting": CORSMiddleware(respond_with(200), allow_origins=["*"], allow_credentials=True),
        "limiter outside": respond_with(429),
    }
    with ExitStack() as stack:
        served: dict[str, Any] = {}
        for name, app in apps.items():
            recorder = Recorder(app)
            served[name] = (stack.enter_context(serving(recorder)), recorder)
        signed_in = httpx.post(f"{served['app'][0]}/api/v1/auth/token", data=ADMIN, trust_env=False)
        served["bearer"] = signed_in.json()["access_token"]
        assert httpx.get(f"{served['limited'][0]}/api/v1/items", trust_env=False).status_code == 200
        for recorder in (served["app"][1], served["limited"][1]):
            recorder.take()
        yield served


def broken() -> None:
    raise LookupError


def in_chromium(browser: BrowserPage, origin: str, url: str, options: dict[str, Any]) -> dict[str, Any]:
    browser.context.clear_cookies()
    browser.context.add_cookies([{**COOKIE, "url": url}])
    browser.goto(origin + EMPTY_PAGE)
    outcome: dict[str, Any] = browser.evaluate(SCRIPT, [url, options])
    return outcome


def in_fetch(origin: str, url: str, options: dict[str, Any]) -> Fetched:
    async def fetched() -> Fetched:
        async with httpx.AsyncClient(trust_env=False) as client:
            client.cookies.set(COOKIE["name"], COOKIE["value"], domain="127.0.0.1")
            return await Page(origin, client).fetch(url, **options)

    with ThreadPoolExecutor(1) as thread:  # Playwright has a loop running in this one
        return thread.submit(asyncio.run, fetched()).result()


def assert_agreement(chromium: dict[str, Any], fetched: Fetched, sent: tuple[list[Any], list[Any]]) -> None:
    assert sent[0] == sent[1]
    assert fetched.sent == tuple(request[0] for request in sent[0])
    if fetched.blocked is not None:
        assert chromium == {"error": "TypeError"}, str(fetched)
    else:
        assert chromium.get("status") == fetched.status, str(fetched)
        assert sorted(chromium["headers"]) == sorted(fetched.headers)
        assert bool(chromium["body"]) == bool(fetched.body)


@pytest.mark.parametrize("number", range(len(PROTOCOL)), ids=[case.name for case in PROTOCOL])
def test_the_protocol(browser: BrowserPage, pages: str, scripted: tuple[str, Scripted, Recorder], number: int) -> None:
    server, app, recorder = scripted
    case = PROTOCOL[number]
    app.page = server if case.own else pages
    url = f"{server}/{number}"
    chromium = in_chromium(browser, app.page, url, case.options())
    by_chromium = recorder.take()
    fetched = in_fetch(app.page, url, case.options())
    by_fetch = recorder.take()
    if case.chromium_departs:
        assert "error" not in chromium
    else:
        assert_agreement(chromium, fetched, (by_chromium, by_fetch))
    assert fetched.sent == case.sent
    if case.readable is None:
        assert fetched.blocked is not None
    else:
        assert set(fetched.headers) - ALWAYS_READABLE - OF_THE_SERVER == set(case.readable)


@pytest.mark.parametrize("number", range(len(APP)), ids=[case.name for case in APP])
def test_the_application(
    browser: BrowserPage, pages: str, strangers: str, servers: dict[str, Any], number: int
) -> None:
    case: AppCase = APP[number]
    server, recorder = servers[case.server]
    origin = {"allowed": pages, "stranger": strangers, "own": server}[case.page]
    # a URL of its own for each case: Chromium remembers preflights
    url = f"{server}{case.path}{'&' if '?' in case.path else '?'}case={number}"
    options = case.options(servers["bearer"])
    chromium = in_chromium(browser, origin, url, options)
    by_chromium = recorder.take()
    fetched = in_fetch(origin, url, options)
    assert_agreement(chromium, fetched, (by_chromium, recorder.take()))
    assert (fetched.sent, fetched.status) == (case.sent, case.status), str(fetched)
    if case.status is not None:
        assert set(case.reads) <= fetched.headers.keys()
        assert not set(case.misses) & fetched.headers.keys()
