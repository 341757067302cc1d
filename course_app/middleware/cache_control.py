"""Puts `Cache-Control` on every answer."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from course_app.core.cache_control import cache_control
from course_app.core.identity import identity_of


class CacheControlMiddleware:
    """Answers that nobody decided about are kept nowhere, answers to a signed-in caller in no shared cache."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_header(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                said = ", ".join(headers.getlist("Cache-Control")) or None
                headers["Cache-Control"] = cache_control(said, personal=identity_of(scope).sent)
            await send(message)

        await self.app(scope, receive, send_with_header)
