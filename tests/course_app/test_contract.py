"""Every operation, as the OpenAPI document lists them: who may, in which order it refuses, what it documents."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field
from typing import Any

import pytest
from apps import Nowhere
from httpx import AsyncClient, Request, Response

PASSWORD = "Correct-Horse-7"
ENVELOPE = {"success", "message", "data", "errors"}
EVERYBODY, STAFF, ADMINS = ("nobody", "user", "manager", "admin"), ("manager", "admin"), ("admin",)
SIGNED_IN = EVERYBODY[1:]


@dataclass(frozen=True)
class Operation:
    """`path` as documented; `url` fits an account or an item that is there."""

    method: str
    path: str
    success: int
    roles: tuple[str, ...] = EVERYBODY
    json: dict[str, Any] | None = None
    errors: tuple[int, ...] = ()
    url: str = ""
    form: dict[str, str] = field(default_factory=dict)

    by_ownership: bool = False
    """Whether the refusal of a role is judged last, after the request itself."""

    refusal: int = 403
    """What those get whose role may not."""

    @property
    def id(self) -> str:
        return f"{self.method} {self.path}"

    async def send(self, http: AsyncClient, query: str = "", **options: Any) -> Response:
        if self.json is not None:
            options = {"json": self.json} | options
        if self.form:
            options = {"data": self.form} | options
        return await http.request(self.method, (self.url or self.path) + query, **options)


ACCOUNT = {"email": "new@example.com", "password": PASSWORD, "full_name": "New"}
ITEM = {"name": "Lamp", "price": "19.99"}
JOB = "/api/v1/jobs/the-users"
"""In the place of an id that is not known before."""
MAIL = {"recipient": "bob@example.com", "subject": "Hello", "body": "Hi"}
OPERATIONS = (
    Operation("GET", "/health/live", 200),
    Operation("GET", "/health/ready", 200, errors=(503,)),
    Operation(
        "POST",
        "/api/v1/auth/token",
        200,
        form={"username": "user@example.com", "password": PASSWORD},
        errors=(400, 401),
    ),
    Operation(
        "POST",
        "/api/v1/auth/login",
        200,
        form={"username": "user@example.com", "password": PASSWORD},
        errors=(401, 422),
    ),
    Operation("POST", "/api/v1/auth/logout", 200, SIGNED_IN, errors=(401, 403, 422)),
    Operation("POST", "/api/v1/users", 201, json=ACCOUNT, errors=(409, 422)),
    Operation("GET", "/api/v1/users", 200, STAFF, errors=(401, 403, 422)),
    Operation("GET", "/api/v1/users/me", 200, SIGNED_IN, errors=(401, 422)),
    Operation("PATCH", "/api/v1/users/me", 200, SIGNED_IN, {}, errors=(401, 403, 422)),
    Operation(
        "GET",
        "/api/v1/users/{user_id}",
        200,
        STAFF,
        url="/api/v1/users/1",
        errors=(401, 403, 404, 422),
        by_ownership=True,
    ),
    Operation(
        "PATCH", "/api/v1/users/{user_id}", 200, ADMINS, {}, url="/api/v1/users/2", errors=(401, 403, 404, 409, 422)
    ),
    Operation(
        "DELETE", "/api/v1/users/{user_id}", 204, ADMINS, url="/api/v1/users/4", errors=(401, 403, 404, 409, 422)
    ),
    Operation("GET", "/api/v1/items", 200, errors=(304, 422)),
    Operation("POST", "/api/v1/items", 201, STAFF, ITEM, errors=(401, 403, 422)),
    Operation("GET", "/api/v1/items/export", 200, STAFF, errors=(401, 403, 422)),
    Operation("GET", "/api/v1/items/{item_id}", 200, url="/api/v1/items/1", errors=(304, 404, 422)),
    Operation(
        "PUT",
        "/api/v1/items/{item_id}",
        200,
        STAFF,
        ITEM,
        url="/api/v1/items/1",
        errors=(401, 403, 404, 412, 422),
        by_ownership=True,
    ),
    Operation(
        "DELETE",
        "/api/v1/items/{item_id}",
        204,
        STAFF,
        url="/api/v1/items/1",
        errors=(401, 403, 404, 412, 422),
        by_ownership=True,
    ),
    Operation(
        "POST",
        "/api/v1/items/{item_id}/reserve",
        200,
        SIGNED_IN,
        {"quantity": 1},
        url="/api/v1/items/1/reserve",
        errors=(401, 403, 404, 409, 422),
    ),
    Operation("POST", "/api/v1/emails", 202, STAFF, MAIL, errors=(401, 403, 422)),
    Operation("POST", "/api/v1/jobs", 202, SIGNED_IN, {"data_id": 1}, errors=(401, 403, 422, 503)),
    Operation(
        "GET",
        "/api/v1/jobs/{job_id}",
        200,
        ("user", "admin"),
        url=JOB,
        errors=(401, 404, 422),
        by_ownership=True,
        refusal=404,
    ),
)
TOKEN = OPERATIONS[2]
EXPORT = next(operation for operation in OPERATIONS if operation.path.endswith("/export"))
LOGOUT = next(operation for operation in OPERATIONS if operation.path.endswith("/logout"))
API = tuple(operation for operation in OPERATIONS if operation.path.startswith("/api/v1") and operation is not TOKEN)
by_id = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
in_api = pytest.mark.parametrize("operation", API, ids=lambda operation: operation.id)
UNREADABLE = ("?x=%ff", "?x=%00", "?%ff", "?x=%ed%a0%80", "?x=1&x=%00", "?sort=id&q=a%00b")


@pytest.fixture
async def callers(app: Any, client: AsyncClient, client_as: Any) -> dict[str, AsyncClient]:
    """Accounts 1 admin, 2 manager, 3 user, 4 somebody else; item 1 is the manager's, the job the user's."""
    if "COURSE_SERVED" not in os.environ:
        app.state.queue = Nowhere()
    callers = {"nobody": client} | {role: await client_as(role) for role in ("admin", "manager", "user")}
    await client_as("user", name="else")
    assert (await callers["manager"].post("/api/v1/items", json=ITEM | {"quantity": 9})).status_code == 201
    asked = await callers["user"].post("/api/v1/jobs", json={"data_id": 1})
    assert asked.status_code == 202

    async def to_the_job(request: Request) -> None:
        path = request.url.raw_path.replace(JOB.encode(), asked.headers["location"].encode())
        request.url = request.url.copy_with(raw_path=path)

    for http in callers.values():
        http.event_hooks["request"].append(to_the_job)
    return callers


def assert_error(response: Response, status: int) -> None:
    assert response.status_code == status, response.text
    answer = response.json()
    assert set(answer) == ENVELOPE
    assert (answer["success"], answer["data"]) == (False, None)
    assert answer["errors"]
    assert all(isinstance(error, str) for error in answer["errors"])
    assert ("www-authenticate" in response.headers) == (status == 401)


def test_the_table_names_every_operation(app: Any) -> None:
    paths = app.openapi()["paths"]
    documented = {f"{method.upper()} {path}" for path, operations in paths.items() for method in operations}
    assert documented == {operation.id for operation in OPERATIONS}


@by_id
def test_documents_exactly_its_statuses(app: Any, operation: Operation) -> None:
    documented = app.openapi()["paths"][operation.path][operation.method.lower()]
    everywhere = {413, 429, 500} if operation.path.startswith("/api/v1") else {413, 500}
    errors = everywhere | set(operation.errors)
    assert sorted(documented["responses"]) == sorted(map(str, {operation.success} | errors))
    schemas = app.openapi()["components"]["schemas"]
    assert not {"HTTPValidationError", "AnyQuery"} & set(schemas)
    for status in errors - {304, 503}:
        schema = documented["responses"][str(status)]["content"]["application/json"]["schema"]["$ref"]
        assert schema.endswith("/OAuthFailure" if operation is TOKEN else "/Failure")


def test_parameters_are_documented(app: Any) -> None:
    documented = app.openapi()["paths"]

    def names(path: str) -> list[str]:
        return [parameter["name"] for parameter in documented[path]["get"]["parameters"]]

    assert sorted(names("/api/v1/items")) == ["limit", "max_price", "min_price", "q", "skip", "sort"]
    assert sorted(names("/api/v1/users")) == ["limit", "role", "skip", "sort"]
    assert "parameters" not in documented["/api/v1/users/me"]["get"]
    for method in ("put", "delete"):
        headers = {p["name"]: p["schema"]["type"] for p in documented["/api/v1/items/{item_id}"][method]["parameters"]}
        assert headers == {"item_id": "integer", "if-match": "string", "if-none-match": "string"}
    email = app.openapi()["components"]["schemas"]["UserCreate"]["properties"]["email"]
    assert email == {"type": "string", "format": "email", "maxLength": 254, "title": "Email"}


@by_id
@pytest.mark.parametrize("role", EVERYBODY)
async def test_who_may(callers: dict[str, AsyncClient], operation: Operation, role: str) -> None:
    response = await operation.send(callers[role])
    if role in operation.roles:
        assert response.status_code == operation.success, response.text
        if operation in API and operation.success != 204 and operation is not EXPORT:
            assert set(response.json()) == ENVELOPE
            assert response.json()["success"] is True
        if operation.success == 204:
            assert response.content == b""
    else:
        assert_error(response, 401 if role == "nobody" else operation.refusal)


@by_id
async def test_an_unreadable_query_wins_over_no_401_and_no_403(
    callers: dict[str, AsyncClient], operation: Operation
) -> None:
    for query, (role, http) in itertools.product(UNREADABLE, callers.items()):
        response = await operation.send(http, query)
        if operation is TOKEN:
            assert response.status_code == 400
            assert response.json()["error"] == "invalid_request"
            assert response.headers["cache-control"] == "no-store"
        elif operation not in API:
            assert response.status_code == 200
        elif role in operation.roles or (role != "nobody" and operation.by_ownership):
            assert_error(response, 422)
        else:
            assert_error(response, 401 if role == "nobody" else 403)


@in_api
async def test_readable_queries_are_read(callers: dict[str, AsyncClient], operation: Operation) -> None:
    if operation.success == 200 and operation is not LOGOUT:
        for query in ("?x=1&x=2&y", "?x=%EF%BF%BD&%C3%A9=%F0%9F%98%80", "?", "?&&"):
            assert (await operation.send(callers["admin"], query)).status_code == 200


@in_api
async def test_a_refused_token_is_401_where_one_is_needed_and_ignored_elsewhere(
    callers: dict[str, AsyncClient], operation: Operation
) -> None:
    response = await operation.send(callers["nobody"], headers={"Authorization": "Bearer teapot"})
    if operation.roles is EVERYBODY:
        assert response.status_code == operation.success
    else:
        assert_error(response, 401)
        assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'


@by_id
async def test_other_spellings_of_a_path_are_404(callers: dict[str, AsyncClient], operation: Operation) -> None:
    url = operation.url or operation.path
    for spelling in ("/", "%0A", "%0D", "%00"):
        response = await callers["admin"].request(operation.method, url + spelling, json=operation.json)
        expected = 422 if operation.path.endswith("}") and spelling in ("%0D", "%00") else 404
        if url.endswith(("/me", "/export")) and spelling in ("%0D", "%00"):
            expected = 422
        if operation.path.endswith("{job_id}") and spelling == "%0D":
            expected = 404
        assert_error(response, expected)


@by_id
async def test_other_methods_are_405_with_all_that_there_are(
    callers: dict[str, AsyncClient], operation: Operation
) -> None:
    response = await callers["admin"].request("TRACE", operation.url or operation.path)
    assert_error(response, 405)
    allowed = {other.method for other in OPERATIONS if other.path == operation.path}
    allowed |= {"HEAD"} if "GET" in allowed else set()
    assert allowed <= set(response.headers["allow"].split(", "))


@in_api
async def test_a_body_is_json_in_utf8(callers: dict[str, AsyncClient], operation: Operation) -> None:
    if operation.json is None:
        return
    for content in (
        b"{",
        b"1.5",
        b'{"a": NaN}',
        b'{"a": NaN, "a": 1}',
        b"\xff",
        '{"a": "é"}'.encode("utf-16"),
        b"[" * 100_000,
    ):
        response = await operation.send(
            callers["admin"], json=None, content=content, headers={"Content-Type": "application/json"}
        )
        assert_error(response, 422)
    assert_error(await operation.send(callers["admin"], json={**operation.json, "secret-name": 1}), 422)
    response = await operation.send(callers["admin"], json={**operation.json, "secret-name": "secret-value"})
    assert "secret" not in response.text


async def test_validity_comes_before_existence_and_ownership(callers: dict[str, AsyncClient]) -> None:
    manager, user, admin = callers["manager"], callers["user"], callers["admin"]
    bad, good = {"name": "", "price": "1"}, ITEM
    assert_error(await user.put("/api/v1/items/1", json=bad), 422)
    assert_error(await user.put("/api/v1/items/1", json=good), 403)
    assert_error(await user.put("/api/v1/items/999", json=good), 404)
    assert_error(await user.delete("/api/v1/items/999"), 404)
    assert_error(await manager.patch("/api/v1/users/x", json={"role": 1}), 403)
    assert_error(await admin.patch("/api/v1/users/999", json={"role": 1}), 422)
    assert_error(await admin.patch("/api/v1/users/999", json={}), 404)
    assert_error(await user.get("/api/v1/users/999"), 403)
    assert_error(await manager.get("/api/v1/users/999"), 404)
    assert (await user.get("/api/v1/users/3")).status_code == 200
