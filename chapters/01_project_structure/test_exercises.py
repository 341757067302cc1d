"""The checks of chapter 01."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import asynccontextmanager
from unittest.mock import patch

import httpx
import pytest
from fastapi import FastAPI, Response

from coursekit.testing import answer, expect_status, learner_test_passes, told, waits_skipped


@asynccontextmanager
async def no_lifespan(app):
    yield


def settings_with(limit):
    """Settings that can be told from others."""
    from course_app.core.config import Settings

    return Settings(ENVIRONMENT="test", SECRET_KEY="x" * 40, RATE_LIMIT_PER_MINUTE=limit)


def new_application(**given):
    """Call the learner's factory with stand-ins where a check does not care."""
    given = {"settings": settings_with(1), "clock": lambda: None, "lifespan": no_lifespan, **given}
    application = answer.new_application(given["settings"], clock=given["clock"], lifespan=given["lifespan"])
    assert isinstance(application, FastAPI), told(
        "new_application(...)", "a FastAPI object", type(application).__name__
    )
    return application


def http(app):
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url="https://course.test"
    )


# 1.1


@pytest.mark.exercise("1.1")
def test_title_and_version():
    """The application is titled Course app, version 1.0.0."""
    application = new_application()
    got = (application.title, application.version)
    assert got == ("Course app", "1.0.0"), told("new_application(...).title and .version", ("Course app", "1.0.0"), got)


@pytest.mark.exercise("1.1")
def test_new_each_time():
    """Each call returns another application."""
    first, second = new_application(), new_application()
    assert first is not second, told("new_application(...) twice", "two applications", "the same one twice")


@pytest.mark.exercise("1.1")
def test_settings_stay():
    """Each application keeps the settings it was given, whatever is made after it."""
    given = [settings_with(1), settings_with(2)]
    applications = [new_application(settings=settings) for settings in given]
    for number, (application, settings) in enumerate(zip(applications, given, strict=True), 1):
        got = getattr(application.state, "settings", None)
        limit = getattr(got, "RATE_LIMIT_PER_MINUTE", None)
        what = f"app.state.settings of application {number} of 2"
        assert limit == number, told(what, f"RATE_LIMIT_PER_MINUTE {number}, as it was given", limit)
        assert got is settings, told(what, "the very object that it was given", "a copy")


@pytest.mark.exercise("1.1")
def test_clock_stays():
    """Each application keeps the clock it was given."""
    clocks = [lambda: 1, lambda: 2]
    applications = [new_application(clock=clock) for clock in clocks]
    for number, (application, clock) in enumerate(zip(applications, clocks, strict=True), 1):
        got = getattr(application.state, "clock", None)
        assert got is clock, told(
            f"app.state.clock of application {number} of 2", "the clock it was given", "another" if got else "none"
        )


@pytest.mark.exercise("1.1")
async def test_routes_not_shared():
    """What is added to one application, a route, a state value or an override, is not in the next."""
    first = new_application()
    first.add_api_route("/only-here", lambda: "here")
    first.state.only_here = True
    first.dependency_overrides[no_lifespan] = no_lifespan
    second = new_application()
    async with http(second) as client:
        expect_status(await client.get("/only-here"), 404, "GET /only-here to an application without that route")
    assert not hasattr(second.state, "only_here"), told(
        "app.state.only_here of another application", "nothing", "the value that was set on the first"
    )
    assert not second.dependency_overrides, told(
        "dependency_overrides of another application", "none", "those that were added to the first"
    )


@pytest.mark.exercise("1.1")
async def test_lifespan_runs():
    """The lifespan runs, with the application it belongs to, when the application starts and stops."""
    events = []

    @asynccontextmanager
    async def lifespan(app):
        events.append(("start", id(app)))
        yield
        events.append(("stop", id(app)))

    _, second = new_application(lifespan=lifespan), new_application(lifespan=lifespan)
    async with second.router.lifespan_context(second):
        assert events == [("start", id(second))], told(
            "start of the second of two applications", "its lifespan entered once, with itself", f"{len(events)} calls"
        )
    assert events == [("start", id(second)), ("stop", id(second))], told(
        "stop of the second of two applications", "its lifespan left", [event for event, _ in events]
    )


# 1.2


