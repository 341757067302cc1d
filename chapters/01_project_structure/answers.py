"""Wrong and alternative right answers for chapter 01: what people really write."""

from coursekit.answers import right, wrong

# 1.1

NEW = 'app = FastAPI(title="Course app", version="1.0.0", lifespan=lifespan)'
wrong(
    "1.1",
    "one application, its lifespan set later",
    region='''
    _app = FastAPI(title="Course app", version="1.0.0")


    def new_application(settings: Settings, *, clock: Clock, lifespan: Lifespan) -> FastAPI:
        """Return a new application that carries its own settings and clock in `app.state`."""
        _app.router.lifespan_context = lifespan
        _app.state.settings = settings
        _app.state.clock = clock
        return _app
    ''',
    caught_by="test_new_each_time",
)
wrong(
    "1.1",
    "cached by lru_cache",
    region='''
    from functools import cache


    @cache
    def _fastapi(lifespan: Lifespan) -> FastAPI:
        return FastAPI(title="Course app", version="1.0.0", lifespan=lifespan)


    def new_application(settings: Settings, *, clock: Clock, lifespan: Lifespan) -> FastAPI:
        """Return a new application that carries its own settings and clock in `app.state`."""
        app = _fastapi(lifespan)
        app.state.settings = settings
        app.state.clock = clock
        return app
    ''',
    caught_by="test_settings_stay",
)
wrong("1.1", "lifespan forgotten", replace=", lifespan=lifespan)", by=")", caught_by="test_lifespan_runs")
wrong(
    "1.1", "settings on the class", replace="app.state.settings", by="FastAPI.settings", caught_by="test_settings_stay"
)
wrong(
    "1.1",
    "clock called instead of handed on",
    replace="app.state.clock = clock",
    by="app.state.clock = clock()",
    caught_by="test_clock_stays",
)
wrong("1.1", "title forgotten", replace='title="Course app", ', by="", caught_by="test_title_and_version")
wrong(
    "1.1",
    "routes in a list that all applications share",
    edits=[
        (NEW, NEW + "\n    app.router.routes = _ROUTES"),
        ("def new_application", "_ROUTES = FastAPI().routes\n\n\ndef new_application"),
    ],
    caught_by="test_routes_not_shared",
)
right(
    "1.1",
    "a setting used, in a subclass of its own",
    region='''
    class _Application(FastAPI):
        pass


    def new_application(settings: Settings, *, clock: Clock, lifespan: Lifespan) -> FastAPI:
        """Return a new application."""
        debug = settings.ENVIRONMENT == "development"
        app = _Application(title="Course app", version="1.0.0", lifespan=lifespan, debug=debug)
        app.state.settings, app.state.clock = settings, clock
        return app
    ''',
)
wrong(
    "1.1",
    "a copy of the settings",
    replace="app.state.settings = settings",
    by="app.state.settings = settings.model_copy()",
    caught_by="test_settings_stay",
)
right(
    "1.1",
    "state set through setattr, class attribute style",
    region='''
    def new_application(settings: Settings, *, clock: Clock, lifespan: Lifespan) -> FastAPI:
        """Return a new application."""
        app = FastAPI(version="1.0.0", title="Course app")
        app.router.lifespan_context = lifespan
        for name, value in {"settings": settings, "clock": clock}.items():
            setattr(app.state, name, value)
        return app
    ''',
)

# 1.2

