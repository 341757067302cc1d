"""The wrong answers that the checks must object to, and the other right ones that they must accept.

A chapter's `answers.py` calls `wrong` and `right`; each states its answer as an edit of the reference solution.
"""

from __future__ import annotations

import runpy
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, overload

from coursekit.course import Chapter, Course, Exercise, Region, as_file, split_regions
from coursekit.errors import CourseError

Edit = Callable[[Exercise, Chapter], str]


class AnswerError(CourseError):
    """An answer in `answers.py` cannot be made out of the solution; the author has to mend it."""


@dataclass(frozen=True)
class Answer:
    """A named answer to an exercise. `source` is its whole file; a right answer has no `caught_by`."""

    exercise: str
    name: str
    kind: Literal["right", "wrong"]
    source: str
    caught_by: str | None = None


@dataclass(frozen=True)
class _Stated:
    exercise: str
    name: str
    kind: Literal["right", "wrong"]
    edit: Edit
    caught_by: str | None


_stated: list[_Stated] = []


@overload
def wrong(exercise: str, name: str, *, caught_by: str, replace: str, by: str) -> None: ...
@overload
def wrong(exercise: str, name: str, *, caught_by: str, edits: Sequence[tuple[str, str]]) -> None: ...
@overload
def wrong(exercise: str, name: str, *, caught_by: str, region: str) -> None: ...
@overload
def wrong(exercise: str, name: str, *, caught_by: str, regions: Sequence[str]) -> None: ...
@overload
def wrong(exercise: str, name: str, *, caught_by: str, cell: str) -> None: ...
def wrong(
    exercise: str,
    name: str,
    *,
    caught_by: str,
    replace: str | None = None,
    by: str | None = None,
    edits: Sequence[tuple[str, str]] | None = None,
    region: str | None = None,
    regions: Sequence[str] | None = None,
    cell: str | None = None,
) -> None:
    """State an answer that the check `caught_by` (the name of its test function) must object to.

    The answer is the solution with `replace` (which must occur exactly once) replaced `by`; or with several such
    `edits`, one after the other; or with the text of its first marked region, or of all `regions`, replaced
    (dedented, then indented as the region is); or the whole `cell`.
    """
    made = _edit(f"exercise {exercise}, answer {name!r}", replace, by, edits, region, regions, cell)
    _stated.append(_Stated(exercise, name, "wrong", made, caught_by))


@overload
def right(exercise: str, name: str, *, replace: str, by: str) -> None: ...
@overload
def right(exercise: str, name: str, *, edits: Sequence[tuple[str, str]]) -> None: ...
@overload
def right(exercise: str, name: str, *, region: str) -> None: ...
@overload
def right(exercise: str, name: str, *, regions: Sequence[str]) -> None: ...
@overload
def right(exercise: str, name: str, *, cell: str) -> None: ...
def right(
    exercise: str,
    name: str,
    *,
    replace: str | None = None,
    by: str | None = None,
    edits: Sequence[tuple[str, str]] | None = None,
    region: str | None = None,
    regions: Sequence[str] | None = None,
    cell: str | None = None,
) -> None:
    """State another right answer; the edits are those of `wrong`."""
    made = _edit(f"exercise {exercise}, answer {name!r}", replace, by, edits, region, regions, cell)
    _stated.append(_Stated(exercise, name, "right", made, None))


def _edit(
    whose: str,
    replace: str | None,
    by: str | None,
    edits: Sequence[tuple[str, str]] | None,
    region: str | None,
    regions: Sequence[str] | None,
    cell: str | None,
) -> Edit:
    if sum(given is not None for given in (replace, edits, region, regions, cell)) != 1 or (replace is None) != (
        by is None
    ):
        raise AnswerError(f"{whose}: an answer is stated by one of: replace and by, edits, region, regions, cell.")
    if cell is not None:
        whole = textwrap.dedent(cell).strip("\n").rstrip() + "\n"
        return lambda exercise, chapter: whole
    if region is not None or regions is not None:
        texts = [region] if region is not None else list(regions or ())
        return lambda exercise, chapter: _with_regions(exercise, chapter, texts, all_of_them=region is None)
    pairs = [(replace, by)] if replace is not None and by is not None else list(edits or ())
    return lambda exercise, chapter: _edited(exercise.solution, pairs)


def _edited(source: str, pairs: Sequence[tuple[str, str]]) -> str:
    for old, new in pairs:
        found = source.count(old)
        if found != 1:
            raise AnswerError(f"the text {old!r} occurs {found} times in the solution and has to occur exactly once")
        source = source.replace(old, new)
    return source


def _with_regions(exercise: Exercise, chapter: Chapter, texts: Sequence[str], *, all_of_them: bool) -> str:
    parts = split_regions(chapter.cells[exercise.cell].source)
    there = sum(isinstance(part, Region) for part in parts)
    if there < len(texts) or (all_of_them and there != len(texts)):
        raise AnswerError(f"it gives {len(texts)} regions, and the exercise has {there}")
    left = list(texts)
    lines: list[str] = []
    for part in parts:
        if isinstance(part, str):
            lines.append(part)
        elif left:
            text = textwrap.dedent(left.pop(0)).strip("\n").rstrip()
            lines.extend(textwrap.indent(text, part.indent).splitlines())
        else:
            lines.extend(part.solution)
    return as_file("\n".join(lines))


def load_answers(chapter: Chapter) -> list[Answer]:
    """Read the chapter's `answers.py`. Raise `AnswerError`, naming exercise and answer, where an edit does not fit."""
    if not chapter.answers_file.is_file():
        return []
    exercises = {exercise.id: exercise for exercise in chapter.exercises}
    _stated.clear()
    try:
        runpy.run_path(str(chapter.answers_file))
        return [_made(stated, chapter, exercises) for stated in _stated]
    except AnswerError as error:
        raise AnswerError(f"Chapter {chapter.number}: {error}") from error
    except Exception as error:
        raise AnswerError(f"{chapter.answers_file} cannot be run: {type(error).__name__}: {error}") from error
    finally:
        _stated.clear()


def _made(stated: _Stated, chapter: Chapter, exercises: dict[str, Exercise]) -> Answer:
    exercise = exercises.get(stated.exercise)
    if exercise is None:
        raise AnswerError(f"there is no exercise {stated.exercise} for the answer {stated.name!r}.")
    try:
        source = stated.edit(exercise, chapter)
    except AnswerError as error:
        raise AnswerError(f"exercise {stated.exercise}, answer {stated.name!r}: {error}.") from error
    if source.rstrip() == exercise.solution.rstrip():
        raise AnswerError(f"exercise {stated.exercise}, answer {stated.name!r}: it is the solution itself.")
    return Answer(stated.exercise, stated.name, stated.kind, source, stated.caught_by)


def answers_of(course: Course, exercise: Exercise) -> list[Answer]:
    """The answers to one exercise."""
    return [answer for answer in load_answers(course.chapter(exercise.chapter)) if answer.exercise == exercise.id]
