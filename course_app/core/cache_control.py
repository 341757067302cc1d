"""What caches may do with an answer (RFC 9111)."""


def cache_control(said: str | None, *, personal: bool) -> str:
    """Return the `Cache-Control` of an answer for which its route said `said`, or nothing.

    `personal`: the request came with credentials.
    """
    if said is None:
        return "no-store"
    directives = {directive.strip().lower() for directive in said.split(",")}
    if personal and directives.isdisjoint({"no-store", "private"}):
        return "private, no-cache"
    return said
