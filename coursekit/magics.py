"""The magics, from `%chapter` and `%%save` to `%progress`: one method each."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar, cast

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.display import display

from coursekit import loop
from coursekit.checker import LARGEST_SOURCE
from coursekit.course import Cell, Chapter, Exercise
from coursekit.display import Line, Notice, verdict
from coursekit.errors import CourseError
from coursekit.live_app import Fault
from coursekit.session import Session

M = TypeVar("M", bound=Callable[..., None])

_PATH = re.compile(r"course_app(/[A-Za-z0-9_]+)+\.(py|ini|mako)")


def in_one_sentence(method: M) -> M:
    """Show a `CourseError` as its sentence instead of a traceback."""

    @functools.wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        try:
            method(*args, **kwargs)
        except CourseError as error:
            display(Notice(str(error), "bad"))
        except KeyboardInterrupt:
            display(Notice("Interrupted: nothing is lost; run the cell again when you want it done", "bad"))

    return cast(M, wrapper)


def _words(line: str, usage: str, least: int, most: int) -> list[str]:
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    if not least <= len(words) <= most:
        raise CourseError(f"This magic is written {usage}: change its line and run the cell again.")
    return words


def _source_of(cell: str) -> str:
    """The file that a cell's body makes. Raise `CourseError` when there is nothing to make one of."""
    source = cell.replace("\r\n", "\n").rstrip() + "\n"
    if not source.strip():
        raise CourseError("The cell is empty, so nothing was saved: write the code below its first line.")
    if "\0" in source:
        raise CourseError(
            "The cell has a null character in it, so nothing was saved: delete it and run the cell again."
        )
    if len(source) > LARGEST_SOURCE:
        raise CourseError(
            f"The cell has {len(source):,} characters, so nothing was saved: at most {LARGEST_SOURCE:,} make a file."
        )
    return source


def _aside_lines(aside: str | None) -> list[Line]:
    return [Line(f"The version before this one was your own: it is in {aside} now.")] if aside else []


