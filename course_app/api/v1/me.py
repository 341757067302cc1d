"""The caller's own account: /api/v1/users/me."""

from course_app.api.deps import ClockDep, CurrentClaims, CurrentUser, HashingDep, UserRepositoryDep
from course_app.api.guard import AuditDep, GuardDep
from course_app.api.strict import strict_router
from course_app.schemas.me import MePatch
from course_app.schemas.responses import APIResponse, errors_of, ok
from course_app.schemas.users import UserRead
from course_app.services.account import change_own

router = strict_router()


@router.get("/me", responses=errors_of(401, 422))
async def get_me(user: CurrentUser) -> APIResponse[UserRead]:
    """The account of the caller."""
    return ok(UserRead.model_validate(user))


@router.patch("/me", responses=errors_of(401, 403, 422))
async def change_me(
    body: MePatch,
    user: CurrentUser,
    claims: CurrentClaims,
    users: UserRepositoryDep,
    hashing: HashingDep,
    clock: ClockDep,
    guard: GuardDep,
    audit: AuditDep,
) -> APIResponse[UserRead]:
    """Change the caller's name or password. A new password takes the current one beside it."""
    changed = await change_own(user, body, users=users, hashing=hashing, clock=clock, jti=claims.jti, guard=guard)
    if "password" in body.model_fields_set:
        audit.when_committed("password_changed", user.key)
    return ok(UserRead.model_validate(changed))
