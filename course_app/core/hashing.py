"""Hashing and verifying passwords without holding up the event loop."""

import secrets

from anyio import CapacityLimiter, to_thread

from course_app.core.passwords import Cost, hash_password, needs_rehash, verify_password


class Hashing:
    """One application's password hashing: in threads, at most `at_once` at a time."""

    def __init__(self, cost: Cost, *, at_once: int = 4) -> None:
        self._cost = cost
        self._limiter = CapacityLimiter(at_once)
        self._nobodys_hash = hash_password(secrets.token_urlsafe(), cost)

    async def hash(self, password: str) -> str:
        """Return a hash of `password` at this application's cost."""
        return await to_thread.run_sync(hash_password, password, self._cost, limiter=self._limiter)

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Whether `hashed` was made of `password`.

        A no takes as long for no hash, or one that cannot be read, as for one of this application's cost.
        """
        if hashed is not None and await self._matches(password, hashed):
            return True
        if hashed is None or self.is_outdated(hashed):
            await self._matches(password, self._nobodys_hash)
        return False

    def is_outdated(self, hashed: str) -> bool:
        """Whether `hashed` is anything but a hash of this application's cost."""
        return needs_rehash(hashed, self._cost)

    async def _matches(self, password: str, hashed: str) -> bool:
        return await to_thread.run_sync(verify_password, password, hashed, limiter=self._limiter)
