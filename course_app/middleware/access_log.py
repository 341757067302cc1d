"""One line in the log for every request."""

import logging
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from course_app.core.route_template import route_template

logger = logging.getLogger("course_app.access")


class AccessLogMiddleware:
    """Logs each HTTP request when it is over. `timer` returns seconds that only ever grow."""

    def __init__(self, app: ASGIApp, timer: Callable[[], float] = time.perf_counter) -> None:
        self.app = app
        self.timer = timer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is no HTTP request is handed on as it is."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, start = 500, self.timer()

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, note_status)
        finally:
            facts = {
                "method": scope["method"],
                "route": route_template(scope),
                "status": status,
                "duration_ms": round((self.timer() - start) * 1000, 3),
                "request_id": scope.get("state", {}).get("request_id"),
            }
            logger.info("request", extra=facts)
