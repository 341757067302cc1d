"""The domain: the course as it stands in `chapters/`.

A `Chapter` is a MyST notebook. Its code cells save files of the learner's app (`%%save PATH`), remove them
(`%remove PATH ...`), ask for an answer (`%%exercise ID [PATH]`) or experiment. `Course.app_at` adds all that up to the
reference app after any cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from coursekit.errors import SourceError, UnknownChapter, UnknownExercise
from coursekit.source_cells import read_cells
from coursekit.syntax import shape_of

ROOT = Path(__file__).resolve().parent.parent
CACHE = ".cache/chapters"

_MARKER = re.compile(r"^(?P<indent>[ \t]*)### (?P<edge>BEGIN|END) (?P<region>SOLUTION|STUB)[ \t]*$")
_HEADING = re.compile(
    r"^### Exercise (?P<id>\d+\.\d+) · (?P<title>.+?) \((?P<minutes>\d+) minutes?\)\s*$", re.MULTILINE
)
_ANY_HEADING = re.compile(r"^#{1,3} ", re.MULTILINE)
_HINT = re.compile(r"<details>\s*<summary>(?P<title>Hint\b.*?)</summary>(?P<text>.*?)</details>", re.DOTALL)
_FOLDER = re.compile(r"^(?P<number>\d\d)_[a-z0-9_]+$")


@dataclass(frozen=True)
class Region:
    """A marked stretch of an exercise cell: its solution lines, its stub lines and how far both are indented."""

    indent: str
    solution: tuple[str, ...]
    stub: tuple[str, ...] | None


def split_regions(source: str) -> list[str | Region]:
    """Split an exercise's source into unmarked lines and regions. Raise `SourceError` on markers that do not pair."""
    parts: list[str | Region] = []
    open_region: str | None = None
    lines: list[str] = []
    indent = ""
    for line in source.splitlines():
        marker = _MARKER.match(line)
        if marker is None:
            if open_region is None:
                parts.append(line)
            else:
                lines.append(line)
        elif marker["edge"] == "BEGIN":
            if open_region is not None:
                raise SourceError(f"### BEGIN {marker['region']} stands inside a {open_region} region: end that first.")
            open_region, lines, indent = marker["region"], [], marker["indent"]
        else:
            if open_region != marker["region"]:
                raise SourceError(f"### END {marker['region']} has no matching BEGIN before it.")
            if open_region == "SOLUTION":
                parts.append(Region(indent, tuple(lines), None))
            else:
                last = parts.pop() if parts else None
                if not isinstance(last, Region) or last.stub is not None:
                    raise SourceError("A STUB region must follow directly after its SOLUTION region.")
                parts.append(Region(last.indent, last.solution, tuple(lines)))
            open_region = None
    if open_region is not None:
        raise SourceError(f"### BEGIN {open_region} is never ended.")
    return parts


@dataclass(frozen=True)
class Cell:
    """A cell of a chapter's source. `source` is as the author wrote it, markers and magic line included."""

    chapter: int
    index: int
    kind: str
    source: str
    tags: tuple[str, ...] = ()

    @cached_property
    def magic(self) -> tuple[str, ...]:
        """The words of the first line of a `%%save` or `%%exercise` cell, else nothing."""
        first, _, _ = self.source.partition("\n")
        words = tuple(first.split())
        return words if self.kind == "code" and words and words[0] in ("%%save", "%%exercise") else ()

    @property
    def exercise_id(self) -> str | None:
        """The id of the exercise that this cell asks for."""
        return self.magic[1] if self.magic and self.magic[0] == "%%exercise" else None

    @property
    def path(self) -> str | None:
        """The app file that this cell saves, `course_app/...`, or None."""
        position = 2 if self.exercise_id else 1
        return self.magic[position] if len(self.magic) > position else None

    @cached_property
    def removes(self) -> tuple[str, ...]:
        """The app files that this cell takes out of the app."""
        words = self.source.partition("\n")[0].split()
        return tuple(words[1:]) if self.kind == "code" and words[:1] == ["%remove"] else ()

    @property
    def body(self) -> str:
        """The source below the magic line, markers included."""
        return self.source.partition("\n")[2] if self.magic else self.source

    def solved(self) -> str:
        """The whole cell with the solution in place and no markers."""
        return _render(self.source, lambda region: region.solution)

    def stubbed(self) -> str:
        """The whole cell as an untouched learner sees it."""
        return _render(self.source, self._stub_lines)

    def _stub_lines(self, region: Region) -> tuple[str, ...]:
        if region.stub is not None:
            return region.stub
        return (f'{region.indent}raise NotImplementedError("exercise {self.exercise_id}")',)


