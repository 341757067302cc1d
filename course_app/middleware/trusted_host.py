"""Requests for other hosts than ours."""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from course_app.core.hosts import host_name
from course_app.middleware.cors import CORSMiddleware
from course_app.middleware.refusals import refusal


class TrustedHostMiddleware:
    """Answers 400 where `Host` names none of `hosts`. No hosts, or `*` among them, is any host.

    Pages of `origins` may read that answer. A preflight is refused without a word of CORS.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], origins: Collection[str] = ()) -> None:
        self.app = app
        self.hosts = None if not hosts or "*" in hosts else frozenset(hosts)
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is no HTTP request is handed on as it is."""
        app = self.app
        if scope["type"] == "http" and not self._is_trusted(Headers(scope=scope)):
            app = refusal(scope, 400, "This server does not answer for that host.", {"Cache-Control": "no-store"})
            if scope["method"] != "OPTIONS" or "Access-Control-Request-Method" not in Headers(scope=scope):
                app = CORSMiddleware(app, self.origins)
        await app(scope, receive, send)

    def _is_trusted(self, headers: Headers) -> bool:
        return self.hosts is None or host_name(headers.getlist("Host")) in self.hosts