def load_with(**environment):
    """Call the learner's load_settings with these variables set and no others of ours."""
    ours = ("ENVIRONMENT", "SECRET_KEY", "ACCESS_TOKEN_EXPIRE_MINUTES", "RATE_LIMIT_PER_MINUTE")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    with patch.dict(os.environ, {**kept, **environment}, clear=True):
        return answer.load_settings()


def refusal_of(**environment):
    """The text of the ConfigurationError that this environment makes."""
    sent = "load_settings() with " + ", ".join(f"{name}={value!r}" for name, value in environment.items())
    try:
        got = load_with(**environment)
    except answer.ConfigurationError as error:
        return str(error)
    except Exception as error:
        raise AssertionError(told(sent, "ConfigurationError", type(error).__name__)) from None
    raise AssertionError(told(sent, "ConfigurationError", f"a return, {type(got).__name__}"))


@pytest.mark.exercise("1.2")
def test_valid_environment():
    """A valid environment gives Settings with its values."""
    from course_app.core.config import Settings

    got = load_with(ENVIRONMENT="production", RATE_LIMIT_PER_MINUTE="7", SECRET_KEY="x" * 40)
    assert isinstance(got, Settings), told("load_settings() with a valid environment", "a Settings object", repr(got))
    values = (got.ENVIRONMENT, got.RATE_LIMIT_PER_MINUTE, got.SECRET_KEY.get_secret_value())
    assert values == ("production", 7, "x" * 40), told(
        "load_settings() with ENVIRONMENT=production, RATE_LIMIT_PER_MINUTE=7 and a SECRET_KEY",
        "settings with these values",
        f"ENVIRONMENT={values[0]}, RATE_LIMIT_PER_MINUTE={values[1]}",
    )


@pytest.mark.exercise("1.2")
def test_read_anew():
    """The environment is read at each call."""
    got = [load_with(RATE_LIMIT_PER_MINUTE=value).RATE_LIMIT_PER_MINUTE for value in ("7", "8")]
    assert got == [7, 8], told("load_settings() with RATE_LIMIT_PER_MINUTE=7, then with 8", [7, 8], got)
    refusal_of(RATE_LIMIT_PER_MINUTE="many")


@pytest.mark.exercise("1.2")
def test_refuses():
    """A wrong environment raises ConfigurationError, whatever is wrong with it."""
    for name, value in (
        ("ENVIRONMENT", "prod"),
        ("RATE_LIMIT_PER_MINUTE", "-1"),
        ("RATE_LIMIT_PER_MINUTE", ""),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "1441"),
    ):
        refusal_of(**{name: value})


@pytest.mark.exercise("1.2")
def test_one_line_a_fault():
    """The text has one line for each fault, `NAME: what is wrong`, all at once."""
    wrong = {"RATE_LIMIT_PER_MINUTE": "lots", "ENVIRONMENT": "prod", "ACCESS_TOKEN_EXPIRE_MINUTES": "0"}
    lines = refusal_of(**wrong).splitlines()
    names = sorted(line.partition(": ")[0] for line in lines)
    assert names == sorted(wrong), told("load_settings() with three wrong settings", "a line for each of them", lines)
    assert all(line.partition(": ")[2].strip() for line in lines), told(
        "load_settings() with three wrong settings", "NAME: what is wrong", lines
    )


@pytest.mark.exercise("1.2")
def test_sorted():
    """The lines are sorted by name."""
    lines = refusal_of(RATE_LIMIT_PER_MINUTE="lots", ENVIRONMENT="prod", ACCESS_TOKEN_EXPIRE_MINUTES="0").splitlines()
    names = [line.partition(":")[0] for line in lines]
    assert names == sorted(names), told("load_settings() with three wrong settings", sorted(names), names)


@pytest.mark.exercise("1.2")
def test_messages_are_pydantics():
    """What is wrong is told in pydantic's words for that setting."""
    text = refusal_of(RATE_LIMIT_PER_MINUTE="lots", ACCESS_TOKEN_EXPIRE_MINUTES="0")
    expected = [
        "ACCESS_TOKEN_EXPIRE_MINUTES: Input should be greater than or equal to 1",
        "RATE_LIMIT_PER_MINUTE: Input should be a valid integer, unable to parse string as an integer",
    ]
    assert sorted(text.splitlines()) == expected, told(
        "load_settings() with RATE_LIMIT_PER_MINUTE='lots', ACCESS_TOKEN_EXPIRE_MINUTES='0'",
        expected,
        text.splitlines(),
    )


