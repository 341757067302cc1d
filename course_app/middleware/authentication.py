"""Who a request says it comes from: read once, before anything is asked of the store."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from course_app.core.claims import InvalidToken, read_token
from course_app.core.clock import Clock
from course_app.core.config import Settings
from course_app.core.cookie_header import without_backslashes
from course_app.core.cookies import cookie_names
from course_app.core.credentials import find_token
from course_app.core.identity import Identity


class AuthenticationMiddleware:
    """Puts the `Identity` of each request into `scope["state"]["identity"]`. It refuses nobody: routes do."""

    def __init__(self, app: ASGIApp, settings: Settings, clock: Clock) -> None:
        self.app = app
        self.settings = settings
        self.clock = clock
        self.cookie = cookie_names(settings.ENVIRONMENT).access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is no HTTP request is handed on as it is."""
        if scope["type"] == "http":
            scope.setdefault("state", {})["identity"] = self._identify(Headers(scope=scope))
            scope["headers"] = without_backslashes(scope["headers"])
        await self.app(scope, receive, send)

    def _identify(self, headers: Headers) -> Identity:
        token = find_token(headers, self.cookie)
        if token is None:
            return Identity()
        secret, algorithm = self.settings.SECRET_KEY.get_secret_value(), self.settings.ALGORITHM
        try:
            claims = read_token(token.text, secret=secret, now=self.clock(), algorithm=algorithm)
        except InvalidToken:
            return Identity(sent=True, by_cookie=token.by_cookie)
        return Identity(claims, sent=True, by_cookie=token.by_cookie)
