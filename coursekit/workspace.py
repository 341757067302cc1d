"""The learner's folder: their notebooks, their app, their attempts and progress.

Nothing in it is overwritten that the kit did not write itself, unless it was backed up and said so.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from coursekit import attempts
from coursekit.attempts import Attempt
from coursekit.course import Cell, Course, Exercise
from coursekit.errors import WorkspaceError
from coursekit.files import saying_why, write_whole
from coursekit.loader import make_packages
from coursekit.progress import Progress, WrittenFile, digest, read_progress, write_progress

LOCK_SECONDS = 10


@dataclass(frozen=True)
class Caught:
    """What `catch_up` did: files written, and the learner's own edits that were set aside in `backups/`."""

    written: tuple[str, ...]
    set_aside: tuple[tuple[str, str], ...]


def reference_of(exercise: Exercise) -> str:
    """The reference version of an exercise's file, as it stands in the learner's app."""
    return f"# Reference version: exercise {exercise.id} is still open.\n{exercise.solution}"


def named_folder(named: str) -> Path:
    """The folder that COURSE_WORKSPACE names. Raise `WorkspaceError` when it names none."""
    try:
        folder = Path(named).expanduser().resolve()
    except (RuntimeError, OSError):
        raise WorkspaceError(
            f"COURSE_WORKSPACE is {named}, which is no folder that can be found: name another, or unset it."
        ) from None
    if folder.exists() and not folder.is_dir():
        raise WorkspaceError(f"COURSE_WORKSPACE is {named}, which is a file: name a folder, or unset it.")
    return folder


