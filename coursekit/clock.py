"""A clock that stands still: what the notebooks and the checks give to `create_app(clock=...)`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)


class FrozenClock:
    """Called, it gives an aware UTC time that moves only when it is told to."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def __call__(self) -> datetime:
        return self._now

    def advance(self, **duration: float) -> datetime:
        """Move on by a duration, given as `timedelta` takes it (`minutes=16`), and return the new time."""
        self._now += timedelta(**duration)
        return self._now

    def set(self, moment: datetime) -> None:
        """Move to `moment`, which has to be aware."""
        if moment.tzinfo is None:
            raise ValueError("the clock needs an aware time, one with a tzinfo")
        self._now = moment.astimezone(UTC)
