"""Where in this application a request goes."""

from starlette.types import Scope


def route_path(scope: Scope) -> str:
    """Return the path without the prefix that the app is served under (`root_path`), as the routes have it."""
    path: str = scope["path"]
    inside = path.removeprefix(scope.get("root_path", ""))
    return inside if inside.startswith("/") else path
