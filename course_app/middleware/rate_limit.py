"""How often somebody may ask (RFC 6585, section 4)."""

from collections.abc import Mapping
from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from course_app.core.identity import identity_of
from course_app.core.route_path import route_path
from course_app.middleware.refusals import refusal

EXEMPT = ("/health/live", "/health/ready")


class Window(Protocol):
    """Counts requests, as `SlidingWindow` does."""

    async def admit(self, limits: Mapping[str, int]) -> int | None:
        """Count a request for these keys, or return the seconds to wait."""


class RateLimitMiddleware:
    """Answers 429 to those who asked `limit` times within the window already. A limit of 0 switches it off."""

    def __init__(self, app: ASGIApp, window: Window, limit: int) -> None:
        self.app = app
        self.window = window
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is no HTTP request is handed on as it is."""
        app = self.app
        if scope["type"] == "http" and self.limit and route_path(scope) not in EXEMPT:
            seconds = await self.window.admit(self._limits(scope))
            if seconds is not None:
                app = refusal(scope, 429, "Too many requests.", {"Retry-After": str(seconds)})
        await app(scope, receive, send)

    def _limits(self, scope: Scope) -> dict[str, int]:
        """One limit for a user and five times as much for all users of their address, or one for its strangers."""
        claims, client = identity_of(scope).claims, scope.get("client")
        address = client[0] if client else "unknown"
        if claims is None:
            return {f"strangers:{address}": self.limit}
        return {f"user:{claims.subject}": self.limit, f"users:{address}": 5 * self.limit}
