"""Says in one sentence what an exception means for the learner: what happened, where in their file, what to do."""

from __future__ import annotations

import linecache
import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pytest

from coursekit.check_result import CheckState

LONGEST_TEXT = 300
LONGEST_MESSAGE = 1000


@dataclass(frozen=True)
class Place:
    """A line of a file. `file` is as the learner knows it: `core/tokens.py`."""

    file: str
    line: int
    source: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}" + (f": `{self.source}`" if self.source else "")


@dataclass(frozen=True)
class Verdict:
    """What one check came to. `attempted` is false where it met the stub's `NotImplementedError`."""

    outcome: CheckState
    message: str | None = None
    attempted: bool = True


PASSED = Verdict("passed")


class Explainer:
    """Explains exceptions of one answer: exercise `exercise_id`, saved as `file` below the folder `tree`."""

    def __init__(self, exercise_id: str, tree: Path, file: str) -> None:
        self.exercise_id = exercise_id
        self.tree = str(tree.resolve())
        self.file = file
        self._answer = Path(self.tree, file)
        self.name = shown(file)

    def of_import(self, error: BaseException) -> str:
        """Why the answer cannot be imported."""
        error = _plain(error)
        if isinstance(error, SyntaxError) and error.filename and error.filename.startswith(self.tree):
            line = (error.text or self._line(error.filename, error.lineno or 0)).strip()
            place = Place(shown(error.filename[len(self.tree) :].lstrip("/")), error.lineno or 0, _short(line, 120))
            return sentence(f"{place} is not valid Python ({text_of(error) or 'syntax error'}): correct that line.")
        place_ = self.place(error) or self.name
        if isinstance(error, pytest.skip.Exception):
            return sentence(
                f"{place_} skips the checks while it is imported: a skipped check never counts; delete that."
            )
        if not isinstance(error, Exception):
            return sentence(
                f"{type(error).__name__} while your file was imported, in {place_}: let the file only define."
            )
        if isinstance(error, NotImplementedError) and self.is_stub_error(error):
            return sentence(f"{place_}: this still is the stub; put your code in its place.")
        if isinstance(error, ImportError):
            return sentence(self._of_import_error(error, place_))
        return sentence(f"{kind_and_text(error)} while your file was imported, in {place_}.")

    def _of_import_error(self, error: ImportError, place: Place | str) -> str:
        if "partially initialized module" in str(error):
            return (
                f"{place} begins an import cycle: your file imports a module that imports your file, which is not "
                "finished then; import from modules that do not need yours."
            )
        if isinstance(error, ModuleNotFoundError):
            return f"{place}: there is no module {error.name}; check its name, and whether an earlier cell saves it."
        wanted = getattr(error, "name_from", None) or _imported_name(error)
        if wanted and error.name:
            if error.name == self.file.removesuffix(".py").replace("/", "."):
                return f"{self.name} does not define `{wanted}`, which {place} imports: define it."
            return f"{place}: the module {error.name} has no name `{wanted}`; check how it is spelt."
        return f"{kind_and_text(error)} in {place}."

    def of_check(self, error: BaseException, check_file: str) -> Verdict:
        """What an exception that a check let through says about the answer."""
        error = _plain(error)
        place = self.place(error)
        if self.is_stub_error(error):
            where = self.place(_root_cause(error)) or self.name
            return Verdict("failed", sentence(f"The stub is still there ({where}): put your code in its place."), False)
        if isinstance(error, pytest.skip.Exception | pytest.xfail.Exception):
            who = f"{place} skips this check" if place else "This check was skipped"
            return Verdict("failed", sentence(f"{who}: a skipped check never counts as passed."))
        if isinstance(error, pytest.fail.Exception) and place is None:
            return Verdict("failed", sentence(str(error.msg)))
        if isinstance(error, AssertionError) and self._raised_by_answer(error) is None:
            return Verdict("failed", self._of_assertion(error, check_file))
        if isinstance(error, RecursionError) and place:
            return Verdict("failed", sentence(f"RecursionError: the code calls itself without an end, in {place}."))
        if isinstance(error, ImportError) and place:
            return Verdict("failed", sentence(self._of_import_error(error, place)))
        if not isinstance(error, Exception) or isinstance(error, pytest.exit.Exception):
            if place is None:
                return Verdict("failed", sentence(f"{kind_and_text(error)}: the code must not end the program."))
            return Verdict("failed", sentence(f"{kind_and_text(error)} in {place}: the code must not end the program."))
        if place is not None:
            return Verdict("failed", sentence(f"{kind_and_text(error)} in {place}."))
        line = _check_line(error, check_file)
        return Verdict("error", sentence(f"The check could not go on after `{line}`: {kind_and_text(error)}."))

    def in_short(self, error: BaseException) -> str:
        """The exception and where it was raised: `KeyError: 'sub' in core/tokens.py, line 12`."""
        error, place = _plain(error), self.place(error)
        return kind_and_text(error) + (f" in {place}" if place else "")

    def _of_assertion(self, error: AssertionError, check_file: str) -> str:
        said, _, _ = _string(error).partition("\nassert ")
        if said and not said.startswith("assert "):
            return sentence(said)
        held = said.removeprefix("assert ").partition("\n")[0]
        line = _check_line(error, check_file).removeprefix("assert ")
        if held and held != line:
            return sentence(f"`{line}` does not hold: {held}.")
        return sentence(f"`{line}` does not hold.")

    def is_stub_error(self, error: BaseException) -> bool:
        """Whether the stub's `NotImplementedError("exercise 3.2")` is at the root of the error."""
        root = _root_cause(error)
        return isinstance(root, NotImplementedError) and str(root) == f"exercise {self.exercise_id}"

    def place(self, error: BaseException) -> Place | None:
        """Where the error was raised: the innermost line of the answer, else the innermost of the app."""
        for cause in _causes(error):
            in_answer = [frame for frame in _frames(cause.__traceback__) if self._is_answer(frame[0])]
            in_app = [frame for frame in _frames(cause.__traceback__) if frame[0].startswith(self.tree)]
            for filename, line in (in_answer or in_app)[-1:] if self.exercise_id else in_app[-1:]:
                relative = Path(filename).relative_to(self.tree).as_posix()
                return Place(shown(relative), line, _short(self._line(filename, line), 120))
        return None

    def place_in_dump(self, dump: str) -> Place | None:
        """The innermost line of the answer in a dump that `faulthandler` wrote, else of the app."""
        frames: list[tuple[str, int]] = []
        for line in dump.splitlines():
            head, separator, rest = line.strip().removeprefix('File "').partition('", line ')
            number = rest.partition(" ")[0]
            if separator and number.isdecimal():
                frames.append((head, int(number)))
        own = [frame for frame in frames if self._is_answer(frame[0])]
        app = [frame for frame in frames if frame[0].startswith(self.tree)]
        for filename, number_ in (own or app)[:1] if self.exercise_id else app[:1]:
            relative = Path(filename).relative_to(self.tree).as_posix()
            return Place(shown(relative), number_, _short(self._line(filename, number_), 120))
        return None

    def _is_answer(self, filename: str) -> bool:
        return Path(filename) == self._answer

    def _raised_by_answer(self, error: BaseException) -> tuple[str, int] | None:
        frames = _frames(error.__traceback__)
        return frames[-1] if frames and frames[-1][0].startswith(self.tree) else None

    @staticmethod
    def _line(filename: str, number: int) -> str:
        return linecache.getline(filename, number).strip()