@pytest.mark.exercise("1.2")
def test_no_value():
    """The value that was given is not in the text."""
    text = refusal_of(RATE_LIMIT_PER_MINUTE="hunter2", ENVIRONMENT="correct-horse")
    leaked = [value for value in ("hunter2", "correct-horse") if value in text]
    assert not leaked, told(
        "load_settings() with RATE_LIMIT_PER_MINUTE='hunter2'", "lines without the value", text.splitlines()
    )


# 1.3


async def up():
    return None


async def down():
    raise ConnectionError("refused")


async def ask(path, probes):
    """The answer of the learner's routes, mounted on an application with these probes."""
    app = FastAPI()
    app.include_router(answer.router)
    app.state.probes = probes
    async with http(app) as client:
        return await client.get(path)


def body_of(response):
    try:
        return response.json()
    except ValueError:
        return response.text


@pytest.mark.exercise("1.3")
async def test_live():
    """GET /health/live answers 200 and alive."""
    response = await ask("/health/live", {"database": up})
    expect_status(response, 200)
    assert body_of(response) == {"status": "alive"}, told("GET /health/live", {"status": "alive"}, body_of(response))


@pytest.mark.exercise("1.3")
async def test_live_asks_nobody():
    """GET /health/live asks no probe, so it is alive while everything is down."""
    asked = []

    async def probe():
        asked.append("database")
        raise ConnectionError

    response = await ask("/health/live", {"database": probe})
    expect_status(response, 200, "GET /health/live while the database is down")
    assert not asked, told("GET /health/live", "no probe asked", "the probe was called")


@pytest.mark.exercise("1.3")
async def test_ready():
    """GET /health/ready answers 200 when every probe returns, whatever it returns."""

    async def returns_false():
        return False

    async def returns_an_error():
        return ValueError("returned, not raised")

    for probes in ({"database": up, "redis": returns_false, "queue": returns_an_error}, {}):
        sent = f"GET /health/ready with {len(probes)} probes that return"
        response = await ask("/health/ready", probes)
        expect_status(response, 200, sent)
        assert body_of(response) == {"status": "ready", "down": []}, told(
            sent, {"status": "ready", "down": []}, body_of(response)
        )


@pytest.mark.exercise("1.3")
async def test_asked_once():
    """GET /health/ready asks each probe once."""
    asked = []

    async def fails_first():
        asked.append("database")
        if len(asked) == 1:
            raise ConnectionError

    response = await ask("/health/ready", {"database": fails_first})
    expect_status(response, 503, "GET /health/ready, with a probe that raises when it is asked first")
    assert len(asked) == 1, told("GET /health/ready", "the probe asked once", f"{len(asked)} times")


@pytest.mark.exercise("1.3")
async def test_ready_names_what_is_down():
    """GET /health/ready answers 503 with the names of what is down, and only those."""

    def refuses():
        raise ValueError("no")

    response = await ask("/health/ready", {"database": up, "redis": down, "queue": refuses, "mail": up})
    sent = "GET /health/ready with database and mail up, redis and queue down"
    expect_status(response, 503, sent)
    got = body_of(response)
    assert isinstance(got, dict), told(sent, "a JSON object", got)
    assert got.get("status") == "unavailable", told(sent, {"status": "unavailable"}, got)
    assert sorted(got.get("down", [])) == ["queue", "redis"], told(sent, ["queue", "redis"], got.get("down"))


@pytest.mark.exercise("1.3")
async def test_names_sorted():
    """The names of what is down are sorted."""
    response = await ask("/health/ready", {"redis": down, "mail": down, "database": down})
    got = body_of(response).get("down")
    assert got == ["database", "mail", "redis"], told(
        "GET /health/ready with redis, mail and database down", ["database", "mail", "redis"], got
    )


@pytest.mark.exercise("1.3")
async def test_timeout(monkeypatch):
    """A probe has PROBE_TIMEOUT seconds, as the constant is when the request comes, and is down after them."""
    from course_app.api import health

    monkeypatch.setattr(health, "PROBE_TIMEOUT", 30.0, raising=False)

    async def slow():
        await asyncio.sleep(20)

    async def hangs():
        await asyncio.sleep(3600)

    sent = "GET /health/ready with PROBE_TIMEOUT = 30, one probe takes 20 s, one hangs"
    with waits_skipped() as now:
        started = now()
        response = await ask("/health/ready", {"slow": slow, "hangs": hangs})
        seconds = now() - started
    expect_status(response, 503, sent)
    assert body_of(response).get("down") == ["hangs"], told(sent, ["hangs"], body_of(response).get("down"))
    assert 29 < seconds < 35, told(sent, "an answer after 30 s", f"one after {seconds:.0f} s")


