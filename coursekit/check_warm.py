"""Does once, before any fork, what libraries put off until they are first used: import, compile, register."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import sys
from collections.abc import AsyncIterator
from typing import Annotated

# What the app of any chapter imports.
LIBRARIES = (
    "fastapi",
    "fastapi.openapi.utils",
    "fastapi.security",
    "pydantic.v1",
    "pydantic_settings",
    "httpx",
    "anyio._backends._asyncio",
    "sqlalchemy.ext.asyncio",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "aiosqlite",
    "fakeredis",
    "fakeredis.aioredis",
    "redis.asyncio",
    "jose.jwt",
    "jose.backends.cryptography_backend",
    "jwt",
    "passlib.context",
    "passlib.hash",
    "passlib.handlers.argon2",
    "argon2",
    "pwdlib",
    "email_validator",
    "dns.resolver",
    "python_multipart",
    "python_multipart.multipart",
    "sqlite3",
    "zoneinfo",
)


# What it imports besides from a chapter on: 09, where each app brings its tables up to date; 11, where it has jobs;
# 12, where it has logs as JSON and numbers, and where a property of all requests is tested.
FROM_CHAPTER = {
    "09": ("alembic.command",),
    "11": ("smtplib", "celery.app.amqp", "celery.canvas", "celery.worker.worker", "kombu.transport.redis"),
    "12": ("structlog", "prometheus_client", "schemathesis.specs.openapi.schemas", "schemathesis.transport.asgi"),
}


def load_libraries(chapter: str) -> None:
    """Import the libraries. One that is not installed is told in the log: the checks that need it will say so.

    `chapter` is the name of its folder, as in `09_database`.
    """
    later = [name for first, names in FROM_CHAPTER.items() if chapter >= first for name in names]
    for name in (*LIBRARIES, *later):
        try:
            importlib.import_module(name)
        except ImportError as error:
            print(f"not loaded: {name}: {error}", file=sys.stderr)


def use_libraries() -> None:
    """Build an app, send it requests, hash, sign. No thread may be left, or the process could not fork safely."""
    asyncio.run(_use_an_app())
    with contextlib.suppress(ImportError):
        from jose import jwt

        jwt.decode(jwt.encode({"sub": "warm"}, "secret", algorithm="HS256"), "secret", algorithms=["HS256"])
    with contextlib.suppress(ImportError):
        from passlib.context import CryptContext

        context = CryptContext(["argon2"], argon2__time_cost=1, argon2__memory_cost=8, argon2__parallelism=1)
        context.verify("warm", context.hash("warm"))


async def _use_an_app() -> None:
    from fastapi import APIRouter, Depends, FastAPI, Form, HTTPException, Query
    from fastapi.security import OAuth2PasswordBearer
    from pydantic import BaseModel, ConfigDict, EmailStr, Field

    from coursekit.check_client import client_for

    class Body(BaseModel):
        model_config = ConfigDict(extra="forbid")

        email: EmailStr
        name: Annotated[str, Field(min_length=1)]

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield

    async def number(n: Annotated[int, Query(ge=0)] = 0) -> int:
        return n

    router = APIRouter(prefix="/warm")
    app = FastAPI(lifespan=lifespan)

    # Annotations are text in this module, and these names are local: so they are given as objects.
    async def create(body, n, token):  # type: ignore[no-untyped-def]
        return body

    async def login(username):  # type: ignore[no-untyped-def]
        raise HTTPException(401)

    bearer = OAuth2PasswordBearer("token", auto_error=False)
    number.__annotations__.update(n=Annotated[int, Query(ge=0)])
    create.__annotations__.update(
        body=Body, n=Annotated[int, Depends(number)], token=Annotated[str | None, Depends(bearer)]
    )
    login.__annotations__.update(username=Annotated[str, Form()])
    router.add_api_route("", create, methods=["POST"], response_model=Body)
    router.add_api_route("/token", login, methods=["POST"])
    app.include_router(router)
    async with app.router.lifespan_context(app), client_for(app) as client:
        await client.post("/warm", json={"email": "warm@example.com", "name": "x"})
        await client.post("/warm?n=-1", json={"email": "warm"})
        await client.post("/warm/token", data={"username": "x"})
        await client.get("/openapi.json")
