"""What a check of an exercise came to."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from coursekit.errors import CourseError

Outcome = Literal["passed", "failed", "error", "not_attempted", "timed_out"]
CheckState = Literal["passed", "failed", "error", "not_run"]


class CheckerError(CourseError):
    """The checks cannot be run; the learner's answer is not to blame."""


@dataclass(frozen=True)
class CheckOutcome:
    """One check: `failed` is an objection to the answer, `error` a check that could not go on, `not_run` never began.

    `name` is the test function's, `title` the first line of its docstring.
    """

    name: str
    title: str
    outcome: CheckState
    message: str | None = None


@dataclass(frozen=True)
class CheckResult:
    """One answer, checked. `message` says what went wrong where no single check can say it."""

    exercise: str
    outcome: Outcome
    seconds: float = 0.0
    checks: list[CheckOutcome] = field(default_factory=list)
    message: str | None = None
    printed: str = ""

    @property
    def failed_checks(self) -> list[str]:
        """The names of the checks that objected."""
        return [check.name for check in self.checks if check.outcome == "failed"]

    def to_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return {**asdict(self), "seconds": round(self.seconds, 3)}
