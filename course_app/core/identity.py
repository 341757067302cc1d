"""Who a request says it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from course_app.core.claims import Claims


@dataclass(frozen=True)
class Identity:
    """The claims of the token that was sent, if it is in order. Whether its account still exists, the store knows."""

    claims: Claims | None = None
    sent: bool = False
    by_cookie: bool = False


def identity_of(scope: Mapping[str, Any]) -> Identity:
    """Return what `AuthenticationMiddleware` found out about this request."""
    identity: Identity = scope.get("state", {}).get("identity", Identity())
    return identity
