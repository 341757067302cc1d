"""What is built says what its source says."""

from __future__ import annotations

from coursekit.build import stale
from coursekit.course import Course


def test_everything_built_is_up_to_date(course: Course) -> None:
    assert [f"{fault.path.name}: {fault.why}" for fault in stale(course)] == []
