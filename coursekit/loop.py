"""`asyncio.run` in a notebook, for code that was pasted from a script.

nest_asyncio allows an event loop to run inside another. Entering the *kernel's* loop again would let the kernel begin
the next queued cell in the middle of this one, and lose it ("cannot enter context"); so each call gets a new loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import nest_asyncio

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T], *, debug: bool | None = None) -> T:
    """Run the coroutine to its end in a new event loop, inside a running one too, and return its result."""
    loop = asyncio.new_event_loop()
    nest_asyncio.apply(loop)
    loop.set_debug(bool(debug))
    try:
        return loop.run_until_complete(main)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def install() -> None:
    """Put `run` in the place of `asyncio.run` in this process."""
    nest_asyncio.apply()
    asyncio.run = run
