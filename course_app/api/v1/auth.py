"""Signing in: /api/v1/auth."""

from datetime import timedelta

from fastapi import APIRouter, Response

from course_app.api.deps import ClockDep, HashingDep, SettingsDep, UserRepositoryDep
from course_app.api.oauth import FORM_IN_OPENAPI, NO_STORE, PasswordGrantDep
from course_app.core.errors import OAuthError
from course_app.core.tokens import issue_token
from course_app.schemas.auth import OAuthFailure, TokenRead
from course_app.services.auth import authenticate

router = APIRouter()


@router.post(
    "/token",
    responses={400: {"model": OAuthFailure}, 401: {"model": OAuthFailure}},
    openapi_extra=FORM_IN_OPENAPI,
)
async def create_token(
    form: PasswordGrantDep,
    users: UserRepositoryDep,
    hashing: HashingDep,
    settings: SettingsDep,
    clock: ClockDep,
    response: Response,
) -> TokenRead:
    """Exchange an e-mail address and a password for an access token (RFC 6749, section 4.3)."""
    user = await authenticate(form.username, form.password, users=users, hashing=hashing)
    if user is None:
        raise OAuthError("invalid_grant", "The e-mail address or the password is wrong.", status=401)
    lifetime = timedelta(minutes=settings.ACCESS_TOKEN_EXPIRE_MINUTES)
    secret = settings.SECRET_KEY.get_secret_value()
    token = issue_token(user.key, secret=secret, now=clock(), lifetime=lifetime, algorithm=settings.ALGORITHM)
    response.headers.update(NO_STORE)
    return TokenRead(access_token=token, expires_in=int(lifetime.total_seconds()))