@pytest.mark.exercise("1.3")
async def test_all_at_once(monkeypatch):
    """The probes are asked at the same time, not one after the other."""
    from course_app.api import health

    monkeypatch.setattr(health, "PROBE_TIMEOUT", 30.0, raising=False)
    started = []
    everybody = asyncio.Event()

    async def probe():
        started.append(1)
        if len(started) == 3:
            everybody.set()
        await everybody.wait()

    with waits_skipped():
        response = await ask("/health/ready", {"a": probe, "b": probe, "c": probe})
    expect_status(response, 200, "GET /health/ready, three probes that each wait until all three were asked")


# 1.4


PLACES = ("api", "core", "db", "main", "middleware", "schemas", "services", "tests")


def places():
    given = answer.BELONGS
    assert isinstance(given, Mapping), told("BELONGS", "a dictionary", type(given).__name__)
    return given


def _place_check(letter, place, title, question):
    @pytest.mark.exercise("1.4")
    def check():
        got = places().get(letter)
        known = isinstance(got, str) and got in PLACES
        assert known, told(f"snippet {letter}", f"one of {', '.join(PLACES)}", repr(got))
        assert got == place, told(f"snippet {letter}", f"another place, because {question}", repr(got))

    check.__name__ = f"test_{letter}"
    check.__doc__ = title
    return check


test_a = _place_check("a", "schemas", "a: the shape of an answer.", "it only names fields and their types")
test_b = _place_check("b", "services", "b: a rule about pieces in stock.", "it decides what is allowed, without SQL")
test_c = _place_check("c", "db", "c: a query.", "it knows how rows are found")
test_d = _place_check("d", "api", "d: a path and what answers it.", "it knows HTTP, and only for one resource")
test_e = _place_check("e", "middleware", "e: a timer around every request.", "it wraps all paths and names none")
test_f = _place_check("f", "core", "f: hashing a password.", "routes, services and scripts may all need it")
test_g = _place_check("g", "tests", "g: an assertion about an answer.", "no running application needs it")
test_h = _place_check("h", "main", "h: parts put together.", "it knows the whole application")


# 1.5


def path(layer, name="x.py"):
    return f"course_app/{layer}/{name}"


def expect_uphill(imports, expected):
    got = answer.uphill(list(imports))
    assert got == expected, told(f"uphill({imports})", expected, got)


ALL_LAYERS = ("api", "middleware", "services", "schemas", "db", "core")
RULE = {
    "api": {"services", "schemas", "db", "core"},
    "middleware": {"schemas", "core"},
    "services": {"schemas", "db", "core"},
    "db": {"core"},
    "schemas": set(),
    "core": set(),
}


@pytest.mark.exercise("1.5")
def test_downhill():
    """Imports along the arrows are let through."""
    expect_uphill([], [])
    for layer, allowed in RULE.items():
        for target in sorted(allowed):
            expect_uphill([(path(layer), path(target))], [])


@pytest.mark.exercise("1.5")
def test_uphill():
    """Imports against the arrows are returned."""
    for layer in ALL_LAYERS:
        for target in ALL_LAYERS:
            if target != layer and target not in RULE[layer]:
                pair = (path(layer), path(target))
                expect_uphill([pair], [pair])


@pytest.mark.exercise("1.5")
def test_own_layer():
    """A layer may import itself."""
    for layer in ALL_LAYERS:
        expect_uphill([(path(layer, "one.py"), path(layer, "two.py"))], [])


@pytest.mark.exercise("1.5")
def test_main():
    """main may import every layer, and nobody may import main."""
    for layer in ALL_LAYERS:
        expect_uphill([("course_app/main.py", path(layer))], [])
        pair = (path(layer), "course_app/main.py")
        expect_uphill([pair], [pair])
    pair = ("course_app/main.py", "course_app/main.py")
    expect_uphill([pair], [pair])


