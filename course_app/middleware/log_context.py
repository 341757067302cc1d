"""The id of a request on everything that is logged while it is answered."""

from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, unbind_contextvars


class LogContextMiddleware:
    """Binds `request_id` for the log of this task."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is no HTTP request is handed on as it is."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        bind_contextvars(request_id=scope["state"]["request_id"])
        await self.app(scope, receive, send)
        unbind_contextvars("request_id")  # not after an exception: the server logs that in this task, after us
