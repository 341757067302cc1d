"""Signing in over HTTP, as any caller of the app would: what `client_as("manager")` does."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import httpx

from coursekit.errors import CourseError

ROLES = ("admin", "manager", "user")
PASSWORD = "Correct-Horse-7"

MakeClient = Callable[[], httpx.AsyncClient]


async def sign_in(
    make_client: MakeClient, role: str, *, admin: tuple[str, str], name: str | None = None
) -> httpx.AsyncClient:
    """Return a new client that carries the token of an account with that role.

    `admin` is the e-mail and the password of the app's first admin. A manager or user is registered, and promoted by
    the first admin, the first time it is asked for; `name` tells several accounts of one role apart. Raise
    `CourseError` where the app has no sign-in or refuses a step.
    """
    check_role(role)
    client = make_client()
    if role == "admin" and name is None:
        client.headers["Authorization"] = await _bearer(client, *admin)
        return client
    email = f"{name or role}.{role}@example.com" if name else f"{role}@example.com"
    account = {"email": email, "password": PASSWORD, "full_name": (name or role).capitalize()}
    registered = await client.post("/api/v1/users", json=account)
    if registered.status_code not in (201, 409):
        if await _has_no_sign_in(client):
            raise CourseError("There is no sign-in before chapter 03.")
        raise CourseError(f"{_told(registered)}: the account {email} could not be registered.")
    if registered.status_code == 201 and role != "user":
        await _promote(make_client, _data(registered)["id"], role, admin)
    client.headers["Authorization"] = await _bearer(client, email, PASSWORD)
    return client


def check_role(role: str) -> None:
    """Raise `CourseError` on a role that no account has."""
    if role not in ROLES:
        raise CourseError(f"There is no role {role!r}: an account is {', '.join(ROLES[:-1])} or {ROLES[-1]}.")


class SignInFirst(httpx.Auth):
    """Signs in before the first request of a client, which therefore can be made without waiting."""

    def __init__(self, signing_in: Callable[[], Awaitable[httpx.AsyncClient]]) -> None:
        self._signing_in = signing_in
        self._bearer: str | None = None

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Put the token on the request, unless it carries credentials of its own."""
        if self._bearer is None:
            client = await self._signing_in()
            self._bearer = client.headers["Authorization"]
            await client.aclose()
        request.headers.setdefault("Authorization", self._bearer)
        yield request


async def _promote(make_client: MakeClient, user_id: object, role: str, admin: tuple[str, str]) -> None:
    async with make_client() as client:
        client.headers["Authorization"] = await _bearer(client, *admin)
        promoted = await client.patch(f"/api/v1/users/{user_id}", json={"role": role})
    if promoted.status_code != 200:
        raise CourseError(f"{_told(promoted)}: the first admin could not make an account a {role}.")


async def _bearer(client: httpx.AsyncClient, email: str, password: str) -> str:
    response = await client.post("/api/v1/auth/token", data={"username": email, "password": password})
    if response.status_code == 404:
        raise CourseError("There is no sign-in before chapter 03.")
    if response.status_code != 200:
        raise CourseError(f"{_told(response)}: {email} could not sign in.")
    return f"Bearer {response.json()['access_token']}"


async def _has_no_sign_in(client: httpx.AsyncClient) -> bool:
    return (await client.post("/api/v1/auth/token", data={})).status_code == 404


def _told(response: httpx.Response) -> str:
    request = response.request
    return f"{request.method} {request.url.path} was answered {response.status_code}"


def _data(response: httpx.Response) -> Any:
    return response.json()["data"]