def counted(number: int, thing: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


@magics_class
class CourseMagics(Magics):
    """The magics of one kernel."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """This kernel's session, made at the first use."""
        if self._session is None:
            assert self.shell is not None
            self._session = Session(self.shell.user_ns)
        return self._session

    @line_magic
    @in_one_sentence
    def chapter(self, line: str) -> None:
        """`%chapter 3`: bring the app to where chapter 3 needs it and start the chapter. `--restart` begins it anew."""
        words = _words(line, "%chapter 3 or %chapter 3 --restart", 1, 2)
        if not re.fullmatch("[0-9]{1,4}", words[0]) or words[1:] not in ([], ["--restart"]):
            raise CourseError("This magic is written %chapter 3 or %chapter 3 --restart: change its line.")
        session = self.session
        chapter = session.course.chapter(int(words[0]))
        caught = session.workspace.catch_up(chapter.number, restart=len(words) == 2)
        session.open(chapter)
        fault = session.reload()
        lines = [Line(f"{path} was a version of your own: it is in {aside} now.") for path, aside in caught.set_aside]
        if caught.written:
            lines.append(Line(f"Written into your app: {counted(len(caught.written), 'file')} of the chapters before."))
        lines.extend(self._fault_lines(fault))
        display(Notice(self._state_of(chapter), "plain", tuple(lines)))

    def _state_of(self, chapter: Chapter) -> str:
        passed = sum(self.session.workspace.outcome(exercise) == "passed" for exercise in chapter.exercises)
        return f"Chapter {chapter.title}: {passed} of {counted(len(chapter.exercises), 'exercise')} passed"

    @cell_magic
    @in_one_sentence
    def save(self, line: str, cell: str) -> None:
        """`%%save course_app/core/config.py`: save the cell as that file of the app and reload the app."""
        given = _words(line, "%%save course_app/...py", 1, 2)
        words = [word for word in given if word != "--force"]
        if len(words) != 1 or not _PATH.fullmatch(words[0]):
            raise CourseError("This magic saves files of your app: write %%save course_app/folder/file.py.")
        if words[0].endswith("/__init__.py"):
            raise CourseError("The course makes every __init__.py itself: save your code under another name.")
        session = self.session
        source = _source_of(cell)
        saving = self._cell_of(words[0], source)
        aside = session.workspace.save(saving, source, force="--force" in given)
        lines = _aside_lines(aside)
        fault = session.reload()
        lines.extend(self._fault_lines(fault))
        display(Notice(f"Saved {words[0]}", "bad" if fault else "good", tuple(lines)))

    @line_magic
    @in_one_sentence
    def remove(self, line: str) -> None:
        """`%remove course_app/...py ...`: take files out of the app that it needs no more, and reload it."""
        session = self.session
        paths = line.split()
        cells = [cell for cell in session.current().cells if cell.removes == tuple(paths)]
        if not cells:
            raise CourseError("This magic removes the files that the chapter names: write its line as it stands there.")
        set_aside = session.workspace.remove(cells[-1])
        lines = [Line(f"A version of your own was among them: it is in {aside} now.") for aside in set_aside]
        fault = session.reload()
        lines.extend(self._fault_lines(fault))
        display(Notice(f"Removed {' and '.join(paths)}", "bad" if fault else "good", tuple(lines)))

    def _cell_of(self, path: str, source: str) -> Cell:
        """The chapter's cell that saves this path: the one with this source where there are several."""
        chapter = self.session.current()
        cells = [cell for cell in chapter.cells if cell.path == path and cell.exercise_id is None]
        exact = [cell for cell in cells if cell.body.rstrip() + "\n" == source]
        if exact or cells:
            return (exact or cells)[-1]
        last = self.session.workspace.progress().last_cell.get(chapter.number, -1)
        return Cell(chapter.number, last, "code", f"%%save {path}\n{source}")

    def _fault_lines(self, fault: Fault | None) -> list[Line]:
        if fault is None:
            return []
        goes_on = (
            "The last version of the app that worked goes on."
            if self.session.live.application is not None
            else "There is no version of the app that works yet."
        )
        return [Line("The app cannot be loaded with it:", details=str(fault)), Line(goes_on)]

    @cell_magic
    @in_one_sentence
    def exercise(self, line: str, cell: str) -> None:
        """`%%exercise 3.2 course_app/core/tokens.py`: keep the answer, check it, and use it in the app if it passes."""
        words = _words(line, "%%exercise 3.2 course_app/...py, as the chapter has it", 1, 2)
        session = self.session
        exercise = session.exercise(words[0])
        if words[1:] not in ([], [exercise.path]):
            raise CourseError(f"Exercise {exercise.id} is saved as {exercise.file}: put that path into the first line.")
        self._of_this_chapter(exercise)
        source = _source_of(cell)
        attempt = None if exercise.is_stub(source) else session.workspace.keep_attempt(exercise, source)
        result = session.checker(exercise.chapter).check(exercise, source)
        if attempt is not None:
            session.workspace.judge(attempt, result.outcome)
        aside = session.workspace.settle(exercise)
        fault = session.reload() if exercise.path else None
        notice = verdict(exercise, result, goes_on=self._goes_on(exercise, passed=result.outcome == "passed"))
        lines = list(notice.lines)
        lines.extend(_aside_lines(aside))
        lines.extend(self._fault_lines(fault))
        display(Notice(notice.headline, notice.mood, tuple(lines)))

    def _of_this_chapter(self, exercise: Exercise) -> None:
        chapter = self.session.current()
        if exercise.chapter != chapter.number:
            raise CourseError(
                f"Exercise {exercise.id} belongs to chapter {exercise.chapter}, and chapter {chapter.number} is open "
                f"here: go to its notebook, or run %chapter {exercise.chapter} first."
            )

    def _goes_on(self, exercise: Exercise, *, passed: bool) -> str:
        if passed or exercise.path is None:
            return ""
        if self.session.workspace.passing(exercise):
            return f"Your earlier answer, which passed, stays in the app as {exercise.path}."
        return f"Until it passes, the app uses the reference version of {exercise.path}."

    @line_magic
    @in_one_sentence
    def use(self, line: str) -> None:
        """`%use mine 3.2`: run the last attempt in the app although it failed. `%use reference 3.2` goes back."""
        which, exercise_id = _words(line, "%use mine 3.2 or %use reference 3.2", 2, 2)
        exercise = self.session.exercise(exercise_id)
        self._of_this_chapter(exercise)
        if which not in ("mine", "reference"):
            raise CourseError("This magic is written %use mine 3.2 or %use reference 3.2: change its line.")
        if exercise.path is None:
            raise CourseError(f"Exercise {exercise.id} is no part of the app: there is nothing to put into it.")
        tried = self.session.workspace.attempts(exercise)
        if which == "mine" and not tried:
            raise CourseError(f"You have not submitted an answer to exercise {exercise.id} yet: run its cell first.")
        if which == "mine" and tried[-1].outcome == "error":
            raise CourseError(
                f"Your last answer to exercise {exercise.id} cannot be imported, so the app cannot run it: "
                "run its cell again to see the line that fails."
            )
        mine = tried[-1] if which == "mine" else None
        aside = self.session.workspace.settle(exercise, mine=mine, reference=mine is None)
        fault = self.session.reload()
        lines = _aside_lines(aside)
        version = f"your attempt {mine.number}" if mine else "the reference version"
        lines.extend(self._fault_lines(fault))
        display(Notice(f"{exercise.path} is now {version}", "bad" if fault else "good", tuple(lines)))

    @line_magic
    @in_one_sentence
    def solution(self, line: str) -> None:
        """`%solution 3.2`: show the reference solution of an exercise."""
        (exercise_id,) = _words(line, "%solution 3.2", 1, 1)
        exercise = self.session.exercise(exercise_id)
        shown = Line(f"One right answer for {exercise.file}; others are right too.", details=exercise.solution)
        display(Notice(f"Exercise {exercise.id} · {exercise.title}: the reference solution", "plain", (shown,)))

    @line_magic
    @in_one_sentence
    def reset(self, line: str) -> None:
        """`%reset 3.2`: open an exercise again. Its attempts are kept in `backups/`, its stub comes as a new cell."""
        (exercise_id,) = _words(line, "%reset 3.2", 1, 1)
        exercise = self.session.exercise(exercise_id)
        self._of_this_chapter(exercise)
        moved = self.session.workspace.reset(exercise)
        self.session.reload()
        self._new_cell(exercise, exercise.stub)
        where = f"Your attempts are in {moved} now." if moved else "There were no attempts."
        display(Notice(f"Exercise {exercise.id} · {exercise.title}: open again", "open", (Line(where),)))

    @line_magic
    @in_one_sentence
    def attempts(self, line: str) -> None:
        """`%attempts 3.2` lists what you submitted; `%attempts 3.2 4` brings attempt 4 back as a new cell."""
        words = _words(line, "%attempts 3.2, or %attempts 3.2 4 to bring attempt 4 back", 1, 2)
        exercise = self.session.exercise(words[0])
        tried = self.session.workspace.attempts(exercise)
        name = f"Exercise {exercise.id} · {exercise.title}"
        if len(words) == 1:
            lines = tuple(
                Line(counted(len(attempt.source.splitlines()), "line"), f"{attempt.number} {attempt.outcome}")
                for attempt in tried
            )
            display(Notice(f"{name}: {counted(len(tried), 'attempt')}", "plain", lines))
            return
        for attempt in tried:
            if str(attempt.number) == words[1]:
                self._new_cell(exercise, attempt.source)
                display(Notice(f"{name}: attempt {attempt.number} is in the cell below", "good"))
                return
        raise CourseError(
            f"There is no attempt {words[1]} at exercise {exercise.id}: `%attempts {exercise.id}` lists them."
        )

    def _new_cell(self, exercise: Exercise, source: str) -> None:
        assert self.shell is not None
        path = f" {exercise.path}" if exercise.path else ""
        self.shell.set_next_input(f"%%exercise {exercise.id}{path}\n{source.rstrip()}")

    @line_magic
    @in_one_sentence
    def progress(self, line: str) -> None:
        """`%progress`: every exercise of the course and how it stands."""
        _words(line, "%progress", 0, 0)
        session = self.session
        lines = []
        for exercise in session.course.exercises():
            outcome = session.workspace.outcome(exercise)
            word = {"passed": "passed", "not_attempted": "open"}.get(outcome, "tried")
            lines.append(Line(f"{exercise.id} · {exercise.title}", word, "good" if word == "passed" else "plain"))
        passed = sum(line.word == "passed" for line in lines)
        display(Notice(f"{passed} of {counted(len(lines), 'exercise')} passed", "plain", tuple(lines)))


def _print_sentence(
    shell: InteractiveShell,
    kind: type[BaseException],
    error: BaseException,
    traceback: TracebackType,
    tb_offset: int | None = None,
) -> list[str]:
    display(Notice(str(error), "bad"))
    return []


def register(shell: InteractiveShell) -> None:
    """Add the magics to a kernel and let `asyncio.run` work in its cells; asking twice changes nothing."""
    if "chapter" in shell.magics_manager.magics["line"]:
        return
    loop.install()
    shell.register_magics(CourseMagics(shell))
    shell.set_custom_exc((CourseError,), _print_sentence)
