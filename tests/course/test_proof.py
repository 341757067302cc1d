"""The checks of every exercise tell right from wrong, in four directions.

The untouched stub is not attempted, and fails when it is run; the solution passes; every listed wrong answer is caught
by the check that it names; every alternative right answer passes.
"""

from __future__ import annotations

import pytest

from coursekit.course import Chapter, Course
from coursekit.prove import prove

CHAPTERS = Course.load().chapters


@pytest.mark.parametrize("chapter", CHAPTERS, ids=[chapter.name for chapter in CHAPTERS])
def test_every_exercise_is_proved(course: Course, chapter: Chapter) -> None:
    result = prove(course, [chapter.number])
    assert result.faults == []
    assert [f"{proof.exercise}: {fault}" for proof in result.proofs for fault in proof.faults] == []
    assert [proof.exercise for proof in result.proofs] == [exercise.id for exercise in chapter.exercises]
