"""Who may use one particular thing."""

from course_app.core.errors import Forbidden
from course_app.core.roles import Role
from course_app.db.models import Item, User
from course_app.services.items import ItemService
from course_app.services.users import UserService


async def own_item(item_id: int, caller: User, items: ItemService) -> Item:
    """Return the item if the caller owns it or is an admin. Raise `NotFound` or `Forbidden`."""
    item = await items.get(item_id)
    if caller.role != Role.ADMIN and item.owner_id != caller.id:
        raise Forbidden("This item belongs to somebody else.")
    return item


async def visible_user(user_id: int, caller: User, users: UserService) -> User:
    """Return the account if the caller may see it. Raise `Forbidden`, or `NotFound` for those who may see them all."""
    if user_id != caller.id and caller.role not in (Role.ADMIN, Role.MANAGER):
        raise Forbidden("You may see your own account only.")
    return await users.get(user_id)