wrong(
    "1.2",
    "the first fault only",
    replace='"\\n".join(faults)',
    by="faults[0]",
    caught_by="test_one_line_a_fault",
)
wrong("1.2", "not sorted", replace="faults = sorted(", by="faults = list(", caught_by="test_sorted")
wrong(
    "1.2",
    "the value in the text",
    replace="{fault['msg']}\"",
    by="{fault['msg']}, got {fault['input']}\"",
    caught_by="test_no_value",
)
wrong(
    "1.2",
    "defaults instead of an error",
    region="""
    try:
        return Settings()
    except ValidationError:
        return Settings.model_construct()
    """,
    caught_by="test_refuses",
)
wrong(
    "1.2",
    "never the environment",
    replace="return Settings()",
    by='Settings()\n        return Settings.model_construct(ENVIRONMENT="development")',
    caught_by="test_valid_environment",
)
wrong("1.2", "not caught at all", region="return Settings()", caught_by="test_refuses")
wrong(
    "1.2",
    "pydantic's whole text passed on",
    region="""
    try:
        return Settings()
    except ValidationError as error:
        raise ConfigurationError(str(error)) from None
    """,
    caught_by="test_one_line_a_fault",
)
wrong(
    "1.2",
    "read once and kept",
    region="""
    global _settings
    try:
        _settings = globals().get("_settings") or Settings()
        return _settings
    except ValidationError as error:
        faults = sorted(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
    raise ConfigurationError("\\n".join(faults))
    """,
    caught_by="test_read_anew",
)
wrong(
    "1.2",
    "the type of the fault instead of its message",
    replace="{fault['msg']}",
    by="{fault['type']}",
    caught_by="test_messages_are_pydantics",
)
right(
    "1.2",
    "raised inside the except, without the cause",
    region="""
    try:
        settings = Settings()
    except ValidationError as error:
        lines = []
        for fault in sorted(error.errors(include_input=False, include_url=False), key=lambda fault: fault["loc"]):
            lines.append(".".join(str(part) for part in fault["loc"]) + ": " + fault["msg"])
        raise ConfigurationError("\\n".join(lines)) from None
    else:
        return settings
    """,
)

# 1.3

wrong(
    "1.3",
    "live asks the probes too",
    replace="async def live() -> dict[str, str]:",
    by="async def live(probes: ProbesDep) -> dict[str, str]:\n    for probe in probes.values():\n        await probe()",
    caught_by="test_live_asks_nobody",
)
wrong("1.3", "200 while something is down", replace="response.status_code = 503", by="pass", caught_by="test_timeout")
wrong("1.3", "always 503", replace="    if down:\n        response", by="    response", caught_by="test_ready")
wrong("1.3", "not sorted", replace="down = sorted(", by="down = list(", caught_by="test_names_sorted")
wrong(
    "1.3",
    "no time limit",
    replace="await asyncio.wait_for(probe(), PROBE_TIMEOUT)",
    by="await probe()",
    caught_by="test_timeout",
)
wrong(
    "1.3",
    "one after the other",
    replace="states = await asyncio.gather(*(is_down(probe) for probe in probes.values()))",
    by="states = [await is_down(probe) for probe in probes.values()]",
    caught_by="test_all_at_once",
)
wrong(
    "1.3",
    "judged by what the probe returns",
    edits=[
        (
            "        await asyncio.wait_for(probe(), PROBE_TIMEOUT)\n",
            "        result = await asyncio.wait_for(probe(), PROBE_TIMEOUT)\n",
        ),
        ("    return False", "    return result is False"),
    ],
    caught_by="test_ready",
)
wrong(
    "1.3",
    "only ConnectionError counts",
    replace="except Exception:",
    by="except (ConnectionError, TimeoutError):",
    caught_by="test_ready_names_what_is_down",
)
wrong(
    "1.3",
    "names everything when one is down",
    replace='"down": down}',
    by='"down": sorted(probes) if down else []}',
    caught_by="test_ready_names_what_is_down",
)
wrong("1.3", "another word for alive", replace='"status": "alive"', by='"status": "ok"', caught_by="test_live")
right(
    "1.3",
    "asyncio.timeout and a task group",
    regions=[
        """
        try:
            async with asyncio.timeout(PROBE_TIMEOUT):
                await probe()
        except Exception:
            return True
        else:
            return False
        """,
        'return {"status": "alive"}',
        """
        async with asyncio.TaskGroup() as group:
            tasks = {name: group.create_task(is_down(probe)) for name, probe in probes.items()}
        down = sorted(name for name, task in tasks.items() if task.result())
        response.status_code = 503 if down else 200
        return {"status": "ready", "down": []} if not down else {"status": "unavailable", "down": down}
        """,
    ],
)
GATHERED = """
        results = await asyncio.gather(
            *(asyncio.wait_for(probe(), PROBE_TIMEOUT) for probe in probes.values()), return_exceptions=True
        )
        down = [name for name, result in zip(probes, results) if isinstance(result, Exception)]
        if not down:
            return {"status": "ready", "down": down}
        response.status_code = 503
        return {"status": "unavailable", "down": sorted(down)}
"""
wrong(
    "1.3",
    "a returned exception taken for a raised one",
    regions=['raise NotImplementedError("not needed")', 'return dict(status="alive")', GATHERED],
    caught_by="test_ready",
)
wrong(
    "1.3",
    "the limit read when the module is imported",
    edits=[
        (
            "async def is_down(probe: Probe) -> bool:",
            "async def is_down(probe: Probe, limit: float = PROBE_TIMEOUT) -> bool:",
        ),
        ("wait_for(probe(), PROBE_TIMEOUT)", "wait_for(probe(), limit)"),
    ],
    caught_by="test_timeout",
)
wrong(
    "1.3",
    "the limit written as a number",
    replace="wait_for(probe(), PROBE_TIMEOUT)",
    by="wait_for(probe(), 1.0)",
    caught_by="test_timeout",
)
wrong(
    "1.3",
    "a second try for each probe",
    region="""
    for _ in range(2):
        try:
            await asyncio.wait_for(probe(), PROBE_TIMEOUT)
            return False
        except Exception:
            pass
    return True
    """,
    caught_by="test_asked_once",
)
wrong(
    "1.3",
    "the probe called outside the try",
    region="""
    waiting = probe()
    try:
        await asyncio.wait_for(waiting, PROBE_TIMEOUT)
    except Exception:
        return True
    return False
    """,
    caught_by="test_ready_names_what_is_down",
)
right(
    "1.3",
    "anyio, and the comparison turned round",
    regions=[
        """
        import anyio

        with anyio.move_on_after(PROBE_TIMEOUT):
            try:
                await probe()
                return False
            except Exception:
                return True
        return True
        """,
        'return dict(status="alive")',
        """
        names = list(probes)
        states = dict(zip(names, await asyncio.gather(*map(is_down, probes.values()))))
        down = [name for name in sorted(names) if states[name]]
        if not down:
            return {"status": "ready", "down": down}
        response.status_code = 503
        return {"status": "unavailable", "down": down}
        """,
    ],
)

