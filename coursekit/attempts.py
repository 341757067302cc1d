"""Every answer that was ever submitted, one file each: `attempts/3.2/0004-failed.py`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from coursekit.files import saying_why, write_whole

_NAME = re.compile(r"(?P<number>\d{4,})-(?P<outcome>unchecked|passed|failed|error|not_attempted|timed_out)\.py")
UNCHECKED = "unchecked"


@dataclass(frozen=True)
class Attempt:
    """One submitted answer and how its check ended."""

    path: Path
    number: int
    outcome: str

    @property
    def source(self) -> str:
        """The answer as it was submitted."""
        with saying_why(self.path):
            data = self.path.read_bytes()
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:  # a file that somebody else put there
            return data.decode("utf-8", "replace")


def attempts_at(folder: Path, exercise_id: str) -> list[Attempt]:
    """All attempts at an exercise, oldest first."""
    with saying_why(folder):
        names = sorted(path for path in (folder / exercise_id).glob("*.py"))
    found = ((path, _NAME.fullmatch(path.name)) for path in names)
    attempts = [Attempt(path, int(match["number"]), match["outcome"]) for path, match in found if match]
    return sorted(attempts, key=lambda attempt: attempt.number)


def keep(folder: Path, exercise_id: str, source: str) -> Attempt:
    """Keep an answer before it is checked. The same answer submitted again is not kept twice."""
    earlier = attempts_at(folder, exercise_id)
    if earlier and earlier[-1].source == source:
        return earlier[-1]
    number = earlier[-1].number + 1 if earlier else 1
    path = folder / exercise_id / f"{number:04}-{UNCHECKED}.py"
    write_whole(path, source.encode("utf-8", "surrogatepass"))
    return Attempt(path, number, UNCHECKED)


def judge(attempt: Attempt, outcome: str) -> Attempt:
    """Note how the attempt's check ended, in its name."""
    path = attempt.path.with_name(f"{attempt.number:04}-{outcome}.py")
    with saying_why(path):
        # Another notebook may have judged the same answer meanwhile.
        there = next(attempt.path.parent.glob(f"{attempt.number:04}-*.py"), None)
        if there is not None:
            there.replace(path)
    return Attempt(path, attempt.number, outcome)
