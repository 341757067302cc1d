"""Accounts: /api/v1/users."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from course_app.api.deps import CurrentUser, UsersDep
from course_app.api.guard import AuditDep
from course_app.api.ownership import visible_user
from course_app.api.query import order_by
from course_app.api.roles import require_roles
from course_app.api.strict import strict_router
from course_app.core.roles import Role
from course_app.core.sorting import Order
from course_app.schemas.fields import Id
from course_app.schemas.pagination import PageDep
from course_app.schemas.responses import APIResponse, Page, errors_of, ok
from course_app.schemas.users import RoleName, UserCreate, UserPatch, UserRead

router = strict_router()
UserOrder = Annotated[Order, order_by("id", "email", "created_at")]
for_admins = [Depends(require_roles(Role.ADMIN))]
for_staff = [Depends(require_roles(Role.ADMIN, Role.MANAGER))]


@router.post("", status_code=201, responses=errors_of(409, 422))
async def create_user(
    body: UserCreate, users: UsersDep, audit: AuditDep, request: Request, response: Response
) -> APIResponse[UserRead]:
    """Register an account. The answer's `Location` is its URL."""
    user = await users.register(body)
    audit.when_committed("registered", user.key)
    response.headers["Location"] = str(request.app.url_path_for("get_user", user_id=user.id))
    return ok(UserRead.model_validate(user))


@router.get("", dependencies=for_staff, responses=errors_of(401, 403, 422))
async def list_users(
    users: UsersDep, page: PageDep, order: UserOrder, role: Annotated[RoleName | None, Query()] = None
) -> APIResponse[Page[UserRead]]:
    """One page of the accounts."""
    found, total = await users.page(page, order, role)
    rows = [UserRead.model_validate(user) for user in found]
    return ok(Page(items=rows, total=total, skip=page.skip, limit=page.limit))


@router.get("/{user_id}", responses=errors_of(401, 403, 404, 422))
async def get_user(user_id: Id, caller: CurrentUser, users: UsersDep) -> APIResponse[UserRead]:
    """One account: the caller's own, or any for admins and managers."""
    return ok(UserRead.model_validate(await visible_user(user_id, caller, users)))


@router.patch("/{user_id}", dependencies=for_admins, responses=errors_of(401, 403, 404, 409, 422))
async def change_user(user_id: Id, body: UserPatch, users: UsersDep, audit: AuditDep) -> APIResponse[UserRead]:
    """Change the role or the state of an account."""
    before, after = await users.change(user_id, body)
    if after.role != before.role:
        audit.when_committed("role_changed", after.key, role=after.role.value)
    if before.is_active and not after.is_active:
        audit.when_committed("deactivated", after.key)
    return ok(UserRead.model_validate(after))


@router.delete("/{user_id}", status_code=204, dependencies=for_admins, responses=errors_of(401, 403, 404, 409, 422))
async def delete_user(user_id: Id, users: UsersDep, audit: AuditDep) -> None:
    """Remove an account for good. Its items stay."""
    audit.when_committed("deleted", (await users.delete(user_id)).key)
