"""Sending an e-mail when nobody waits for it any more."""

import asyncio
import logging
from collections.abc import Sequence

from course_app.services.email import Mail, Mailer, MailRefused

logger = logging.getLogger("course_app.mail")

DELAYS = (1.0, 5.0, 25.0)
"""Seconds to wait before the second attempt, the third, and the fourth."""


async def deliver(mail: Mail, mailer: Mailer, *, delays: Sequence[float] = DELAYS) -> bool:
    """Hand `mail` to `mailer`, once more after each of `delays`. Never raises. Return whether it was accepted."""
    for attempt, delay in enumerate((*delays, None), start=1):
        try:
            await mailer.send(mail)
            return True
        except Exception as error:
            reason = error.reason if isinstance(error, MailRefused) else type(error).__name__
            permanent = isinstance(error, MailRefused) and error.permanent
        facts = {"mail": mail.id, "attempt": attempt, "reason": reason}
        if delay is None or permanent:
            logger.error("mail given up", extra=facts)
            return False
        logger.warning("mail not accepted", extra=facts)
        await asyncio.sleep(delay)
    return False
