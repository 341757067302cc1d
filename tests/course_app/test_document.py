"""The OpenAPI document tells what the application does: schemathesis reads it, and asks in right and wrong ways."""

from __future__ import annotations

import contextlib
import itertools
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from apps import Nowhere
from jose import jwt
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

from coursekit.clock import FrozenClock

HERE = Path(__file__).parent
PASSWORD = "Correct-Horse-7"

# What a rule refuses that JSON Schema does not know, and the status that says so.
BEYOND_THE_SCHEMA = {
    "POST /api/v1/auth/token": 400,  # the form of RFC 6749
    "POST /api/v1/auth/login": 422,
    "POST /api/v1/users": 422,  # passwords by Unicode category, addresses, names that are not blank
    "PATCH /api/v1/users/me": 422,  # a new password needs the current one
    "GET /api/v1/items": 422,  # amounts have two places
    "POST /api/v1/items": 422,
    "PUT /api/v1/items/{item_id}": 422,
    "POST /api/v1/items/{item_id}/reserve": 422,  # 5.0 is an integer of JSON Schema, and none of ours
    "POST /api/v1/emails": 422,  # a subject is one line
    "POST /api/v1/jobs": 422,  # FastAPI rounds the bound of an id to a float
}
CONDITIONAL = {"PUT /api/v1/items/{item_id}", "DELETE /api/v1/items/{item_id}"}
SHARED_PATHS = {"GET /api/v1/items/export", "GET /api/v1/users/me"}  # to PUT and DELETE, an id that is no number


def _operation(label: str) -> dict[str, Any]:
    statuses = ["2xx", "304", "401", "403", "404", "409", "429"]
    statuses += [str(BEYOND_THE_SCHEMA[label])] if label in BEYOND_THE_SCHEMA else []
    statuses += ["412"] if label in CONDITIONAL else []
    checks: dict[str, Any] = {"positive_data_acceptance": {"expected-statuses": statuses}}
    if label in SHARED_PATHS:
        checks |= {"unsupported_method": {"enabled": False}, "allow_header_conformance": {"enabled": False}}
    return {"include-name": label, "checks": checks}


CONFIG = {
    "seed": 12,
    "workers": 1,
    "continue-on-failure": True,
    "suppress-health-check": ["all"],
    "generation": {"mode": "all", "max-examples": 6, "deterministic": True, "database": "none", "no-shrink": True},
    "phases": {"stateful": {"generation": {"max-examples": 12}, "max-steps": 6}},
    "checks": {"enabled": True},
    "operations": [_operation(label) for label in sorted({*BEYOND_THE_SCHEMA, *CONDITIONAL, *SHARED_PATHS})],
}


@contextlib.contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve the application under uvicorn in a thread, and give its URL."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:  # else 40 ms an answer
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        config = uvicorn.Config(app, log_config=None, access_log=False, proxy_headers=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def test_schemathesis_finds_nothing(course_app: Any, new_settings: Any, clock: FrozenClock) -> None:
    from course_app.core.tokens import issue_token

    settings = new_settings()
    app = course_app.create_app(settings, clock=clock)
    secret = settings.SECRET_KEY.get_secret_value()
    found, answers, phases = [], Counter[tuple[str, int]](), {}
    with serving(app) as url:
        app.state.queue = Nowhere()
        form = {"username": settings.FIRST_ADMIN_EMAIL, "password": settings.FIRST_ADMIN_PASSWORD.get_secret_value()}
        token = httpx.post(f"{url}/api/v1/auth/token", data=form).json()["access_token"]
        admin = jwt.get_unverified_claims(token)["sub"]
        schema = schemathesis.openapi.from_url(f"{url}/openapi.json", config=SchemathesisConfig.from_dict(CONFIG))

        @schema.auth(refresh_interval=None)
        class Admin:
            """A token of its own for each request: some of them sign out."""

            def get(self, case: Any, context: Any) -> str:
                return issue_token(admin, secret=secret, now=clock(), lifetime=timedelta(minutes=30))

            def set(self, case: Any, data: str, context: Any) -> None:
                case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}
                password = case.body.get("password") if isinstance(case.body, dict) else None
                if case.operation.label == "POST /api/v1/users" and isinstance(password, str):
                    case.body["password"] = PASSWORD if 8 <= len(password) <= 128 else password  # or none is registered

        for event in from_schema(schema).execute():
            assert not isinstance(event, events.NonFatalError | events.FatalError), event
            if isinstance(event, events.PhaseFinished):
                phases[event.phase.name.value] = event.status
            if isinstance(event, events.ScenarioFinished):
                recorder = event.recorder
                for case_id, interaction in recorder.interactions.items():
                    if interaction.response is not None:
                        label = recorder.cases[case_id].value.operation.label
                        answers[label, interaction.response.status_code] += 1
                failed = [check for checks in recorder.checks.values() for check in checks if check.failure_info]
                found += [f"{c.name}: {c.failure_info.failure}\n{c.failure_info.code_sample}" for c in failed]
    assert not found, "\n\n".join(dict.fromkeys(found))
    assert {phases[name] for name in ("coverage", "fuzzing", "stateful")} == {Status.SUCCESS}
    labels = {label for label, _ in answers}
    succeeded = {label for label, status in answers if status < 300}
    assert labels == {f"{method.upper()} {path}" for path, item in app.openapi()["paths"].items() for method in item}
    assert labels - succeeded == {"POST /api/v1/auth/token", "POST /api/v1/auth/login"}  # nobody guesses a password
    assert not [key for key in answers if key[1] >= 500]


def test_what_is_not_in_the_document(app: Any) -> None:
    paths = app.openapi()["paths"]
    assert not {"/metrics", "/docs", "/openapi.json"} & set(paths)
    statuses = {path: {*itertools.chain(*(op["responses"] for op in item.values()))} for path, item in paths.items()}
    assert {path for path, found in statuses.items() if "400" in found} == {"/api/v1/auth/token"}  # not that of a host
    assert not [path for path, found in statuses.items() if "308" in found]
    assert all({"413", "429", "500"} <= found for path, found in statuses.items() if path.startswith("/api/v1"))


def table_of_owasp() -> list[str]:
    """The last column of the table in chapter 12, a row each."""
    source = (HERE.parent.parent / "chapters" / "12_security" / "chapter.md").read_text(encoding="utf-8")
    return [line.split("|")[-2] for line in source.splitlines() if line.startswith("| API")]


@pytest.mark.parametrize("number", range(1, 11))
def test_the_owasp_table_names_tests_that_there_are(number: int) -> None:
    rows = table_of_owasp()
    assert len(rows) == 10
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", rows[number - 1])
    assert named
    for file, name in named:
        assert re.search(rf"^(async )?def {name}\(", (HERE / file).read_text(encoding="utf-8"), re.MULTILINE), name