# 1.4

for letter, place, instead, why in [
    ("a", "schemas", "db", "a model is a database thing"),
    ("b", "services", "api", "rules in the route"),
    ("c", "db", "services", "queries in the service"),
    ("d", "api", "services", "the route taken for the service"),
    ("e", "middleware", "core", "logging is for everybody"),
    ("f", "core", "services", "hashing as a business rule"),
    ("g", "tests", "api", "it calls the API"),
    ("h", "main", "core", "the assembly as something central"),
]:
    wrong("1.4", why, replace=f'"{letter}": "{place}"', by=f'"{letter}": "{instead}"', caught_by=f"test_{letter}")
right(
    "1.4",
    "a read-only mapping",
    region="""
    from types import MappingProxyType

    BELONGS = MappingProxyType(dict(zip("hgfedcba", "main tests core middleware api db services schemas".split())))
    """,
)
right(
    "1.4",
    "made with zip",
    region="""
    BELONGS = dict(zip("abcdefgh", "schemas services db api middleware core tests main".split()))
    """,
)

# 1.5

wrong(
    "1.5",
    "the folder of the file, not the one below course_app",
    replace='path.split("/")[1].removesuffix(".py")',
    by='(path.split("/")[-2] if path.count("/") > 1 else "main")',
    caught_by="test_deeper_folders",
)
wrong(
    "1.5",
    "any folder of that name on the way",
    replace='return path.split("/")[1].removesuffix(".py")',
    by='return next((name for name in ALLOWED if f"/{name}/" in path), "main")',
    caught_by="test_deeper_folders",
)
wrong("1.5", "own layer forbidden", replace="source != target and ", by="", caught_by="test_own_layer")
wrong(
    "1.5",
    "main may be imported",
    replace='        if target == "main":\n            return True\n',
    by='        if target == "main":\n            return False\n',
    caught_by="test_main",
)
wrong(
    "1.5",
    "main may import main",
    replace='        if target == "main":\n            return True\n',
    by="",
    caught_by="test_main",
)
wrong(
    "1.5",
    "the pair read the wrong way round",
    replace="forbidden(*pair)]",
    by="forbidden(*pair[::-1])]",
    caught_by="test_uphill",
)
wrong(
    "1.5",
    "repeats dropped and sorted",
    replace="return [pair for pair in imports if forbidden(*pair)]",
    by="return sorted({pair for pair in imports if forbidden(*pair)})",
    caught_by="test_order_and_repeats",
)
wrong(
    "1.5",
    "only the direct neighbours allowed",
    replace="return source != target and target not in ALLOWED[source]",
    by='return source != target and (target not in ALLOWED[source] or (source, target) == ("api", "core"))',
    caught_by="test_downhill",
)
right(
    "1.5",
    "pathlib and a loop",
    region="""
    from pathlib import PurePosixPath

    found = []
    for importer, imported in imports:
        layers = [PurePosixPath(path).parts[1] for path in (importer, imported)]
        source, target = (name.replace(".py", "") for name in layers)
        if target == "main" or target not in ALLOWED[source] | {source}:
            found.append((importer, imported))
    return found
    """,
)

