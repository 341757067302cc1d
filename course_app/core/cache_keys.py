"""The names under which results are kept."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any

Scalar = str | int | bool | Decimal | None
SCALARS = (str, int, bool, Decimal, type(None))


def cache_key(function: Callable[..., Any], arguments: Mapping[str, Scalar], *, user: str | None) -> str:
    """Return the key for what `function` returns for these arguments: for one user, or with None for everybody.

    `user` is the key of an account. Raise `TypeError` for an argument whose type is not one of `SCALARS`.
    """
    for name, value in arguments.items():
        if type(value) not in SCALARS:
            raise TypeError(f"the argument {name} cannot be part of a key")
    named = sorted((name, type(value).__name__, str(value)) for name, value in arguments.items())
    digest = sha256(json.dumps(named).encode()).hexdigest()
    whose = "public" if user is None else f"user:{user}"
    return f"cache:{function.__module__}.{function.__qualname__}:{whose}:{digest}"
