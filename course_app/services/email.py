"""E-mails, and what can hand them over."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import uuid4


@dataclass(frozen=True)
class Mail:
    """An e-mail to one person. `id` is random, stays the same however often it is sent, and may be logged."""

    recipient: str
    subject: str
    body: str
    written_at: datetime
    id: str = field(default_factory=lambda: uuid4().hex)


class MailRefused(Exception):
    """The mail was not accepted: `reason` is a reply code or the name of an error, and nothing of the mail.

    What is `permanent` will not be accepted another time either.
    """

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent


class Mailer(Protocol):
    """Hands e-mails over."""

    async def send(self, mail: Mail) -> None:
        """Hand it over. Raise `MailRefused`."""
        ...


class OutboxMailer:
    """Puts e-mails into a list, where there is no mail server. The list keeps the last thousand."""

    def __init__(self, outbox: list[Mail]) -> None:
        self._outbox = outbox

    async def send(self, mail: Mail) -> None:
        """Keep it."""
        self._outbox.append(mail)
        del self._outbox[:-1000]
