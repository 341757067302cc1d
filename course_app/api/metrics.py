"""/metrics, for those who may read it."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from course_app.core.client_address import read_address
from course_app.core.metrics import Metrics


class MetricsRoute(Route):
    """GET /metrics. For a client outside of `allowed` this route is not there: no 403 and no 405 tells of it."""

    def __init__(self, metrics: Metrics, allowed: Sequence[IPv4Network | IPv6Network]) -> None:
        super().__init__("/metrics", self.answer, methods=["GET"], include_in_schema=False)
        self.metrics = metrics
        self.allowed = allowed

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match as any route, for those who may."""
        client = scope.get("client")
        address = read_address(client[0]) if client else None
        if address is None or not any(address in network for network in self.allowed):
            return Match.NONE, {}
        return super().matches(scope)

    async def answer(self, _: Request) -> Response:
        """All numbers, in the text format of Prometheus."""
        return Response(self.metrics.text(), media_type=CONTENT_TYPE_LATEST)
