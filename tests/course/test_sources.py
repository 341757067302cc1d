"""The sources of the chapters: complete, tidy, and formatted like every other code here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from coursekit.course import Cell, Course, Exercise

FILES = {"chapter.md", "test_exercises.py", "answers.py"}
OPTIONAL = {"equivalent.toml"}
# A stub uses less than it imports and is given.
STUB_MAY = "--extend-ignore=F401,F841,RUF100,RUF029,B007,PT"


def test_no_stray_files(course: Course, root: Path) -> None:
    folders = {path.name for path in (root / "chapters").iterdir() if path.name != "__pycache__"}
    assert folders == {chapter.name for chapter in course.chapters}
    for chapter in course.chapters:
        there = {path.name for path in chapter.folder.iterdir() if path.name != "__pycache__"}
        assert there - OPTIONAL == FILES, chapter.name


def test_every_chapter_has_its_heading_and_starts_with_the_kit(course: Course) -> None:
    for chapter in course.chapters:
        assert chapter.title.startswith(f"{chapter.number:02} · "), chapter.name
        code = [cell.source for cell in chapter.cells if cell.kind == "code"]
        start = code.index(f"%load_ext coursekit\n%chapter {chapter.number}")
        # The tour first shows what a kernel without the kit cannot do.
        assert start == 0 or chapter.number == 0, chapter.name
        assert not any(source.startswith("%") for source in code[:start]), chapter.name


def test_every_chapter_has_exercises_and_a_picture(course: Course) -> None:
    for chapter in course.chapters[1:]:
        assert len(chapter.exercises) >= 4, chapter.name
        assert any("```mermaid" in cell.source for cell in chapter.cells), chapter.name


def test_every_exercise_has_hints_from_nudge_to_near_answer(course: Course) -> None:
    for exercise in course.exercises():
        assert len(exercise.hints) >= 2, exercise.id
        for hint in exercise.hints:
            title, _, text = hint.partition("\n")
            assert title.startswith("Hint "), exercise.id
            assert text.strip(), f"{exercise.id}: {title}"


def test_every_stub_says_what_is_to_do(course: Course) -> None:
    for exercise in course.exercises():
        assert "TODO" in exercise.stub or "NotImplementedError" in exercise.stub, exercise.id
        assert exercise.is_stub(exercise.stub)
        assert not exercise.is_stub(exercise.solution), exercise.id
        compile(exercise.stub, exercise.id, "exec")


def saved_files(course: Course, text: Callable[[Cell], str]) -> dict[str, str]:
    """The file that each `%%save` and `%%exercise` cell writes, by a name that says which cell it is."""
    return {
        f"ch{cell.chapter:02}_cell{cell.index:03}/{cell.path or 'answer.py'}": text(cell).partition("\n")[2].rstrip()
        + "\n"
        for chapter in course.chapters
        for cell in chapter.cells
        if cell.magic and (cell.path or "answer.py").endswith(".py")
    }


@pytest.mark.parametrize("form", ["solved", "stubbed"])
def test_ruff_is_content_with_the_saved_files(course: Course, root: Path, tmp_path: Path, form: str) -> None:
    """Also with those versions of a file that a later chapter replaces."""
    for name, source in saved_files(course, getattr(Cell, form)).items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    check = [
        "check",
        "--no-cache",
        "--config",
        str(root / "pyproject.toml"),
        *([STUB_MAY] if form == "stubbed" else []),
        ".",
    ]
    layout = ["format", "--no-cache", "--check", "--config", str(root / "pyproject.toml"), "."]
    for arguments in (check, layout):
        done = subprocess.run([*ruff, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_no_cell_is_wider_than_its_column(course: Course) -> None:
    wide = [
        f"{chapter.name}, cell {cell.index}: {line}"
        for chapter in course.chapters
        for cell in chapter.cells
        if cell.kind == "code"
        for line in cell.source.splitlines()
        if len(line) > 120
    ]
    assert wide == []


def test_exercises_are_numbered_in_their_order(course: Course) -> None:
    for chapter in course.chapters:
        numbers = [int(exercise.id.partition(".")[2]) for exercise in chapter.exercises]
        assert numbers == list(range(1, len(numbers) + 1)), chapter.name


def test_minutes_are_given(course: Course) -> None:
    faults: list[Exercise] = [exercise for exercise in course.exercises() if not 1 <= exercise.minutes <= 20]
    assert faults == []
