"""From http to https."""

import re
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from course_app.core.hosts import host_name
from course_app.core.route_path import route_path

EXEMPT = ("/health/live", "/health/ready")


class HTTPSRedirectMiddleware:
    """Answers a request over http with 308 to the same URL over https. Health routes are asked from inside."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is no HTTP request is handed on as it is."""
        app = self.app
        if scope["type"] == "http" and scope.get("scheme") != "https" and route_path(scope) not in EXEMPT:
            host = host_name(Headers(scope=scope).getlist("Host"))
            target = scope.get("raw_path") or quote(scope["path"]).encode()
            target = re.sub(rb"(?i)^https?://[^/]*", b"", target)
            path = quote(target.removeprefix(b"/"), safe="/%:@!$&'()*+,;=~")
            query = quote(scope["query_string"], safe="/%:@!$&'()*+,;=~?")
            app = Response(status_code=308, headers={"Location": f"https://{host}/{path}{'?' if query else ''}{query}"})
        await app(scope, receive, send)
