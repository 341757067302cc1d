"""A name for every request, in its scope and on its answer."""

import re
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIDMiddleware:
    """Puts the request's ID into `scope["state"]["request_id"]` and into the header `X-Request-ID` of the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is no HTTP request is handed on as it is."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent = Headers(scope=scope).getlist("X-Request-ID")
        request_id = sent[0] if len(sent) == 1 and ACCEPTABLE.fullmatch(sent[0]) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        await self.app(scope, receive, send_with_id)
