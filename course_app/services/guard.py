"""What stands between guesses and a password, wherever one is asked for."""

from collections.abc import Awaitable, Callable

from course_app.core.audit import Audit
from course_app.core.errors import TooManyRequests
from course_app.services.throttle import LoginThrottle


class Guard:
    """The throttle and the audit log, for the requests of one address."""

    def __init__(self, throttle: LoginThrottle, audit: Audit, address: str | None) -> None:
        self._throttle = throttle
        self._address = address
        self.audit = audit

    async def attempt(self, email: str, account: str | None, verify: Callable[[], Awaitable[bool]]) -> bool:
        """Return what `verify` returns, which tells whether the password opens this account. Raise `TooManyRequests`.

        `email` is what the account goes by, in its stored form if it has one; `account` is its key, None for none.
        """
        try:
            right = await self._throttle.attempt(email, self._address, verify)
        except TooManyRequests:
            self.audit.record("throttled", account)
            raise
        if not right:
            self.audit.record("login_failed", account)
        return right
