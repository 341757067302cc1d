"""How many requests there were lately."""

from collections import OrderedDict, deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from course_app.core.clock import Clock


class SlidingWindow:
    """Counts requests by key over the last `window`, in the memory of this process."""

    def __init__(self, *, clock: Clock, window: timedelta = timedelta(minutes=1)) -> None:
        self._clock = clock
        self._window = window
        self._times: OrderedDict[str, deque[datetime]] = OrderedDict()  # the key that was counted last comes last

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._times)

    async def admit(self, limits: Mapping[str, int]) -> int | None:
        """Count one request for every key of `limits`, or for none if a key has reached its limit (1 or more).

        Return None if it was counted, else the whole seconds after which it would be.
        """
        now = self._clock()
        started = now - self._window
        while self._times and next(iter(self._times.values()))[-1] <= started:
            self._times.popitem(last=False)
        free = now
        for key, limit in limits.items():
            times = self._times.get(key, deque())
            while times and times[0] <= started:
                times.popleft()
            if len(times) >= limit:
                free = max(free, times[-limit] + self._window)
        if free > now:
            return -((now - free) // timedelta(seconds=1))
        for key in limits:
            self._times.setdefault(key, deque()).append(now)
            self._times.move_to_end(key)
        return None

    async def count(self, limits: Mapping[str, int]) -> int | None:
        """`admit`, by the name that a window in Redis has it under."""
        return await self.admit(limits)

    async def forget(self, key: str) -> None:
        """Count nothing for this key any more."""
        self._times.pop(key, None)
