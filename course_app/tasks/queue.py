"""From a request to the broker."""

import logging
from collections.abc import Callable

from anyio import CapacityLimiter, fail_after, to_thread

from course_app.core.errors import ServiceUnavailable

logger = logging.getLogger("course_app.jobs")


class JobQueue:
    """Hands jobs over with `send`, which blocks: in threads, at most `at_once` at a time."""

    def __init__(self, send: Callable[[str], object], *, seconds: float = 0.5, at_once: int = 8) -> None:
        self._send = send
        self._seconds = seconds
        self._limiter = CapacityLimiter(at_once)

    async def publish(self, job_id: str) -> None:
        """Hand the job over. Raise `ServiceUnavailable` if that fails, or is not done within `seconds`."""
        try:
            with fail_after(self._seconds):
                await to_thread.run_sync(self._send, job_id, limiter=self._limiter, abandon_on_cancel=True)
        except Exception as error:
            logger.warning("job not queued", extra={"job": job_id, "reason": type(error).__name__})
            raise ServiceUnavailable("Jobs cannot be taken at the moment. Try again later.") from error