class Workspace:
    """A learner's folder of one course."""

    def __init__(self, folder: Path, course: Course) -> None:
        self.folder = folder
        self.course = course
        self.attempts_folder = folder / "attempts"
        self.progress_file = folder / "progress.json"

    # Reading

    def progress(self) -> Progress:
        """What the kit remembers. Raise `WorkspaceError` when the file is damaged."""
        return read_progress(self.progress_file)

    def attempts(self, exercise: Exercise) -> list[Attempt]:
        """Every attempt at the exercise, oldest first."""
        return attempts.attempts_at(self.attempts_folder, exercise.id)

    def passing(self, exercise: Exercise) -> Attempt | None:
        """The latest attempt that passed."""
        passed = [attempt for attempt in self.attempts(exercise) if attempt.outcome == "passed"]
        return passed[-1] if passed else None

    def outcome(self, exercise: Exercise) -> str:
        """`passed` once an attempt passed, else the outcome of the last one, `not_attempted` without any."""
        if self.passing(exercise):
            return "passed"
        tried = self.attempts(exercise)
        return tried[-1].outcome if tried else "not_attempted"

    def app_file(self, path: str) -> str | None:
        """The content of one of the learner's files, or None."""
        file = self.folder / path
        with saying_why(file):
            return file.read_text(encoding="utf-8", errors="surrogateescape") if file.is_file() else None

    def app_files(self) -> dict[str, str]:
        """The learner's app as it stands: path to source."""
        paths = sorted((self.folder / "course_app").rglob("*.py"))
        names = [path.relative_to(self.folder).as_posix() for path in paths]
        sources = {name: source for name in names if (source := self.app_file(name)) is not None}
        # An empty __init__.py is the kit's own.
        return {name: source for name, source in sources.items() if source.strip() or not name.endswith("__init__.py")}

    def is_known(self, path: str, source: str) -> bool:
        """Whether the source is a version of that file that the course has, or an answer that passed."""
        if any(saved == path and source == version for _, saved, version in self.course.saves):
            return True
        for exercise in self.course.exercises():
            if exercise.path == path:
                passing = self.passing(exercise)
                if source == reference_of(exercise) or (passing is not None and source == passing.source):
                    return True
        return False

    # Writing

    @contextmanager
    def changing(self) -> Iterator[Progress]:
        """Hold the workspace alone; the progress that is yielded is written back at the end."""
        with saying_why(self.folder):
            (self.folder / ".course").mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / ".course" / "lock", timeout=LOCK_SECONDS)
            try:
                lock.acquire()
            except Timeout:
                raise WorkspaceError(
                    f"Another notebook has been writing to {self.folder} for {LOCK_SECONDS} seconds: "
                    "wait until it is done, or restart its kernel, then run this again."
                ) from None
        try:
            before = self.progress()
            progress = before.model_copy(deep=True)
            yield progress
            if progress != before or not self.progress_file.exists():
                write_progress(self.progress_file, progress)
        finally:
            lock.release()

    def save(self, cell: Cell, source: str, *, force: bool = False) -> str | None:
        """Write an app file as this cell has it. Return where a hand edit of the old one was set aside, if any.

        Raise `WorkspaceError` when a later chapter's version is there, unless forced.
        """
        assert cell.path is not None
        with self.changing() as progress:
            known = progress.files.get(cell.path)
            there = self.app_file(cell.path)
            if known and known.chapter > cell.chapter and there not in (None, source) and not force:
                raise WorkspaceError(
                    f"{cell.path} is already at chapter {known.chapter}'s version, and this cell has chapter "
                    f"{cell.chapter}'s: it was left as it is. To put the older one back, add `--force` behind the path."
                )
            aside = self._set_aside(cell.path, progress, source, cell)
            self._write(cell.path, source, cell, progress)
            progress.last_cell[cell.chapter] = max(cell.index, progress.last_cell.get(cell.chapter, -1))
        return aside

    def remove(self, cell: Cell) -> list[str]:
        """Take the files that this cell names out of the app. Return where hand edits of them were set aside."""
        with self.changing() as progress:
            set_aside = [aside for path in cell.removes if (aside := self._remove(path, progress))]
            progress.last_cell[cell.chapter] = max(cell.index, progress.last_cell.get(cell.chapter, -1))
        return set_aside

    def keep_attempt(self, exercise: Exercise, source: str) -> Attempt:
        """Keep an answer, before anything is done with it."""
        with self.changing():
            return attempts.keep(self.attempts_folder, exercise.id, source)

    def judge(self, attempt: Attempt, outcome: str) -> Attempt:
        """Note the outcome of an attempt."""
        with self.changing():
            return attempts.judge(attempt, outcome)

    def settle(self, exercise: Exercise, *, mine: Attempt | None = None, reference: bool = False) -> str | None:
        """Put a version of an exercise's file into the app: `mine`, else the one that passed, else the reference.

        Return where a hand edit was set aside, if any. An exercise without a path is saved below `exercises/`.
        """
        cell = self._cell(exercise)
        with self.changing() as progress:
            chosen = mine or (None if reference else self.passing(exercise))
            progress.mine = [other for other in progress.mine if other != exercise.id] + ([exercise.id] if mine else [])
            progress.last_cell[exercise.chapter] = max(cell.index, progress.last_cell.get(exercise.chapter, -1))
            if exercise.path is None:
                return self._settle_apart(exercise)
            known = progress.files.get(exercise.path)
            if known and known.chapter > exercise.chapter:
                return None
            source = chosen.source if chosen else reference_of(exercise)
            aside = self._set_aside(exercise.path, progress, source, cell)
            self._write(exercise.path, source, cell, progress)
            return aside

    def _settle_apart(self, exercise: Exercise) -> str | None:
        """Put the latest answer to an exercise without a path below `exercises/`."""
        tried = [attempt.source for attempt in self.attempts(exercise)]
        if not tried:
            return None
        there = self.app_file(exercise.file)
        aside = None if there is None or there in tried else self._back_up(exercise.file)
        write_whole(self.folder / exercise.file, tried[-1].encode("utf-8", "surrogatepass"))
        return aside

    def catch_up(self, number: int, *, restart: bool = False) -> Caught:
        """Make the app what chapter `number` starts from, or what it was at the last saved cell of that chapter."""
        written: list[str] = []
        set_aside: list[tuple[str, str]] = []
        with self.changing() as progress:
            if restart:
                progress.last_cell.pop(number, None)
            cell = progress.last_cell.get(number, -1)
            wanted = self.course.saving_at(number, cell)
            for path in self.course.removed_at(number, cell):
                if aside := self._remove(path, progress):
                    set_aside.append((path, aside))
            for path, saving in wanted.items():
                source = self._wanted_source(path, saving)
                there = self.app_file(path)
                known = progress.files.get(path)
                if there is not None and known:
                    later = (known.chapter, known.cell) >= (saving.chapter, saving.index)
                    if there == source or (later and not (restart and known.chapter == number)):
                        continue
                aside = self._set_aside(path, progress, source, saving)
                if aside:
                    set_aside.append((path, aside))
                if there != source:
                    written.append(path)
                self._write(path, source, saving, progress)
        return Caught(tuple(written), tuple(set_aside))

    def reset(self, exercise: Exercise) -> str | None:
        """Forget that the exercise was solved; its attempts go to `backups/`. Return where, None without attempts."""
        with self.changing() as progress:
            folder = self.attempts_folder / exercise.id
            progress.mine = [other for other in progress.mine if other != exercise.id]
            moved: str | None = None
            if folder.is_dir():
                target = self._free_backup(f"attempts-{exercise.id}")
                with saying_why(target):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.move(folder, target)
                moved = target.relative_to(self.folder).as_posix()
        if moved or (exercise.path and self.app_file(exercise.path) is not None):
            self.settle(exercise)
        return moved

    def _cell(self, exercise: Exercise) -> Cell:
        return self.course.chapter(exercise.chapter).cells[exercise.cell]

    def _wanted_source(self, path: str, saving: Cell) -> str:
        """The version of a file that the app should have: an exercise's is theirs where they passed."""
        if saving.exercise_id is None:
            return self.course.app_at(saving.chapter, saving.index)[path]
        exercise = self.course.exercise(saving.exercise_id)
        passing = self.passing(exercise)
        return passing.source if passing else reference_of(exercise)

    def _write(self, path: str, source: str, cell: Cell, progress: Progress) -> None:
        write_whole(self.folder / path, source.encode("utf-8", "surrogatepass"))
        make_packages(self.folder)
        progress.files[path] = WrittenFile(sha256=digest(source), chapter=cell.chapter, cell=cell.index)

    def _remove(self, path: str, progress: Progress) -> str | None:
        """Delete an app file. Return where it was set aside, if it was a version of the learner's own."""
        there = self.app_file(path)
        progress.files.pop(path, None)
        if there is None:
            return None
        aside = None if self.is_known(path, there) else self._back_up(path)
        with saying_why(self.folder / path):
            (self.folder / path).unlink(missing_ok=True)
        return aside

    def _set_aside(self, path: str, progress: Progress, source: str, cell: Cell) -> str | None:
        """Copy a version of the learner's own to `backups/` before it is replaced. Return where, if it was one."""
        there = self.app_file(path)
        if there is None or there == source:
            return None
        known = progress.files.get(path)
        by_this_cell = known and (known.chapter, known.cell) == (cell.chapter, cell.index)
        if known and by_this_cell and known.sha256 == digest(there):
            return None
        return None if self.is_known(path, there) else self._back_up(path)

    def _back_up(self, path: str) -> str:
        target = self._free_backup(path)
        write_whole(target, (self.folder / path).read_bytes())
        return target.relative_to(self.folder).as_posix()

    def _free_backup(self, name: str) -> Path:
        number = 1
        while (target := self.folder / "backups" / f"{number:03}" / name).exists():
            number += 1
        return target
