"""The client's address and scheme, as trusted proxies report them."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from course_app.core.client_address import client_address, read_address


class ClientAddressMiddleware:
    """Corrects `scope["client"]` and `scope["scheme"]` when the connection comes from a trusted proxy."""

    def __init__(self, app: ASGIApp, trusted: Sequence[IPv4Network | IPv6Network]) -> None:
        self.app = app
        self.trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is no HTTP request is handed on as it is."""
        if scope["type"] == "http" and scope.get("client"):
            self._correct(scope)
        await self.app(scope, receive, send)

    def _correct(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        peer, port = scope["client"]
        client = client_address(peer, headers.getlist("X-Forwarded-For"), self.trusted)
        proxy = read_address(peer)
        if proxy is not None and any(proxy in network for network in self.trusted):
            scheme = ",".join(headers.getlist("X-Forwarded-Proto")).rpartition(",")[2].strip().lower()
            scope["scheme"] = scheme if scheme in ("http", "https") else scope["scheme"]
            port = 0
        scope["client"] = (client, port)
