"""What routes depend on, as types that a signature can name."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer

from course_app.api.session import SessionDep
from course_app.core.claims import Claims
from course_app.core.clock import Clock
from course_app.core.config import Settings
from course_app.core.cookie_header import cookie_values
from course_app.core.cookies import CookieNames, cookie_names
from course_app.core.csrf import csrf_matches
from course_app.core.errors import Forbidden, Unauthorized
from course_app.core.hashing import Hashing
from course_app.core.identity import identity_of
from course_app.db.models import User
from course_app.db.repositories import ItemRepository, Revocations, Stock, UserRepository
from course_app.db.sql_items import SqlItems
from course_app.db.sql_revocations import SqlRevocations
from course_app.db.sql_users import SqlUsers
from course_app.db.stock import SqlStock
from course_app.services.item_pages import ItemPages
from course_app.services.items import ItemService
from course_app.services.reservations import ReservationService
from course_app.services.sessions import account_of
from course_app.services.users import UserService

Probe = Callable[[], Awaitable[object]]
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def get_settings(request: Request) -> Settings:
    """The settings of the application that got this request."""
    settings: Settings = request.app.state.settings
    return settings


def get_clock(request: Request) -> Clock:
    """The clock of the application that got this request."""
    clock: Clock = request.app.state.clock
    return clock


def get_probes(request: Request) -> dict[str, Probe]:
    """One probe for each thing the application depends on; it raises when that thing is down."""
    probes: dict[str, Probe] = request.app.state.probes
    return probes


def get_hashing(request: Request) -> Hashing:
    """How the application that got this request hashes passwords."""
    hashing: Hashing = request.app.state.hashing
    return hashing


def get_cookie_names(request: Request) -> CookieNames:
    """What the application that got this request calls its cookies."""
    return cookie_names(get_settings(request).ENVIRONMENT)


SettingsDep = Annotated[Settings, Depends(get_settings)]
ClockDep = Annotated[Clock, Depends(get_clock)]
ProbesDep = Annotated[dict[str, Probe], Depends(get_probes)]
HashingDep = Annotated[Hashing, Depends(get_hashing)]
CookieNamesDep = Annotated[CookieNames, Depends(get_cookie_names)]


async def get_user_repository(session: SessionDep) -> UserRepository:
    """Where this application keeps its accounts."""
    return SqlUsers(session)


async def get_item_repository(session: SessionDep) -> ItemRepository:
    """Where this application keeps its items."""
    return SqlItems(session)


async def get_revocations(session: SessionDep) -> Revocations:
    """Where this application keeps the tokens that were recalled."""
    return SqlRevocations(session)


async def get_stock(session: SessionDep) -> Stock:
    """Where this application counts the pieces of its items."""
    return SqlStock(session)


UserRepositoryDep = Annotated[UserRepository, Depends(get_user_repository)]
ItemRepositoryDep = Annotated[ItemRepository, Depends(get_item_repository)]
RevocationsDep = Annotated[Revocations, Depends(get_revocations)]
StockDep = Annotated[Stock, Depends(get_stock)]


async def get_users(users: UserRepositoryDep, clock: ClockDep, hashing: HashingDep) -> UserService:
    """What can be done with accounts."""
    return UserService(users, clock, hashing)


async def get_items(items: ItemRepositoryDep, clock: ClockDep) -> ItemService:
    """What can be done with items."""
    return ItemService(items, clock)


async def get_reservations(items: ItemRepositoryDep, stock: StockDep, clock: ClockDep) -> ReservationService:
    """How pieces are taken out of stock."""
    return ReservationService(items, stock, clock)


async def get_item_pages(request: Request) -> ItemPages:
    """The lists of items, which come out of the cache where they can."""
    pages: ItemPages = request.app.state.item_pages
    return pages


UsersDep = Annotated[UserService, Depends(get_users)]
ItemsDep = Annotated[ItemService, Depends(get_items)]
ItemPagesDep = Annotated[ItemPages, Depends(get_item_pages)]
ReservationsDep = Annotated[ReservationService, Depends(get_reservations)]

BearerToken = Annotated[str | None, Depends(OAuth2PasswordBearer("/api/v1/auth/token", auto_error=False))]


async def get_current_user(
    request: Request,
    _: BearerToken,
    users: UserRepositoryDep,
    revocations: RevocationsDep,
    settings: SettingsDep,
    names: CookieNamesDep,
) -> User:
    """The account that the request's token names, as it is now.

    Raise `Unauthorized`; and `Forbidden` where a cookie alone would cause a write, without the CSRF token beside it.
    `AuthenticationMiddleware` has read the token; `BearerToken` is there for OpenAPI.
    """
    identity = identity_of(request.scope)
    if not identity.sent:
        raise Unauthorized("Sign in first.")
    claims = identity.claims
    user = None if claims is None else await account_of(claims, users=users, revocations=revocations)
    if claims is None or user is None:
        raise Unauthorized("Your token is not valid. Sign in again.", "invalid_token")
    if identity.by_cookie and request.method not in SAFE_METHODS:
        cookies = cookie_values(request.headers, names.csrf)
        cookie, header = cookies[0] if len(cookies) == 1 else None, request.headers.get("X-CSRF-Token")
        if not csrf_matches(claims.jti, settings.SECRET_KEY.get_secret_value(), cookie=cookie, header=header):
            raise Forbidden("The CSRF token is missing or is not the one of this session.")
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


async def get_current_claims(request: Request, _: CurrentUser) -> Claims:
    """What the token of a caller says that is signed in."""
    claims = identity_of(request.scope).claims
    assert claims is not None
    return claims


CurrentClaims = Annotated[Claims, Depends(get_current_claims)]
