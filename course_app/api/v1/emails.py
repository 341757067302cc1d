"""E-mails: /api/v1/emails."""

from typing import Annotated

from fastapi import BackgroundTasks, Depends

from course_app.api.deps import ClockDep
from course_app.api.mail import MailerDep, MailQuotaDep
from course_app.api.roles import require_roles
from course_app.api.strict import strict_router
from course_app.core.roles import Role
from course_app.db.models import User
from course_app.schemas.emails import EmailWrite
from course_app.schemas.responses import APIResponse, errors_of, ok
from course_app.services.delivery import deliver
from course_app.services.email import Mail

router = strict_router()
Staff = Annotated[User, Depends(require_roles(Role.ADMIN, Role.MANAGER))]


@router.post("", status_code=202, responses=errors_of(401, 403, 422))
async def send_email(
    body: EmailWrite,
    sender: Staff,
    quota: MailQuotaDep,
    mailer: MailerDep,
    clock: ClockDep,
    background: BackgroundTasks,
) -> APIResponse[None]:
    """Send an e-mail when this has been answered."""
    await quota.take(sender.key)
    background.add_task(deliver, Mail(body.recipient, body.subject, body.body, clock()), mailer)
    return ok(None, "The e-mail will be sent.")
