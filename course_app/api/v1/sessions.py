"""Signing in and out in a browser: /api/v1/auth/login and /logout."""

from fastapi import Response

from course_app.api.deps import (
    ClockDep,
    CookieNamesDep,
    CurrentClaims,
    HashingDep,
    RevocationsDep,
    SettingsDep,
    UserRepositoryDep,
)
from course_app.api.forms import FORM_IN_OPENAPI, SignInForm
from course_app.api.guard import AuditDep, GuardDep
from course_app.api.sign_out import sign_out
from course_app.api.strict import strict_router
from course_app.core.cookies import set_session_cookies
from course_app.core.errors import Unauthorized
from course_app.schemas.failures import NO_STORE
from course_app.schemas.responses import APIResponse, errors_of, ok
from course_app.schemas.users import UserRead
from course_app.services.auth import authenticate
from course_app.services.sessions import open_session

router = strict_router()


@router.post("/login", responses=errors_of(401, 422), openapi_extra=FORM_IN_OPENAPI)
async def log_in(
    form: SignInForm,
    users: UserRepositoryDep,
    hashing: HashingDep,
    settings: SettingsDep,
    clock: ClockDep,
    names: CookieNamesDep,
    guard: GuardDep,
    response: Response,
) -> APIResponse[UserRead]:
    """Exchange an e-mail address and a password for a session in cookies."""
    user = await authenticate(form.username, form.password, users=users, hashing=hashing, guard=guard)
    if user is None:
        raise Unauthorized("The e-mail address or the password is wrong.")
    session = open_session(user, settings, clock())
    set_session_cookies(response, session.token, session.csrf, names=names, max_age=session.seconds)
    response.headers.update(NO_STORE)
    return ok(UserRead.model_validate(user))


@router.post("/logout", responses=errors_of(401, 403, 422))
async def log_out(
    claims: CurrentClaims,
    revocations: RevocationsDep,
    clock: ClockDep,
    names: CookieNamesDep,
    audit: AuditDep,
    response: Response,
) -> APIResponse[None]:
    """End the session: its token is accepted nowhere any more, and both cookies are cleared."""
    await sign_out(response, claims, names=names, revocations=revocations, now=clock())
    audit.when_committed("logout", claims.subject)
    return ok(None, "You are signed out.")
