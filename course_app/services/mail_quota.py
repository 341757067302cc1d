"""How many e-mails one account may send."""

from collections.abc import Mapping
from typing import Protocol

from course_app.core.errors import TooManyRequests

MAILS_A_DAY = 100


class Window(Protocol):
    """Counts over a day, as `RedisWindow` does."""

    async def admit(self, limits: Mapping[str, int]) -> int | None:
        """Count one for these keys, or return the seconds to wait."""


class MailQuota:
    """The e-mails of one application, counted by account."""

    def __init__(self, window: Window) -> None:
        self._window = window

    async def take(self, account_key: str) -> None:
        """Count one e-mail of this account. Raise `TooManyRequests`, and count none, after `MAILS_A_DAY`."""
        seconds = await self._window.admit({account_key: MAILS_A_DAY})
        if seconds is not None:
            raise TooManyRequests(f"You have sent {MAILS_A_DAY} e-mails within a day.", seconds)
