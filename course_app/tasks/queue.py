"""From a request to the broker."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from course_app.core.errors import ServiceUnavailable

logger = logging.getLogger("course_app.jobs")


class JobQueue:
    """Hands jobs over with `send`, which blocks: in threads of its own, at most `at_once` at a time."""

    def __init__(self, send: Callable[[str], object], *, seconds: float = 0.8, at_once: int = 8) -> None:
        self._send = send
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(at_once)

    async def publish(self, job_id: str) -> None:
        """Hand the job over. Raise `ServiceUnavailable` if that fails, or is not done within `seconds`."""
        try:
            async with asyncio.timeout(self._seconds):
                await asyncio.get_running_loop().run_in_executor(self._threads, self._send, job_id)
        except Exception as error:
            logger.warning("job not queued", extra={"job": job_id, "reason": type(error).__name__})
            raise ServiceUnavailable("Jobs cannot be taken at the moment. Try again later.") from error
