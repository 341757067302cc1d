"""Tokens: /api/v1/auth/token."""

from fastapi import APIRouter, Response

from course_app.api.deps import ClockDep, HashingDep, SettingsDep, UserRepositoryDep
from course_app.api.forms import FORM_IN_OPENAPI
from course_app.api.guard import GuardDep
from course_app.api.oauth import PasswordGrantDep
from course_app.core.errors import OAuthError, TooManyRequests
from course_app.schemas.auth import OAuthFailure, TokenRead
from course_app.schemas.failures import NO_STORE
from course_app.services.auth import authenticate
from course_app.services.sessions import open_session

router = APIRouter()


@router.post(
    "/token",
    responses={status: {"model": OAuthFailure} for status in (400, 401, 413, 429, 500)},
    openapi_extra=FORM_IN_OPENAPI,
)
async def create_token(
    form: PasswordGrantDep,
    users: UserRepositoryDep,
    hashing: HashingDep,
    settings: SettingsDep,
    clock: ClockDep,
    guard: GuardDep,
    response: Response,
) -> TokenRead:
    """Exchange an e-mail address and a password for an access token (RFC 6749, section 4.3)."""
    try:
        user = await authenticate(form.username, form.password, users=users, hashing=hashing, guard=guard)
    except TooManyRequests as error:
        raise OAuthError("temporarily_unavailable", error.message, status=429, headers=error.headers) from None
    if user is None:
        raise OAuthError("invalid_grant", "The e-mail address or the password is wrong.", status=401)
    session = open_session(user, settings, clock())
    response.headers.update(NO_STORE)
    return TokenRead(access_token=session.token, expires_in=session.seconds)
