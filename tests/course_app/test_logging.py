"""The log of a server and the audit log."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.anyio

ADA = {"email": "ada@example.com", "password": "Correct-Horse-1", "full_name": "Ada"}
RIGHT = {"username": ADA["email"], "password": ADA["password"]}
AUDIT = {"event", "audit", "account", "address", "by", "level", "logger", "timestamp", "request_id"}


class Log:
    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def lines(self) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.text.splitlines()]
        return [{name: value for name, value in line.items() if name != "message"} for line in lines]  # pytest's own

    def audit(self) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line.get("audit")]


@pytest.fixture
def log(course_app: Any) -> Iterator[Log]:
    """What the log of a server would be."""
    from course_app.core import logging as ours

    kept = Log()
    handler = logging.StreamHandler(kept.stream)
    handler.setFormatter(ours.json_lines())
    handler.addFilter(lambda record: record.name != "httpx")  # the client of these tests, which tells its URLs
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield kept
    root.removeHandler(handler)
    root.setLevel(level)


async def test_a_line_for_each_request(client: Any, log: Log) -> None:
    response = await client.get("/api/v1/items/7?secret=hunter2", headers={"X-Request-ID": "abc"})
    line = next(line for line in log.lines() if line["logger"] == "course_app.access")
    assert response.headers["X-Request-ID"] == line["request_id"] == "abc"
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api/v1/items/{item_id}", 404)
    assert line["duration_ms"] >= 0
    assert "hunter2" not in log.text


async def test_every_line_has_the_request(client: Any, log: Log) -> None:
    await client.post("/api/v1/auth/token", data=RIGHT, headers={"X-Request-ID": "of-this-request"})
    ours = [line for line in log.lines() if line["logger"].startswith("course_app")]
    assert len(ours) >= 2
    assert {line["request_id"] for line in ours} == {"of-this-request"}
    logging.getLogger("course_app.outside").info("after")
    assert "request_id" not in log.lines()[-1]


async def test_exceptions_without_their_texts(app: Any, client: Any, log: Log) -> None:
    async def broken(_: Any) -> None:
        try:
            raise RuntimeError("hunter2")
        except RuntimeError:
            logging.getLogger("course_app.demo").exception("broken")
            raise

    app.add_route("/broken", broken)
    assert (await client.get("/broken")).status_code == 500
    line = next(line for line in log.lines() if line["event"] == "broken")
    assert line["exception"] == ["RuntimeError"]
    assert any("broken" in place for place in line["places"])
    assert "hunter2" not in log.text


async def test_audit_of_an_account(client: Any, client_as: Any, log: Log) -> None:
    admin = await client_as("admin")
    created = (await client.post("/api/v1/users", json=ADA)).json()["data"]
    path = f"/api/v1/users/{created['id']}"
    await client.post("/api/v1/auth/token", data=RIGHT | {"password": "Wrong-Horse-1"})
    token = (await client.post("/api/v1/auth/token", data=RIGHT)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    change = {"password": "Another-Horse-2", "current_password": ADA["password"]}
    assert (await client.patch("/api/v1/users/me", json=change, headers=headers)).status_code == 200
    assert (await client.post("/api/v1/auth/logout", headers=headers)).status_code == 200
    await admin.patch(path, json={"role": "manager"})
    await admin.patch(path, json={"role": "manager"})
    await admin.patch(path, json={"is_active": False})
    await admin.delete(path)
    account = next(line["account"] for line in log.audit() if line["event"] == "registered")
    events = [line["event"] for line in log.audit() if line["account"] == account]
    assert events == [
        "registered",
        "login_failed",
        "login",
        "password_changed",
        "logout",
        "role_changed",
        "deactivated",
        "deleted",
    ]
    for line in log.audit():
        assert line.keys() - {"role"} == AUDIT
        assert line["address"] == "127.0.0.1"
    changed = next(line for line in log.audit() if line["event"] == "role_changed")
    assert changed["role"] == "manager"
    assert changed["by"] not in (None, account)
    for secret in ("Horse", token, token.split(".")[2], "ada@example.com", "$argon2"):
        assert secret not in log.text


async def test_audit_of_strangers(client: Any, log: Log) -> None:
    for _ in range(6):
        await client.post("/api/v1/auth/login", data={"username": "my-password-1", "password": "hunter2"})
    assert [(line["event"], line["account"]) for line in log.audit()] == [("login_failed", None)] * 5 + [
        ("throttled", None)
    ]
    assert {line["level"] for line in log.audit()} == {"warning"}
    assert "my-password-1" not in log.text
    assert "hunter2" not in log.text


async def test_nothing_that_did_not_happen(client: Any, client_as: Any, log: Log) -> None:
    admin = await client_as("admin")
    before = len(log.audit())
    me = (await admin.get("/api/v1/users/me")).json()["data"]["id"]
    assert (await admin.delete(f"/api/v1/users/{me}")).status_code == 409
    assert (await admin.patch(f"/api/v1/users/{me}", json={"role": "user"})).status_code == 409
    assert (await admin.patch(f"/api/v1/users/{me}", json={})).status_code == 200
    assert (await client.post("/api/v1/users", json=ADA | {"password": "short"})).status_code == 422
    assert len(log.audit()) == before


def test_uvicorns_log_is_taken_over(course_app: Any) -> None:
    from course_app.core.logging import log_as_json

    names = ("", "uvicorn", "uvicorn.error", "uvicorn.access")
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger.handlers[:], logger.propagate, logger.level) for logger in loggers]
    stream = io.StringIO()
    try:
        loggers[1].handlers = [logging.StreamHandler(stream)]
        loggers[0].handlers = []
        log_as_json(stream)
        logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
        logging.getLogger("uvicorn.access").info("GET /?token=hunter2")
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    finally:
        for logger, (handlers, propagate, level) in zip(loggers, before, strict=True):
            logger.handlers, logger.propagate, logger.level = handlers, propagate, level
    assert [(line["event"], line["logger"]) for line in lines] == [("Started server process [7]", "uvicorn.error")]
