"""Paths that only look like ours."""

from starlette.types import ASGIApp, Receive, Scope, Send

from course_app.middleware.refusals import refusal


class StrictPathMiddleware:
    """Answers 404 to a path that ends in a line break, before which the `$` of the router's patterns matches too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is no HTTP request is handed on as it is."""
        app = self.app
        if scope["type"] == "http" and scope["path"].endswith("\n"):
            app = refusal(scope, 404, "There is nothing at this path.")
        await app(scope, receive, send)
