"""The end of a session."""

from datetime import datetime

from starlette.responses import Response

from course_app.core.claims import Claims
from course_app.core.cookies import CookieNames
from course_app.db.repositories import Revocations


async def sign_out(
    response: Response, claims: Claims, *, names: CookieNames, revocations: Revocations, now: datetime
) -> None:
    """Recall the token with these claims, and make the browser that gets `response` forget both cookies."""
    await revocations.add(claims.jti, claims.expires_at)
    await revocations.purge(now)
    for name in (names.access, names.csrf):
        response.delete_cookie(name, path="/", secure=True, samesite="lax")
