"""What routes depend on, as types that a signature can name."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer

from course_app.core.claims import InvalidToken, read_token
from course_app.core.clock import Clock
from course_app.core.config import Settings
from course_app.core.errors import Unauthorized
from course_app.core.hashing import Hashing
from course_app.db.memory import MemoryItems, MemoryUsers
from course_app.db.models import User
from course_app.db.repositories import ItemRepository, UserRepository
from course_app.services.items import ItemService
from course_app.services.users import UserService

Probe = Callable[[], Awaitable[object]]


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


SettingsDep = Annotated[Settings, Depends(get_settings)]
ClockDep = Annotated[Clock, Depends(get_clock)]
ProbesDep = Annotated[dict[str, Probe], Depends(get_probes)]
HashingDep = Annotated[Hashing, Depends(get_hashing)]


async def get_user_repository(request: Request) -> UserRepository:
    """Where this application keeps its accounts."""
    return MemoryUsers(request.app.state.memory)


async def get_item_repository(request: Request) -> ItemRepository:
    """Where this application keeps its items."""
    return MemoryItems(request.app.state.memory)


UserRepositoryDep = Annotated[UserRepository, Depends(get_user_repository)]
ItemRepositoryDep = Annotated[ItemRepository, Depends(get_item_repository)]


async def get_users(users: UserRepositoryDep, clock: ClockDep, hashing: HashingDep) -> UserService:
    """What can be done with accounts."""
    return UserService(users, clock, hashing)


async def get_items(items: ItemRepositoryDep, clock: ClockDep) -> ItemService:
    """What can be done with items."""
    return ItemService(items, clock)


UsersDep = Annotated[UserService, Depends(get_users)]
ItemsDep = Annotated[ItemService, Depends(get_items)]

BearerToken = Annotated[str | None, Depends(OAuth2PasswordBearer("/api/v1/auth/token", auto_error=False))]


async def get_current_user(
    token: BearerToken, users: UserRepositoryDep, settings: SettingsDep, clock: ClockDep
) -> User:
    """The account that the bearer token names, as it is now. Raise `Unauthorized`."""
    if not token:
        raise Unauthorized("Sign in first.")
    secret = settings.SECRET_KEY.get_secret_value()
    try:
        claims = read_token(token, secret=secret, now=clock(), algorithm=settings.ALGORITHM)
    except InvalidToken:
        raise Unauthorized("Your token is not valid. Sign in again.", "invalid_token") from None
    user = await users.get_by_key(claims.subject)
    if user is None or not user.is_active:
        raise Unauthorized("Your token is not valid. Sign in again.", "invalid_token")
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]
