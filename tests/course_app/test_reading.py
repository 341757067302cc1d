"""What counts as a price, a form, an address: what comes in is read in one way or refused."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from httpx import AsyncClient

TOKEN = "/api/v1/auth/token"
PASSWORD = "Correct-Horse-7"
LONGEST = "a" * 64 + "@" + ".".join(["b" * 62, "b" * 62, "b" * 60])  # with .de: 254 characters
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("price", "status"),
    [
        ("19.990000000000000000000001", 422),
        ("1000000.00000000001", 422),
        ("-1e-400", 422),
        ("1e-400", 422),
        ("0.0099999999999999999999", 422),
        ("1e999999999999999999999", 422),
        ("NaN", 422),
        ("Infinity", 422),
        ("true", 422),
        ('"1e2"', 422),
        ("19.99", 201),
        ("1.990", 201),
        ("1E2", 201),
        ("-0.0", 201),
        ("1000000", 201),
        ('"1000000.00"', 201),
    ],
)
async def test_a_price_has_two_places(client_as: Any, price: str, status: int) -> None:
    manager = await client_as("manager")
    content = f'{{"name": "Lamp", "price": {price}}}'
    response = await manager.post("/api/v1/items", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == status, response.text


@pytest.mark.parametrize("quantity", ["5.0", "5e0", "true", '"5"', "null", "-1", "1000001", "1" * 5000])
async def test_a_quantity_is_a_json_integer(client_as: Any, quantity: str) -> None:
    manager = await client_as("manager")
    content = f'{{"name": "Lamp", "price": 1, "quantity": {quantity}}}'
    response = await manager.post("/api/v1/items", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == 422, response.text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-32-be", "utf-8-sig"])
async def test_json_is_utf8_without_bom(client_as: Any, encoding: str) -> None:
    manager = await client_as("manager")
    content = '{"name": "Lamp", "price": "1"}'.encode(encoding)
    response = await manager.post("/api/v1/items", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == 422


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"username=a%ff&password=b", FORM),
        (b"username=a%00&password=b", FORM),
        (b"username=\xff&password=b", FORM),
        (b"username=a&username=b&password=c", FORM),
        (b"username=a", FORM),
        (b"", FORM),
        (b"username=a&password=b", {}),
        (b"username=a&password=b", {"Content-Type": "text/plain"}),
        (b'{"username": "a", "password": "b"}', {"Content-Type": "application/json"}),
        *(
            (
                b'--B\r\nContent-Disposition: form-data; name="password"\r\n\r\nx\r\n--B--\r\n',
                {"Content-Type": f"multipart/form-data; boundary=B; charset={charset}"},
            )
            for charset in ("undefined", "punycode", "utf-8")
        ),
    ],
)
async def test_a_form_that_cannot_be_read(client: AsyncClient, content: bytes, headers: dict[str, str]) -> None:
    response = await client.post(TOKEN, content=content, headers=headers)
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"
    assert set(response.json()) == {"error", "error_description"}
    assert response.headers["cache-control"] == "no-store"


async def test_other_forms(client: AsyncClient) -> None:
    for changes, status, error in (
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        ({"password": ""}, 401, "invalid_grant"),
        ({"password": "x" * 100_000}, 401, "invalid_grant"),
        ({"username": "nobody"}, 401, "invalid_grant"),
        ({"username": ""}, 401, "invalid_grant"),
    ):
        form = {"username": "admin@example.com", "password": "wrong"} | changes
        response = await client.post(TOKEN, data=form)
        assert (response.status_code, response.json()["error"]) == (status, error)
    form = {"username": "admin@example.com", "password": "First-Admin-Password-1", "scope": "", "grant_type": ""}
    response = await client.post(
        TOKEN, data=form, headers={"Content-Type": "Application/X-WWW-Form-urlencoded; charset=UTF-8"}
    )
    assert response.status_code == 200
    assert response.json()["expires_in"] == 30 * 60


async def test_a_long_username_holds_up_nobody(client: AsyncClient) -> None:
    start = time.perf_counter()
    username = "a" + "\u0301\u0316" * 40_000  # 160 KB: normalized, half a minute
    response = await client.post(TOKEN, data={"username": username, "password": "x"})
    assert response.status_code == 401
    assert time.perf_counter() - start < 10
    account = {"email": username + "@example.com", "password": PASSWORD, "full_name": "A"}
    assert (await client.post("/api/v1/users", json=account)).status_code == 422
    assert time.perf_counter() - start < 10


@pytest.mark.own_process
async def test_a_client_that_hangs_up_leaves_no_exception(app: Any) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": TOKEN,
        "query_string": b"",
        "headers": [(b"content-type", FORM["Content-Type"].encode())],
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == 400


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("ada@xn--mnchen-3ya.de", "ada@münchen.de"),
        ("ADA@XN--MNCHEN-3YA.DE", "ada@münchen.de"),
        ("ada@münchen。de", "ada@münchen.de"),
        ("ada@ｅxample.com", "ada@example.com"),
        ("ade\u0301@example.com", "adé@example.com"),
        (f"{LONGEST}.de", f"{LONGEST}.de"),
    ],
)
async def test_who_registers_can_sign_in(client: AsyncClient, written: str, stored: str) -> None:
    account = {"email": written, "password": PASSWORD, "full_name": "Ada"}
    registered = await client.post("/api/v1/users", json=account)
    assert registered.status_code == 201, registered.text
    assert registered.json()["data"]["email"] == stored
    for username in (written, stored):
        response = await client.post(TOKEN, data={"username": username, "password": PASSWORD})
        assert response.status_code == 200
    assert (await client.post("/api/v1/users", json=account | {"email": stored})).status_code == 409


@pytest.mark.parametrize(
    "email",
    [
        "Ada <ada@example.com>",
        " ada@example.com",
        "ada@example.com\n",
        "ada",
        "",
        "a@[127.0.0.1]",
        "a\0@example.com",
        "a\ud800@example.com",
        f"{LONGEST}.com",
        "a" * 64 + "i\u0307" * 200 + "@example.com",
        None,
        5,
        ["ada@example.com"],
    ],
)
async def test_what_is_no_address(client: AsyncClient, email: object) -> None:
    account = {"email": email, "password": PASSWORD, "full_name": "Ada"}
    content, headers = json.dumps(account), {"Content-Type": "application/json"}
    response = await client.post("/api/v1/users", content=content, headers=headers)
    assert response.status_code == 422
    assert all(error.startswith("body.email: ") and "ada" not in error for error in response.json()["errors"])


async def test_twenty_registrations_of_one_address_make_one_account(client: AsyncClient) -> None:
    account = {"email": "ada@example.com", "password": PASSWORD, "full_name": "Ada"}
    answers = await asyncio.gather(*(client.post("/api/v1/users", json=account) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
