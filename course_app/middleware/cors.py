"""What pages of other origins may do here (the Fetch standard, section 3.3)."""

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from course_app.middleware.refusals import refusal

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "X-CSRF-Token",
    "X-Request-ID",
)
SAFELISTED_HEADERS = ("Accept", "Accept-Language", "Content-Language")
READABLE_HEADERS = ("ETag", "Location", "Retry-After", "X-Request-ID", "Content-Disposition")
QUESTIONS = ("Access-Control-Request-Method", "Access-Control-Request-Headers")
EXPOSED = {"Access-Control-Expose-Headers": ", ".join(READABLE_HEADERS)}
POLICY = {
    "Access-Control-Allow-Methods": ", ".join(METHODS),
    "Access-Control-Allow-Headers": ", ".join((*REQUEST_HEADERS, *SAFELISTED_HEADERS)),
    "Access-Control-Max-Age": "600",
}


def permission(origin: str | None, origins: Collection[str]) -> dict[str, str]:
    """Return the headers that allow a page of `origin`, which is the request's header, to read an answer.

    `origins` are those allowed; "*" among them is every page, and none of them with credentials.
    """
    if "*" in origins:
        return {"Access-Control-Allow-Origin": "*"}
    if origin is None or origin not in origins:
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true"}


def refused(preflight: Headers, origins: Collection[str]) -> list[str]:
    """Return what a preflight asks for in vain: some of "origin", "method", "headers", in this order."""
    asked = preflight.get("Access-Control-Request-Headers", "").split(",")
    allowed = {"", *(name.lower() for name in (*REQUEST_HEADERS, *SAFELISTED_HEADERS))}
    judged = {
        "origin": permission(preflight["Origin"], origins) != {},
        "method": preflight["Access-Control-Request-Method"] in METHODS,
        "headers": all(name.strip().lower() in allowed for name in asked),
    }
    return [what for what, fine in judged.items() if not fine]


class CORSMiddleware:
    """Answers preflights, and tells browsers which pages may read the other answers, errors too."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        if isinstance(origins, str):
            raise TypeError("origins are a collection of texts, not one text")
        self.app = app
        self.origins = frozenset(origins)
        self.varies_by = ["Origin"] if self.origins and "*" not in self.origins else []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is no HTTP request is handed on as it is."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Headers(scope=scope)
        allowed = permission(request.get("Origin"), self.origins)
        app, more, varies_by = self.app, EXPOSED, self.varies_by
        if scope["method"] == "OPTIONS" and "Origin" in request and "Access-Control-Request-Method" in request:
            app, more, varies_by = self._answer(scope, request), POLICY, [*self.varies_by, *QUESTIONS]

        async def send_with_permission(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                headers = MutableHeaders(scope=message)
                if allowed:
                    headers.update({**allowed, **more})
                if varies_by:
                    headers.add_vary_header(", ".join(varies_by))
            await send(message)

        await app(scope, receive, send_with_permission)

    def _answer(self, scope: Scope, preflight: Headers) -> ASGIApp:
        faults = refused(preflight, self.origins)
        if faults:
            return refusal(scope, 400, f"CORS does not allow this: {', '.join(faults)}.")
        return Response(status_code=204)