@pytest.mark.exercise("1.5")
def test_deeper_folders():
    """The layer is the folder directly below course_app, however deep the file lies."""
    expect_uphill([("course_app/api/v1/items.py", "course_app/services/api/client.py")], [])
    for pair in (
        ("course_app/services/api/client.py", "course_app/api/deps.py"),
        ("course_app/core/db/api.py", "course_app/db/session.py"),
        ("course_app/schemas/core/x.py", "course_app/core/clock.py"),
        ("course_app/db/main.py", "course_app/services/main.py"),
    ):
        expect_uphill([pair], [pair])
    expect_uphill([("course_app/services/x.py", "course_app/db/main.py")], [])


@pytest.mark.exercise("1.5")
def test_order_and_repeats():
    """The forbidden pairs come in the order they were given, repeats included."""
    wrong = ("course_app/services/items.py", "course_app/api/deps.py")
    other = ("course_app/core/clock.py", "course_app/db/session.py")
    right = ("course_app/api/deps.py", "course_app/core/clock.py")
    expect_uphill([wrong, right, other, wrong], [wrong, other, wrong])


# 1.6


def application(ready):
    """An application with the dependency of the real one and this readiness route."""
    from course_app.api.deps import ProbesDep

    async def route(probes: ProbesDep, response: Response):
        down = []
        for name, probe in sorted(probes.items()):
            try:
                await asyncio.wait_for(probe(), 0.1)
            except Exception:
                down.append(name)
        status, names = ready(down, sorted(probes))
        response.status_code = status
        return {"status": "ready" if status == 200 else "unavailable", "down": names}

    made = FastAPI()
    made.add_api_route("/health/ready", route)
    made.state.probes = {"database": up, "redis": up}
    return made


async def runs_clean(application):
    """Whether the learner's test passes on this application."""
    async with http(application) as client:
        return await learner_test_passes(answer.test_ready_names_what_is_down, app=application, client=client)


async def expect_caught(ready, fault):
    passed = await runs_clean(application(ready))
    assert not passed, told(f"an application that {fault}", "a test that fails", "a test that passes")


@pytest.fixture
def quick(monkeypatch):
    """The right application gives up on a silent probe soon."""
    from course_app.api import health

    monkeypatch.setattr(health, "PROBE_TIMEOUT", 0.1)


@pytest.mark.exercise("1.6")
async def test_passes_on_the_right_one(app, quick):
    """The test passes on the right application, twice in a row."""
    for time in ("first", "second"):
        assert await runs_clean(app), told(f"the right application, the {time} time", "a test that passes", "it fails")


@pytest.mark.exercise("1.6")
async def test_cleans_up(app, quick):
    """The test leaves no override behind, whether it passes or fails."""
    broken = application(lambda down, _: (200, []))
    for kind, made in (("right", app), ("broken", broken)):
        await runs_clean(made)
        left = len(made.dependency_overrides)
        assert not left, told(f"the {kind} application after the test", "no dependency_overrides", f"{left} left")


@pytest.mark.exercise("1.6")
async def test_catches_always_ready():
    """It fails on an application that is always ready."""
    await expect_caught(lambda down, _: (200, []), "always says 200 and names nothing")


@pytest.mark.exercise("1.6")
async def test_catches_other_status():
    """It fails on an application that names what is down but answers 200 or 500."""
    for status in (200, 500, 504):
        fault = f"answers {status} with the names of what is down"
        await expect_caught(lambda down, _, status=status: (status if down else 200, down), fault)


@pytest.mark.exercise("1.6")
async def test_catches_names_while_up():
    """It fails on an application that answers 200 and names something although everything is up."""
    await expect_caught(lambda down, every: (503, down) if down else (200, every), "names what is up, with status 200")


@pytest.mark.exercise("1.6")
async def test_catches_no_names():
    """It fails on an application that answers 503 but names nothing."""
    await expect_caught(lambda down, _: (503 if down else 200, []), "answers 503 without a name")


@pytest.mark.exercise("1.6")
async def test_catches_all_names():
    """It fails on an application that names every dependency as soon as one is down."""
    await expect_caught(
        lambda down, every: (503, every) if down else (200, []), "names what is up together with what is down"
    )


@pytest.mark.exercise("1.6")
async def test_catches_never_ready():
    """It fails on an application that is never ready."""
    await expect_caught(lambda down, _: (503, down), "answers 503 although everything is up")
