"""Answers 304 where the client has the answer already (RFC 9110, section 13.1.2)."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from course_app.core.etags import not_modified, plain_tag


class ConditionalMiddleware:
    """Turns the 200 of a GET into a 304 without a body when `If-None-Match` names its `ETag`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        sent = Headers(scope=scope).getlist("If-None-Match") if scope["type"] == "http" else []
        if not sent or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        fresh = False

        async def send_unless_fresh(message: Message) -> None:
            nonlocal fresh
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                etag = headers.get("ETag")
                fresh = message["status"] == 200 and etag is not None and not_modified(", ".join(sent), plain_tag(etag))
                if fresh:
                    message["status"] = 304
                    for name in ("Content-Type", "Content-Length", "Content-Encoding"):
                        del headers[name]
            elif fresh:
                if message.get("more_body", False):
                    return
                message = {"type": "http.response.body"}
            await send(message)

        await self.app(scope, receive, send_unless_fresh)
