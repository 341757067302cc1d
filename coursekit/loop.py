"""Running async code from a magic: magics are synchronous and are called inside the notebook's running event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import nest_asyncio

T = TypeVar("T")


def run_now(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run the coroutine to its end in the running loop, or in a new one where none runs, and return its result."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    nest_asyncio.apply(loop)
    return loop.run_until_complete(coroutine)
