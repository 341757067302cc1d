"""Which route answered a request, as a name that many requests share."""

from starlette.types import Scope


def route_template(scope: Scope) -> str | None:
    """Return the path of the route that FastAPI chose, such as `/api/v1/items/{item_id}`, or None if it chose none."""
    chosen = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    template: str | None = getattr(chosen, "path_format", None)
    return template