def _render(source: str, lines_of: object) -> str:
    assert callable(lines_of)
    lines: list[str] = []
    for part in split_regions(source):
        lines.extend([part] if isinstance(part, str) else lines_of(part))
    return "\n".join(lines)


def as_file(cell_source: str) -> str:
    """The text of the file that a `%%save` or `%%exercise` cell with this source writes."""
    return cell_source.partition("\n")[2].rstrip() + "\n"


@dataclass(frozen=True)
class Exercise:
    """One exercise. `solution` and `stub` are whole files."""

    id: str
    chapter: int
    title: str
    minutes: int
    cell: int
    path: str | None
    solution: str = field(repr=False)
    stub: str = field(repr=False)
    hints: tuple[str, ...] = field(repr=False)

    @property
    def file(self) -> str:
        """Where the answer is saved below the workspace."""
        return self.path or f"exercises/ex_{self.id.replace('.', '_')}.py"

    @property
    def module(self) -> str:
        """The name under which the answer is imported."""
        return self.file.removesuffix(".py").replace("/", ".")

    def is_stub(self, source: str) -> bool:
        """Whether `source` is the untouched stub; comments, blank lines and spaces do not count."""
        if len(source) > 2 * len(self.stub) + 10_000:
            return False
        return shape_of(source) == shape_of(self.stub)


