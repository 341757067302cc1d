"""The domain: regions, stubs, files and the app after any cell."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

from coursekit.course import Cell, Course, as_file, split_regions
from coursekit.errors import SourceError, UnknownChapter, UnknownExercise


def test_chapters_and_exercises(course: Course) -> None:
    assert [(chapter.number, chapter.title) for chapter in course.chapters] == [(1, "01 · One"), (2, "02 · Two")]
    exercise = course.exercise("2.1")
    assert (exercise.title, exercise.minutes, exercise.module) == ("Add", 4, "course_app.core.add")
    assert exercise.hints == ("Hint 1: a sign\n\nPlus.",)
    assert exercise.solution == "def add(a, b):\n    return a + b\n"
    assert exercise.stub == 'def add(a, b):\n    raise NotImplementedError("exercise 2.1")\n'


def test_tags_of_a_cell(course: Course) -> None:
    tagged = [cell.source for cell in course.chapter(2).cells if cell.tags]
    assert tagged == ["1 + 1"]


def test_app_at_adds_up(course: Course) -> None:
    exercise = course.exercise("2.1")
    assert course.app_at(1, 99) == {"course_app/main.py": "first = 1\n"}
    assert course.app_at(2, -1) == {"course_app/main.py": "first = 1\n"}
    assert course.app_at(2, exercise.cell) == {
        "course_app/main.py": "first = 1\n",
        "course_app/core/add.py": exercise.solution,
    }
    assert course.finished_app()["course_app/main.py"] == "from course_app.core.add import add\n"


def test_a_removed_file_is_no_part_of_the_app(make_course: Callable[..., Course]) -> None:
    cell = "```{code-cell} ipython3\n%remove course_app/core/add.py\n```\n"
    course = make_course(lambda text: text + cell)
    last = len(course.chapter(2).cells) - 1
    assert "course_app/core/add.py" in course.app_at(2, last - 1)
    assert course.finished_app() == {"course_app/main.py": "from course_app.core.add import add\n"}
    assert course.removed_at(2, last) == ["course_app/core/add.py"]


def test_only_a_file_that_is_there_can_be_removed(make_course: Callable[..., Course]) -> None:
    cell = "```{code-cell} ipython3\n%remove course_app/core/sub.py\n```\n"
    with pytest.raises(SourceError, match=r"removes course_app/core/sub\.py"):
        make_course(lambda text: text + cell)


def test_unknown_ids_get_a_sentence(course: Course) -> None:
    with pytest.raises(UnknownExercise, match=r"no exercise '99\.9'.*course status"):
        course.exercise("99.9")
    with pytest.raises(UnknownChapter, match=r"no chapter 7.*1, 2"):
        course.chapter(7)


def test_the_stub_is_known_whatever_its_comments(course: Course) -> None:
    exercise = course.exercise("2.1")
    assert exercise.is_stub(exercise.stub)
    assert exercise.is_stub("# my notes\n\n" + exercise.stub.replace("\n", "  # later\n", 1))
    assert not exercise.is_stub(exercise.solution)
    assert not exercise.is_stub("def add(a, b:")


def test_the_cells_are_kept_by_digest(course: Course) -> None:
    kept = list((course.root / ".cache" / "chapters").glob("*.json"))
    assert len(kept) == 2
    for file in kept:
        file.write_text("damaged")
    assert [c.source for ch in Course.load(course.root).chapters for c in ch.cells] == [
        c.source for ch in course.chapters for c in ch.cells
    ]


def exercise_cell(body: str) -> Cell:
    return Cell(1, 0, "code", "%%exercise 1.1\n" + dedent(body))


def test_a_stub_region_takes_the_solutions_place() -> None:
    cell = exercise_cell("""\
        def f():
            ### BEGIN SOLUTION
            return 1
            ### END SOLUTION
            ### BEGIN STUB
            # TODO: one
            ...
            ### END STUB
        x = 2
        """)
    assert as_file(cell.solved()) == "def f():\n    return 1\nx = 2\n"
    assert as_file(cell.stubbed()) == "def f():\n    # TODO: one\n    ...\nx = 2\n"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("### BEGIN SOLUTION\nx = 1", "never ended"),
        ("### END SOLUTION", "no matching BEGIN"),
        ("### BEGIN SOLUTION\n### BEGIN STUB\n### END STUB\n### END SOLUTION", "inside a SOLUTION region"),
        ("x = 1\n### BEGIN STUB\n### END STUB", "directly after its SOLUTION"),
        ("### BEGIN SOLUTION\n### END STUB", "no matching BEGIN"),
    ],
)
def test_markers_that_do_not_pair(source: str, fault: str) -> None:
    with pytest.raises(SourceError, match=fault):
        split_regions(source)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("### Exercise 2.1 · Add (4 minutes)", "### Add", "needs one heading"),
        ("2.1", "3.1", "Exercise 3.1 stands in chapter 2"),
        ("%%save course_app/main.py", "%%save course_app/core/add.py", "again after exercise 2.1"),
        ("%%save course_app/main.py", "%%save ../main.py", "app files are course_app"),
    ],
)
def test_faults_of_a_source_are_named(make_course: Callable[..., Course], old: str, new: str, fault: str) -> None:
    with pytest.raises(SourceError, match=fault):
        make_course(two=lambda text: text.replace(old, new))
