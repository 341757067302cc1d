"""What routes need to send e-mails."""

from typing import Annotated

from fastapi import Depends, Request

from course_app.services.email import Mailer
from course_app.services.mail_quota import MailQuota


def get_mailer(request: Request) -> Mailer:
    """What hands over the e-mails of the application that got this request."""
    mailer: Mailer = request.app.state.mailer
    return mailer


def get_mail_quota(request: Request) -> MailQuota:
    """How many e-mails an account may send through the application that got this request."""
    quota: MailQuota = request.app.state.mail_quota
    return quota


MailerDep = Annotated[Mailer, Depends(get_mailer)]
MailQuotaDep = Annotated[MailQuota, Depends(get_mail_quota)]