@dataclass(frozen=True)
class Chapter:
    """One chapter: a folder `NN_slug` with `chapter.md`, `test_exercises.py` and `answers.py`."""

    number: int
    slug: str
    title: str
    folder: Path
    cells: tuple[Cell, ...] = field(repr=False)
    exercises: tuple[Exercise, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """`03_authentication`: the folder's name, and that of its notebooks."""
        return self.folder.name

    @property
    def source_file(self) -> Path:
        """The chapter's text, code and solutions."""
        return self.folder / "chapter.md"

    @property
    def checks_file(self) -> Path:
        """The pytest module with the checks of all its exercises."""
        return self.folder / "test_exercises.py"

    @property
    def answers_file(self) -> Path:
        """The wrong and alternative right answers that prove the checks."""
        return self.folder / "answers.py"


class Course:
    """All chapters, in their order."""

    def __init__(self, root: Path, chapters: tuple[Chapter, ...]) -> None:
        self.root = root
        self.chapters = chapters

    @classmethod
    def load(cls, root: Path | None = None) -> Course:
        """Read `root/chapters` (default: the project that this package is part of). Raise `SourceError` on a fault."""
        root = ROOT if root is None else root
        folders = sorted(path for path in (root / "chapters").glob("*") if _FOLDER.match(path.name))
        course = cls(root, tuple(read_chapter(path) for path in folders if (path / "chapter.md").is_file()))
        _check_files(course)
        return course

    def chapter(self, number: int) -> Chapter:
        """The chapter of that number. Raise `UnknownChapter` if there is none."""
        for chapter in self.chapters:
            if chapter.number == number:
                return chapter
        there = ", ".join(str(chapter.number) for chapter in self.chapters)
        raise UnknownChapter(f"There is no chapter {number}: this course has the chapters {there}.")

    def exercise(self, exercise_id: str) -> Exercise:
        """The exercise of that id, as in `3.2`. Raise `UnknownExercise` if there is none."""
        for exercise in self.exercises():
            if exercise.id == exercise_id:
                return exercise
        raise UnknownExercise(
            f"There is no exercise {exercise_id!r}: ids look like 3.2, and `course status` lists them all."
        )

    def exercises(self) -> Iterator[Exercise]:
        """Every exercise, in the order of the course."""
        for chapter in self.chapters:
            yield from chapter.exercises

    @cached_property
    def saves(self) -> tuple[tuple[Cell, str, str], ...]:
        """Every cell that saves an app file, with the path and the reference source of that file."""
        return tuple(
            (cell, cell.path, as_file(cell.solved()))
            for chapter in self.chapters
            for cell in chapter.cells
            if cell.path is not None
        )

    def saving_at(self, number: int, cell: int) -> dict[str, Cell]:
        """For every file of the app after that cell of chapter `number`: the cell that saved it last."""
        return {path: last for path, last in self._changed_at(number, cell).items() if path not in last.removes}

    def removed_at(self, number: int, cell: int) -> list[str]:
        """The files that were in the app and are no more after that cell of chapter `number`."""
        return [path for path, last in self._changed_at(number, cell).items() if path in last.removes]

    def _changed_at(self, number: int, cell: int) -> dict[str, Cell]:
        """For every file that there ever was up to that cell: the last cell that saved or removed it."""
        cells = (each for chapter in self.chapters for each in chapter.cells)
        before = (each for each in cells if (each.chapter, each.index) <= (number, cell))
        return {path: each for each in before for path in (each.removes or filter(None, [each.path]))}

    def app_at(self, number: int, cell: int) -> dict[str, str]:
        """The reference app after that cell of chapter `number`, path to source. Cell -1 is the chapter's start."""
        sources = {(saving.chapter, saving.index): source for saving, _, source in self.saves}
        found = self.saving_at(number, cell)
        return {path: sources[saving.chapter, saving.index] for path, saving in found.items()}

    def finished_app(self) -> dict[str, str]:
        """The app after the last cell of the last chapter."""
        return self.app_at(self.chapters[-1].number, len(self.chapters[-1].cells)) if self.chapters else {}


def read_chapter(folder: Path) -> Chapter:
    """Read one chapter's folder. Raise `SourceError`, naming the file, on a fault."""
    match = _FOLDER.match(folder.name)
    if match is None:
        raise SourceError(f"{folder} is no chapter's folder: it has to be named like 03_authentication.")
    number = int(match["number"])
    try:
        found = read_cells(folder / "chapter.md", folder.parent.parent / CACHE)
        cells = tuple(Cell(number, index, *cell) for index, cell in enumerate(found))
        exercises = tuple(_exercise(cell, cells) for cell in cells if cell.exercise_id)
    except SourceError as error:
        raise SourceError(f"{folder / 'chapter.md'}: {error}") from error
    first = cells[0].source.partition("\n")[0] if cells else ""
    return Chapter(number, folder.name[3:], first.removeprefix("# ").strip(), folder, cells, exercises)


def _exercise(cell: Cell, cells: tuple[Cell, ...]) -> Exercise:
    headings = [
        match
        for earlier in cells[: cell.index]
        if earlier.kind == "markdown"
        for match in _HEADING.finditer(earlier.source)
        if match["id"] == cell.exercise_id
    ]
    if len(headings) != 1:
        raise SourceError(
            f"exercise {cell.exercise_id} needs one heading `### Exercise {cell.exercise_id} · Title (8 minutes)` "
            f"before its cell, and has {len(headings)}."
        )
    hints: list[str] = []
    for later in cells[cell.index + 1 :]:
        if later.kind == "code":
            break
        heading = _ANY_HEADING.search(later.source)
        text = later.source[: heading.start()] if heading else later.source
        hints.extend(f"{match['title'].strip()}\n\n{match['text'].strip()}" for match in _HINT.finditer(text))
        if heading:
            break
    return Exercise(
        id=str(cell.exercise_id),
        chapter=cell.chapter,
        title=headings[0]["title"],
        minutes=int(headings[0]["minutes"]),
        cell=cell.index,
        path=cell.path,
        solution=as_file(cell.solved()),
        stub=as_file(cell.stubbed()),
        hints=tuple(hints),
    )


def _check_files(course: Course) -> None:
    """Hold the rules on files: ids and paths are in order, an exercise's file is not saved again in its chapter."""
    ids = [exercise.id for exercise in course.exercises()]
    if len(ids) != len(set(ids)):
        raise SourceError(f"An exercise's id is used twice: {sorted(i for i in ids if ids.count(i) > 1)[0]}.")
    for chapter in course.chapters:
        closed: dict[str, str] = {}
        for exercise in chapter.exercises:
            if not exercise.id.startswith(f"{chapter.number}."):
                raise SourceError(f"Exercise {exercise.id} stands in chapter {chapter.number}.")
        for cell in chapter.cells:
            there = course.saving_at(chapter.number, cell.index - 1) if cell.removes else {}
            for path in cell.removes:
                if path not in there:
                    raise SourceError(f"Chapter {chapter.number} removes {path}, which is no file of the app there.")
            if cell.path is None:
                continue
            if not re.fullmatch(r"course_app(/[a-z0-9_]+)+\.(py|ini|mako)", cell.path):
                raise SourceError(f"Chapter {chapter.number} saves {cell.path!r}: app files are course_app/....")
            if cell.path in closed:
                raise SourceError(
                    f"Chapter {chapter.number} saves {cell.path} again after exercise {closed[cell.path]}: "
                    "within a chapter the file of an exercise is final."
                )
            if cell.exercise_id:
                closed[cell.path] = cell.exercise_id
