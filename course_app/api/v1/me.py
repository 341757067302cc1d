"""The caller's own account: /api/v1/users/me."""

from course_app.api.deps import CurrentUser
from course_app.api.strict import strict_router
from course_app.schemas.responses import APIResponse, errors_of, ok
from course_app.schemas.users import UserRead

router = strict_router()


@router.get("/me", responses=errors_of(401, 422))
async def get_me(user: CurrentUser) -> APIResponse[UserRead]:
    """The account of the caller."""
    return ok(UserRead.model_validate(user))
