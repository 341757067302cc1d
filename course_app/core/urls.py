"""URLs of the servers behind the application, which may hold a password."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator
from redis.asyncio.connection import parse_url
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

FAULT = "cannot be read as a URL: in a password, / is written %2F, # is %23, ? is %3F and @ is %40"


def _read(url: str) -> None:
    """Raise `ValueError` unless each part, between semicolons, is a URL and its password ends before the host."""
    for part in url.split(";"):
        read = urlsplit(part)
        if not read.scheme or "@" in read.path + read.query + read.fragment or read.port == 0:
            raise ValueError


def read_server_url(value: object) -> object:
    """Return the URL, None for an empty one. Raise `ValueError`, which does not tell it, where it cannot be read."""
    if not isinstance(value, str):
        return value
    try:
        _read(value.strip())
    except ValueError:
        if value.strip():
            raise ValueError(FAULT) from None
    return value.strip() or None


def read_redis_url(value: object) -> object:
    """Return the URL, None for an empty one, as `read_server_url` does. It must be one that redis-py reads."""
    url = read_server_url(value)
    try:
        parse_url(str(url or "redis://"))
    except ValueError:
        raise ValueError(f"{FAULT}; it begins with redis://, rediss:// or unix://") from None
    return url


def read_database_url(value: object) -> object:
    """Return the URL, None for an empty one. It must be one that SQLAlchemy reads, for a database that it knows."""
    if not isinstance(value, str) or not value.strip():
        return None if isinstance(value, str) else value
    try:
        url = make_url(value.strip())
        url.get_dialect()
    except (ArgumentError, ValueError):
        raise ValueError(FAULT) from None
    if "@" in (url.host or ""):
        raise ValueError(FAULT)
    return value.strip()


RedisUrl = Annotated[str | None, BeforeValidator(read_redis_url)]
DatabaseUrl = Annotated[str | None, BeforeValidator(read_database_url)]
BrokerUrl = Annotated[str | None, BeforeValidator(read_server_url)]
