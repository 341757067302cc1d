"""Counts every request."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from course_app.core.metrics import Metrics
from course_app.core.route_template import route_template


class MetricsMiddleware:
    """Counts each request when it is over, by its route, not by its URL: there are as many URLs as anybody likes."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is no HTTP request is handed on as it is."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, start = 500, time.perf_counter()

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, note_status)
        finally:
            seconds = time.perf_counter() - start
            self.metrics.count_request(scope["method"], route_template(scope), status, seconds)
