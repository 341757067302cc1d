"""An answer for exceptions that nobody expected."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from course_app.middleware.refusals import refusal


class ServerErrorMiddleware:
    """Answers 500 in the envelope when the app raises, and raises again, so that the server logs the exception."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is no HTTP request is handed on as it is."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def note_start(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, note_start)
        except Exception:
            if not begun:
                await refusal(scope, 500, "Something went wrong on our side.")(scope, receive, send)
            raise
