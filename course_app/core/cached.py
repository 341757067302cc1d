"""A decorator: do not compute again what is in the cache."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pydantic import TypeAdapter

from course_app.core.cache import Cache
from course_app.core.cache_keys import Scalar, cache_key

P = ParamSpec("P")
T = TypeVar("T")


def public(*_: Any, **__: Any) -> None:
    """For `user`: the result is the same for everybody."""


def cached(
    cache: Cache,
    kind: TypeAdapter[T],
    *,
    lifetime: timedelta,
    arguments: Callable[P, Mapping[str, Scalar]],
    user: Callable[P, str | None],
) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """Keep in `cache` what the decorated function returns, and return it while it is there.

    `arguments` and `user` are called as the function is, and say what of the call the result depends on, and whose it
    is (the key of an account, or None for everybody).
    """

    def decorate(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @wraps(function)
        async def through_cache(*args: P.args, **kwargs: P.kwargs) -> T:
            key = cache_key(function, arguments(*args, **kwargs), user=user(*args, **kwargs))
            hit = await cache.get(key, kind)
            if hit is not None:
                return hit.value
            result = await function(*args, **kwargs)
            await cache.set(key, result, kind, lifetime)
            return result

        return through_cache

    return decorate
