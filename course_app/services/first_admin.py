"""The account that can make other accounts administrators."""

from pydantic import ValidationError

from course_app.core.config import Settings
from course_app.core.errors import Conflict
from course_app.core.roles import Role
from course_app.core.sorting import Order
from course_app.core.startup import ConfigurationError
from course_app.db.repositories import UserRepository
from course_app.schemas.users import UserCreate
from course_app.services.users import UserService


async def make_first_admin(settings: Settings, repository: UserRepository, users: UserService) -> None:
    """Make the account of `FIRST_ADMIN_EMAIL` if there is no admin yet. Raise `ConfigurationError` if that fails."""
    email, password = settings.FIRST_ADMIN_EMAIL, settings.FIRST_ADMIN_PASSWORD
    _, admins = await repository.page(skip=0, limit=1, sort=Order(), role=Role.ADMIN)
    if admins or not (email or password):
        return
    try:
        body = UserCreate.model_validate({"email": email, "password": password, "full_name": "Administrator"})
    except ValidationError:
        raise ConfigurationError(
            "FIRST_ADMIN_EMAIL and FIRST_ADMIN_PASSWORD must be an e-mail address and a password that may be chosen."
        ) from None
    try:
        await users.register(body, Role.ADMIN)
    except Conflict:
        raise ConfigurationError(
            "FIRST_ADMIN_EMAIL belongs to an account that is no admin. It is not promoted: choose another address."
        ) from None
