"""Smaller answers for those who can read them (RFC 9110, section 12.5.3)."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from course_app.core.etags import gzip_tag
from course_app.core.route_path import route_path

_ELEMENT = re.compile(r"\s*(gzip|x-gzip|\*)\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?", re.ASCII | re.IGNORECASE)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether this value of `Accept-Encoding` allows gzip: named or by `*`, and not with weight 0."""
    found = [match for element in accept_encoding.split(",") if (match := _ELEMENT.fullmatch(element))]
    weights = {match[1].lower(): float(match[2] or 1) for match in found}
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


class CompressionMiddleware:
    """Compresses answers of 500 bytes and more, but never one that contains a secret: those of /api/v1/auth."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is no HTTP request is handed on as it is."""
        if scope["type"] != "http" or route_path(scope).startswith("/api/v1/auth/"):
            await self.app(scope, receive, send)
            return

        async def send_varying(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "accept-encoding" not in headers.get("Vary", "").lower():
                    headers.add_vary_header("Accept-Encoding")
                if "ETag" in headers and headers.get("Content-Encoding") == "gzip":
                    headers["ETag"] = gzip_tag(headers["ETag"])
            await send(message)

        accepted = accepts_gzip(",".join(Headers(scope=scope).getlist("Accept-Encoding")))
        app = GZipResponder(self.app, minimum_size=500) if accepted else self.app
        await app(scope, receive, send_varying)
