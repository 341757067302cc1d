"""The form of every answer, the bounds of every field, and what an error never repeats."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from httpx import AsyncClient, Response

from coursekit.check_client import client_for

JSON = {"Content-Type": "application/json"}
PASSWORD = "Correct-Horse-7"
ACCOUNT = {"email": "new@example.com", "password": PASSWORD, "full_name": "New"}
ITEM: dict[str, Any] = {"name": "Lamp", "price": "19.99"}
KEYS = ["success", "message", "data", "errors"]


def assert_failure(response: Response, status: int, errors: list[str] | None = None) -> None:
    assert response.status_code == status, response.text
    answer = response.json()
    assert list(answer) == KEYS
    assert (answer["success"], answer["data"]) == (False, None)
    assert isinstance(answer["message"], str)
    assert answer["message"].strip()
    assert answer["errors"]
    assert all(isinstance(error, str) and error.strip() for error in answer["errors"])
    if errors is not None:
        assert answer["errors"] == errors


async def send(http: AsyncClient, method: str, path: str, body: Any) -> Response:
    """Send `body` as JSON in ASCII, so that lone surrogates come through."""
    return await http.request(method, path, content=json.dumps(body), headers=JSON)


# The form


async def test_success_has_the_form(client: AsyncClient, client_as: Any) -> None:
    manager = await client_as("manager")
    made = await manager.post("/api/v1/items", json=ITEM)
    for response in (
        made,
        await client.post("/api/v1/users", json=ACCOUNT),
        await client.get("/api/v1/items"),
        await client.get(made.headers["location"]),
        await manager.get("/api/v1/users"),
        await manager.get("/api/v1/users/me"),
        await manager.patch("/api/v1/users/me", json={"full_name": "Boss"}),
        await manager.put(made.headers["location"], json=ITEM),
    ):
        answer = response.json()
        assert response.is_success, response.text
        assert list(answer) == KEYS
        assert (answer["success"], answer["errors"]) == (True, None)
        assert isinstance(answer["data"], dict)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/api/v1", 404),
        ("POST", "/api/v1/nothing", 404),
        ("GET", "/api/v1/items/", 404),
        ("GET", "/api/v1/items/1", 404),
        ("GET", "/api/v1/items/x", 422),
        ("DELETE", "/api/v1/users", 405),
        ("PUT", "/api/v1/users/me", 405),
        ("POST", "/health/live", 405),
        ("GET", "/api/v1/users/me", 401),
    ],
)
async def test_failure_has_the_form(client: AsyncClient, method: str, path: str, status: int) -> None:
    response = await client.request(method, path)
    assert_failure(response, status)
    assert ("allow" in response.headers) == (status == 405)


async def test_allow_names_all_methods_of_the_path(client: AsyncClient) -> None:
    for path, methods in (
        ("/api/v1/users", {"GET", "HEAD", "POST"}),
        ("/api/v1/users/me", {"GET", "HEAD", "PATCH"}),
        ("/api/v1/users/1", {"DELETE", "GET", "HEAD", "PATCH"}),
        ("/api/v1/items/1", {"DELETE", "GET", "HEAD", "PUT"}),
        ("/api/v1/auth/token", {"POST"}),
        ("/health/live", {"GET", "HEAD"}),
    ):
        response = await client.request("TRACE", path)
        assert_failure(response, 405)
        assert methods <= set(response.headers["allow"].split(", ")), path
        assert len(response.headers.get_list("allow")) == 1


async def test_head_of_an_error_has_no_body(client: AsyncClient) -> None:
    for path, status in (("/api/v1/nothing", 404), ("/api/v1/users/me", 401), ("/api/v1/items/x", 422)):
        response = await client.head(path)
        assert (response.status_code, response.content) == (status, b"")


def test_the_document_has_the_form(app: Any) -> None:
    document = app.openapi()
    schemas = document["components"]["schemas"]

    def schema_of(answer: dict[str, Any]) -> dict[str, Any]:
        reference: str = answer["content"]["application/json"]["schema"]["$ref"]
        found: dict[str, Any] = schemas[reference.rpartition("/")[2]]
        return found

    failure = schemas["Failure"]
    assert failure["properties"]["success"]["const"] is False
    assert failure["properties"]["data"]["type"] == "null"
    assert failure["properties"]["errors"]["minItems"] == 1
    assert failure["required"] == KEYS
    seen = 0
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path == "/api/v1/auth/token" or not path.startswith("/api/v1"):
                continue
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert schema_of(answer) == failure, (path, status)
                elif "application/json" in answer.get("content", {}):
                    properties = schema_of(answer)["properties"]
                    assert properties["success"]["const"] is True
                    assert properties["errors"]["type"] == "null"
                    assert schema_of(answer)["required"] == KEYS
                    seen += 1
    assert seen >= 10


# The password policy


@pytest.mark.parametrize(
    ("password", "faults"),
    [
        ("", ["at least 8 characters", "an upper-case letter", "a lower-case letter", "a digit"]),
        ("Sunshin1", []),
        ("Sunshi1", ["at least 8 characters"]),
        ("S1" + "u" * 126, []),
        ("S1" + "u" * 127, ["at most 128 characters"]),
        ("S1" + "u" * 100_000, ["at most 128 characters"]),
        ("sunshine1", ["an upper-case letter"]),
        ("SUNSHINE1", ["a lower-case letter"]),
        ("Sunshine", ["a digit"]),
        ("Солнышко1", []),
        ("солнышко٣", ["an upper-case letter"]),
        ("Ⅷsunshine1", ["an upper-case letter"]),
        ("SUNSHINEª1", ["a lower-case letter"]),
        ("Sunshine²", ["a digit"]),
        ("Sunshine٣", []),
        ("\U0001f600" * 5 + "Aa1", []),
        ("\U0001f600" * 4 + "Aa1", ["at least 8 characters"]),
        ("       ", ["at least 8 characters", "an upper-case letter", "a lower-case letter", "a digit"]),
        ("  Aa1   ", []),
    ],
)
async def test_the_policy_tells_every_fault(client: AsyncClient, password: str, faults: list[str]) -> None:
    response = await client.post("/api/v1/users", json=ACCOUNT | {"password": password})
    if faults:
        assert_failure(response, 422, [f"body.password: must have {fault}" for fault in faults])
    else:
        assert response.status_code == 201, response.text


@pytest.mark.parametrize(
    "password", ["Sunshine1\0", "Sunshine1\ud800", "\udfffSunshine1", None, 12345678, ["Sunshine1"]]
)
async def test_what_is_no_password(client: AsyncClient, password: Any) -> None:
    response = await send(client, "POST", "/api/v1/users", ACCOUNT | {"password": password})
    assert_failure(response, 422)
    assert all(error.startswith("body.password: ") for error in response.json()["errors"])
    assert "unshine1" not in response.text


# Bounds and strictness


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"full_name": "x"}, 201),
        ({"full_name": "\U0001f600" * 100}, 201),
        ({"full_name": ""}, 422),
        ({"full_name": " \t\n\u00a0\u2003"}, 422),
        ({"full_name": "x" * 101}, 422),
        ({"full_name": None}, 422),
        ({"full_name": 5}, 422),
        ({"full_name": True}, 422),
        ({"full_name": ["x"]}, 422),
        ({"full_name": "a\0b"}, 422),
        ({"full_name": "a\ud800b"}, 422),
        ({"email": "a" * 64 + "@" + "b" * 60 + "." + "c" * 60 + "." + "d" * 60 + ".com"}, 201),
        ({"email": "a" * 64 + "@" + "b" * 63 + "." + "c" * 63 + "." + "d" * 63 + ".com"}, 422),
        ({"email": "Ada <ada@example.com>"}, 422),
        ({"email": "a\0@example.com"}, 422),
        ({"email": "a\ud800@example.com"}, 422),
        ({"email": None}, 422),
        ({"email": 5}, 422),
        ({"role": "admin"}, 422),
        ({"id": 1}, 422),
        ({"is_active": True}, 422),
        ({"hashed_password": "x"}, 422),
        ({"FULL_NAME": "x"}, 422),
        ({"": "x"}, 422),
    ],
    ids=lambda value: ascii(value)[:40],
)
async def test_bounds_of_an_account(client: AsyncClient, changes: dict[str, Any], status: int) -> None:
    response = await send(client, "POST", "/api/v1/users", ACCOUNT | changes)
    assert response.status_code == status, response.text
    if status == 422:
        assert_failure(response, 422)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"name": "x" * 100}, 201),
        ({"name": "x" * 101}, 422),
        ({"name": ""}, 422),
        ({"name": "\u3000"}, 422),
        ({"name": None}, 422),
        ({"name": 1}, 422),
        ({"name": "a\0"}, 422),
        ({"name": "\udfff"}, 422),
        ({"description": None}, 201),
        ({"description": ""}, 201),
        ({"description": "x" * 1000}, 201),
        ({"description": "x" * 1001}, 422),
        ({"description": "a\0"}, 422),
        ({"description": {}}, 422),
        ({"quantity": 0}, 201),
        ({"quantity": 1_000_000}, 201),
        ({"quantity": 1_000_001}, 422),
        ({"quantity": -1}, 422),
        ({"quantity": "5"}, 422),
        ({"quantity": 5.0}, 422),
        ({"quantity": True}, 422),
        ({"quantity": None}, 422),
        ({"quantity": 10**400}, 422),
        ({"price": 0}, 201),
        ({"price": "0.00"}, 201),
        ({"price": "0.1"}, 201),
        ({"price": 1_000_000}, 201),
        ({"price": "1000000.01"}, 422),
        ({"price": "1.999"}, 422),
        ({"price": "-1"}, 422),
        ({"price": "+1"}, 422),
        ({"price": " 1"}, 422),
        ({"price": "1."}, 422),
        ({"price": ".5"}, 422),
        ({"price": "1e2"}, 422),
        ({"price": "٣"}, 422),
        ({"price": ""}, 422),
        ({"price": None}, 422),
        ({"price": True}, 422),
        ({"price": []}, 422),
        ({"owner_id": 1}, 422),
        ({"id": 1}, 422),
    ],
    ids=lambda value: ascii(value)[:40],
)
async def test_bounds_of_an_item(client_as: Any, changes: dict[str, Any], status: int) -> None:
    manager = await client_as("manager")
    response = await send(manager, "POST", "/api/v1/items", ITEM | changes)
    assert response.status_code == status, response.text
    if status == 422:
        assert_failure(response, 422)


@pytest.mark.parametrize(
    "number", ["0", "-1", "+1", "1.0", "1e1", "٣", "%20 1", "1_0", "x", str(2**63), "9" * 400, "%00"]
)
async def test_ids_are_ascii_digits(client_as: Any, number: str) -> None:
    admin = await client_as("admin")
    for path in ("/api/v1/users", "/api/v1/items"):
        response = await admin.get(f"{path}/{number}")
        assert response.status_code in ((404, 422) if number == "%00" else (422,)), response.text
        assert_failure(response, response.status_code)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=-1", "limit=1.0", "limit=٣", "limit=", "skip=-1"])
async def test_pages_are_bounded(client: AsyncClient, query: str) -> None:
    assert_failure(await client.get(f"/api/v1/items?{query}"), 422)
    assert_failure(await client.get("/api/v1/items?skip=1000001"), 422)
    for fine in ("limit=1", "limit=100", "skip=0", "skip=1000000", "limit=007"):
        assert (await client.get(f"/api/v1/items?{fine}")).status_code == 200


# What an error never says

LEAK = "Hunter2-hunter2"
HOSTILE: tuple[Any, ...] = (
    LEAK,
    [LEAK],
    {LEAK: LEAK},
    {"password": LEAK},
    {"email": LEAK, "password": LEAK, LEAK: 1},
    {"full_name": {LEAK: LEAK}, "password": [LEAK], "email": LEAK},
    {"name": [LEAK], "price": LEAK, "quantity": LEAK, "description": {LEAK: 1}},
    {"role": LEAK, "is_active": LEAK},
    {"current_password": LEAK, LEAK: {LEAK: [LEAK]}},
    {"password": LEAK, "current_password": [LEAK]},
)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/users"),
        ("PATCH", "/api/v1/users/me"),
        ("PATCH", "/api/v1/users/2"),
        ("POST", "/api/v1/items"),
        ("PUT", "/api/v1/items/1"),
    ],
)
async def test_an_error_repeats_nothing(
    app: Any, client_as: Any, method: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.NOTSET, logger=name)
    admin = await client_as("admin")
    await client_as("user")
    await admin.post("/api/v1/items", json=ITEM)
    for body in HOSTILE:
        response = await send(admin, method, path, body)
        assert_failure(response, 422)
        assert "unter2" not in response.text
        assert "unter2" not in str(response.headers)
    for content in (f'{{"password": "{LEAK}', f'{{"{LEAK}": NaN}}', f'{{"a": "{LEAK}\x01"}}'):
        response = await admin.request(method, path, content=content, headers=JSON)
        assert_failure(response, 422)
        assert "unter2" not in response.text
    response = await send(admin, method, f"{path}?{LEAK}={LEAK}%00", ITEM)
    assert "unter2" not in response.text
    logged = "\n".join(
        f"{record.getMessage()} {record.__dict__}" for record in caplog.records if record.name != "httpx"
    )
    assert "unter2" not in logged


async def test_unknown_fields_are_one_sentence(client: AsyncClient) -> None:
    response = await send(client, "POST", "/api/v1/users", {"zz": 1, **ACCOUNT, "aa": 2, "password": "sun"})
    expected = [
        "body.password: must have at least 8 characters",
        "body.password: must have an upper-case letter",
        "body.password: must have a digit",
        "body: has a field that is not known",
    ]
    assert_failure(response, 422)
    assert sorted(response.json()["errors"]) == sorted(expected)


# Bodies that cannot be read

UNREADABLE = (
    b"{",
    b"",
    b"\xff",
    b'{"a": "\xed\xa0\x80"}',
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": -Infinity}',
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"price": ' + b"9" * 5_000 + b"}",
    b'{"a": 1e999999999}',
    '{"a": 1}'.encode("utf-16"),
    '{"a": 1}'.encode("utf-32"),
    b"\xef\xbb\xbf{}",
    b"\x00",
    b"a=1&b=2",
)


@pytest.mark.parametrize("content", UNREADABLE, ids=lambda content: repr(content[:20]))
async def test_a_body_that_cannot_be_read(client: AsyncClient, content: bytes) -> None:
    for headers in (
        JSON,
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/x+json"},
    ):
        assert_failure(await client.post("/api/v1/users", content=content, headers=headers), 422)


async def test_other_kinds_of_body(client: AsyncClient) -> None:
    for options in ({"data": ACCOUNT}, {"files": {"a": b"x"}}, {"content": json.dumps(ACCOUNT).encode()}):
        response = await client.post("/api/v1/users", **options)
        assert response.status_code in (201, 422)
        if response.status_code == 422:
            assert_failure(response, 422)


async def test_a_bug_is_500_in_the_form(app: Any) -> None:
    async def broken() -> None:
        raise RuntimeError(LEAK)

    app.add_api_route("/api/v1/broken", broken)
    async with client_for(app) as http:
        response = await http.get("/api/v1/broken")
    assert_failure(response, 500)
    assert "unter2" not in response.text