def shown(file: str) -> str:
    """The path of an answer as messages show it."""
    return file.removeprefix("course_app/")


_TREE = re.compile(r"/[^\s'\"]*/run(-[0-9a-f]{8})?/tree/")


def sentence(text: str) -> str:
    """`text` on one line, without the check's folder or characters that cannot be printed, and not without end."""
    line = " ".join(_TREE.sub("", text.encode("utf-8", "backslashreplace").decode()).split())
    return _short("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line), LONGEST_MESSAGE)


def kind_and_text(error: BaseException) -> str:
    """`KeyError: 'sub'`."""
    text = text_of(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def text_of(error: BaseException) -> str:
    """What the exception says, on one line."""
    if isinstance(error, SyntaxError):
        return error.msg or ""
    lines = [line.strip() for line in _string(error).splitlines() if "For further information visit" not in line]
    return _short(" ".join(line for line in lines if line).rstrip("."), LONGEST_TEXT)


def _string(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return ""


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 2] + " …"


def _plain(error: BaseException) -> BaseException:
    """The one exception in a group of one, as task groups raise it."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, then what caused it."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        cause = current.__cause__
        current = _plain(cause) if cause is not None else None


def _root_cause(error: BaseException) -> BaseException:
    return list(_causes(_plain(error)))[-1]


def _frames(trace: TracebackType | None) -> list[tuple[str, int]]:
    return [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(trace)]


def _check_line(error: BaseException, check_file: str) -> str:
    lines = [line for filename, line in _frames(error.__traceback__) if filename == check_file]
    return _short(linecache.getline(check_file, lines[-1]).strip(), 160) if lines else "its start"


def _imported_name(error: ImportError) -> str | None:
    """Python 3.11 has the missing name only in the text: cannot import name 'x' from 'y'."""
    parts = str(error).split("'")
    return parts[1] if str(error).startswith("cannot import name") and len(parts) > 2 else None
