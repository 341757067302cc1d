"""How large a request may be."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from course_app.middleware.refusals import refusal

MEBIBYTE = 1024 * 1024


class BodyLimitMiddleware:
    """Answers 413 to a body of more than `limit` bytes; the app gets any other body in one piece."""

    def __init__(self, app: ASGIApp, limit: int = MEBIBYTE) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is no HTTP request is handed on as it is."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        lengths = Headers(scope=scope).getlist("Content-Length")
        too_large = any(text.isdecimal() and float(text) > self.limit for text in lengths)
        message: Message = {"more_body": True}
        body = bytearray()
        while message.get("more_body") and not too_large:
            message = await receive()
            body += message.get("body", b"")
            too_large = len(body) > self.limit
        if too_large:
            await refusal(scope, 413, "The body is too large.")(scope, receive, send)
            return
        cut_off = message["type"] == "http.disconnect"
        unread: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": cut_off}]
        unread += [message] * cut_off

        async def replay() -> Message:
            return unread.pop(0) if unread else await receive()

        await self.app(scope, replay, send)
