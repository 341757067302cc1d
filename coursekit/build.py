"""Building what is built: the learner's notebooks, the solved ones and the finished app, from `chapters/`."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from coursekit.course import Chapter, Course
from coursekit.errors import CourseError
from coursekit.files import write_whole
from coursekit.loader import make_packages

Kind = Literal["notebooks", "solutions"]
KINDS: tuple[Kind, ...] = ("notebooks", "solutions")
CELL_SECONDS = 60
CACHE = ".cache/built.json"


@dataclass(frozen=True)
class Stale:
    """A built file that does not say what its source says."""

    path: Path
    why: str


def notebook_of(chapter: Chapter, kind: Kind) -> nbformat.NotebookNode:
    """The chapter as a notebook without outputs: with stubs for the learner, with solutions for the instructor."""
    cells = []
    for cell in chapter.cells:
        if cell.kind != "code":
            new = nbformat.v4.new_markdown_cell(cell.source)
        else:
            new = nbformat.v4.new_code_cell(cell.solved() if kind == "solutions" else cell.stubbed())
        exercise = cell.exercise_id
        new.id = f"exercise-{exercise.replace('.', '-')}" if exercise else f"c{chapter.number:02}-{cell.index:03}"
        if cell.tags:
            new.metadata["tags"] = list(cell.tags)
        cells.append(new)
    if cells:
        source = f"chapters/{chapter.name}/chapter.md"
        cells[0].metadata["coursekit"] = {"built_from": source, "edit": "the source, then run `course build`"}
    metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook: nbformat.NotebookNode = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    return notebook


def execute(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Run all cells in a fresh kernel in `folder` and keep their outputs. Raise `CourseError` when a cell fails."""
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        coalesce_streams=True,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise CourseError(f"A cell fails in {folder.name}: {error}") from error
    notebook.metadata["language_info"] = {"name": "python"}


def text_of(notebook: nbformat.NotebookNode) -> str:
    """The notebook as it is written to its file."""
    text: str = nbformat.writes(notebook, version=4)
    return text.rstrip() + "\n"


def build(course: Course, numbers: list[int] | None = None, *, force: bool = False) -> list[Path]:
    """Build the chapters (default: all) whose inputs changed since the last build, and the finished app."""
    cache_file = course.root / CACHE
    cache: dict[str, str] = {}
    with contextlib.suppress(OSError, ValueError):  # without it everything is built
        cache = json.loads(cache_file.read_bytes())
    jobs: list[tuple[Chapter, Kind, str, Path]] = []
    for chapter in course.chapters:
        if numbers and chapter.number not in numbers:
            continue
        key = inputs_digest(course, chapter)
        for kind in KINDS:
            path = course.root / kind / f"{chapter.name}.ipynb"
            if force or cache.get(f"{kind}/{path.name}") != key or _stale_notebook(chapter, kind, path):
                jobs.append((chapter, kind, key, path))

    def run(job: tuple[Chapter, Kind, str, Path]) -> Path:
        chapter, kind, _, path = job
        path.parent.mkdir(exist_ok=True)
        notebook = notebook_of(chapter, kind)
        execute(notebook, path.parent)
        write_whole(path, text_of(notebook))
        return path

    with ThreadPoolExecutor(max_workers=2) as pool:
        built = list(pool.map(run, jobs))
    cache.update({f"{kind}/{path.name}": key for _, kind, key, path in jobs})
    write_whole(cache_file, json.dumps(cache, indent=2, sort_keys=True) + "\n")
    return built + write_finished_app(course)


def inputs_digest(course: Course, chapter: Chapter) -> str:
    """What the outputs of a chapter's notebooks depend on: its files, the app it starts from and the kit."""
    digest = hashlib.sha256()
    for path in (chapter.source_file, chapter.checks_file, *sorted((course.root / "coursekit").glob("*.py"))):
        digest.update(path.read_bytes() if path.exists() else b"")
    digest.update(json.dumps(course.app_at(chapter.number, -1), sort_keys=True).encode())
    digest.update(repr([(exercise.id, exercise.title) for exercise in course.exercises()]).encode())
    return digest.hexdigest()


def write_finished_app(course: Course) -> list[Path]:
    """Write `course_app/` as the last cell leaves it. Return what changed."""
    if not _stale_app(course):
        return []
    target = course.root / "course_app"
    with tempfile.TemporaryDirectory(dir=course.root, prefix=".course_app-") as folder:
        new = Path(folder)
        for path, source in course.finished_app().items():
            write_whole(new / path, source)
        make_packages(new)
        shutil.rmtree(target, ignore_errors=True)
        (new / "course_app").rename(target)
    return [target]


def stale(course: Course) -> list[Stale]:
    """Every built file that does not say what its source says, every missing one and every one too many."""
    found: list[Stale] = []
    names = {f"{chapter.name}.ipynb" for chapter in course.chapters}
    for kind in KINDS:
        for chapter in course.chapters:
            path = course.root / kind / f"{chapter.name}.ipynb"
            why = _stale_notebook(chapter, kind, path)
            if why:
                found.append(Stale(path, why))
        for path in sorted((course.root / kind).glob("*.ipynb")):
            if path.name not in names:
                found.append(Stale(path, "no chapter has this name"))
    return found + _stale_app(course)


def _stale_notebook(chapter: Chapter, kind: Kind, path: Path) -> str:
    """Why a built notebook is out of date, or nothing."""
    if not path.is_file():
        return "it is missing"
    try:
        there = nbformat.read(path, as_version=4)
    except Exception:
        return "it is no notebook"
    wanted = notebook_of(chapter, kind)
    if there.metadata != wanted.metadata or len(there.cells) != len(wanted.cells):
        return "its cells are not the source's"
    for old, new in zip(there.cells, wanted.cells, strict=True):
        if (old.get("id"), old.cell_type, old.source, old.metadata) != (
            new.id,
            new.cell_type,
            new.source,
            new.metadata,
        ):
            return f"cell {new.id} is not the source's"
        if new.cell_type == "code" and old.get("execution_count") is None:
            return f"cell {new.id} was never executed"
    return ""


def _stale_app(course: Course) -> list[Stale]:
    wanted = course.finished_app()
    target = course.root / "course_app"
    found = []
    for path, source in wanted.items():
        file = course.root / path
        if not file.is_file():
            found.append(Stale(file, "it is missing"))
        elif file.read_bytes() != source.encode():
            found.append(Stale(file, "it is not what the chapters save"))
    folders = {parent for path in wanted for parent in (course.root / path).parents if parent.is_relative_to(target)}
    found.extend(
        Stale(folder / "__init__.py", "it is missing")
        for folder in sorted(folders)
        if folder.is_dir() and not (folder / "__init__.py").is_file()
    )
    for file in sorted(target.rglob("*")) if target.is_dir() else []:
        name = file.relative_to(course.root).as_posix()
        is_ours = name in wanted or "__pycache__" in name or (file.name == "__init__.py" and not file.stat().st_size)
        if file.is_file() and not is_ours:
            found.append(Stale(file, "no chapter saves it"))
    return found