# 1.6

DOWN = """
        app.dependency_overrides[get_probes] = lambda: {"a": answers, "b": fails}
        response = await client.get("/health/ready")
        assert response.status_code == 503
        assert response.json()["down"] == ["b"]
"""
UP = """
        app.dependency_overrides[get_probes] = lambda: {"a": answers, "b": answers}
        response = await client.get("/health/ready")
        assert response.status_code == 200
        assert response.json()["down"] == []
"""
wrong(
    "1.6",
    "nothing asserted",
    region="""
    app.dependency_overrides[get_probes] = lambda: {"a": answers, "b": fails}
    await client.get("/health/ready")
    app.dependency_overrides.clear()
    """,
    caught_by="test_catches_always_ready",
)
wrong(
    "1.6",
    "only the names looked at",
    replace="assert response.status_code == 503",
    by="",
    caught_by="test_catches_other_status",
)
wrong(
    "1.6",
    "only the status looked at",
    replace='assert response.json()["down"] == ["b"]',
    by="",
    caught_by="test_catches_no_names",
)
wrong(
    "1.6",
    "one probe, and it fails",
    replace='{"a": answers, "b": fails}',
    by='{"b": fails}',
    caught_by="test_catches_all_names",
)
wrong(
    "1.6",
    "the name looked for among others",
    replace='assert response.json()["down"] == ["b"]',
    by='assert "b" in response.json()["down"]',
    caught_by="test_catches_all_names",
)
wrong("1.6", "never with everything up", replace=UP, by="", caught_by="test_catches_never_ready")
wrong(
    "1.6",
    "not asked which names there are while all is up",
    replace='assert response.json()["down"] == []',
    by="",
    caught_by="test_catches_names_while_up",
)
wrong(
    "1.6",
    "overrides left behind",
    replace="        app.dependency_overrides.clear()",
    by="        pass",
    caught_by="test_cleans_up",
)
wrong(
    "1.6",
    "cleaned up only when it passes",
    edits=[("    try:\n", "    if True:\n"), ("    finally:\n        app", "    if True:\n        app")],
    caught_by="test_cleans_up",
)
wrong(
    "1.6",
    "a word of its own for the status",
    replace="assert response.status_code == 200",
    by='assert response.json()["status"] == "ok"',
    caught_by="test_passes_on_the_right_one",
)
right(
    "1.6",
    "a probe that never answers",
    region="""
    import asyncio

    async def silent() -> None:
        await asyncio.sleep(3600)

    try:
        app.dependency_overrides[get_probes] = lambda: {"db": silent, "redis": answers}
        response = await client.get("/health/ready")
        assert (response.status_code, response.json()) == (503, {"status": "unavailable", "down": ["db"]})
        app.dependency_overrides[get_probes] = lambda: {"db": answers}
        response = await client.get("/health/ready")
        assert (response.status_code, response.json()) == (200, {"status": "ready", "down": []})
    finally:
        app.dependency_overrides.clear()
    """,
)
right(
    "1.6",
    "a plain function that drives the client with asyncio.run",
    edits=[
        ("async def test_ready", "import asyncio\n\n\ndef test_ready"),
        (
            '        response = await client.get("/health/ready")\n        assert response.status_code == 503',
            '        response = asyncio.run(client.get("/health/ready"))\n        assert response.status_code == 503',
        ),
        (
            '        response = await client.get("/health/ready")\n        assert response.status_code == 200',
            '        response = asyncio.run(client.get("/health/ready"))\n        assert response.status_code == 200',
        ),
    ],
)
right(
    "1.6",
    "patch.dict cleans up, the whole body compared",
    region="""
    from unittest.mock import patch

    for probes, status, down in (({"x": answers}, 200, []), ({"x": fails, "y": answers, "z": fails}, 503, ["x", "z"])):
        with patch.dict(app.dependency_overrides, {get_probes: lambda: probes}):
            response = await client.get("/health/ready")
        assert (response.status_code, response.json()["down"]) == (status, down)
    """,
)
