"""One kernel's use of the course: its workspace, its live app, its checkers and its temporary folder."""

from __future__ import annotations

import atexit
import importlib
import os
import secrets
import shutil
import tempfile
from collections.abc import MutableMapping
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx

from coursekit.checker import Checker
from coursekit.clock import FrozenClock
from coursekit.course import Chapter, Course, Exercise
from coursekit.errors import CourseError
from coursekit.live_app import Fault, LiveApp, client_for
from coursekit.loader import PACKAGE
from coursekit.progress import digest
from coursekit.show import show
from coursekit.sign_in import SignInFirst, check_role, sign_in
from coursekit.workspace import Workspace, named_folder


def workspace_folder(course: Course, working_directory: Path) -> Path | None:
    """The workspace of a notebook that runs there, or None where nothing is to be kept.

    The built notebooks, in `notebooks/` and `solutions/`, never write to a learner's workspace.
    """
    for built in ("notebooks", "solutions"):
        if working_directory.is_relative_to(course.root / built):
            return None
    named = os.environ.get("COURSE_WORKSPACE")
    return named_folder(named) if named else course.root / "workspace"


class Session:
    """What the magics work on. `names` is the notebook's namespace."""

    def __init__(self, names: MutableMapping[str, Any], course: Course | None = None) -> None:
        self.course = course or Course.load()
        self.names = names
        self.folder = Path(tempfile.mkdtemp(prefix="course-"))
        kept = workspace_folder(self.course, Path.cwd().resolve())
        self.keeps_work = kept is not None
        self.workspace = Workspace(kept or self.folder / "workspace", self.course)
        self.clock = FrozenClock()
        self.live = LiveApp(self.workspace.folder, self.clock, self._vet)
        self._vetted: dict[str, str | None] = {}
        self.chapter: Chapter | None = None
        self._checkers: dict[int, Checker] = {}
        self._clients: list[httpx.AsyncClient] = []
        self._set_environment()
        atexit.register(self.close)

    def _set_environment(self) -> None:
        """Give the live app settings that outlive a save. What is set already stays."""
        os.environ.setdefault("ENVIRONMENT", "test")
        os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
        os.environ.setdefault("DATABASE_URL", f"sqlite+aiosqlite:///{self.folder / 'course_app.db'}")
        os.environ.setdefault("FIRST_ADMIN_EMAIL", "admin@example.com")
        os.environ.setdefault("FIRST_ADMIN_PASSWORD", "Admin-" + secrets.token_urlsafe(12) + "-1a")
        os.environ.setdefault("RATE_LIMIT_PER_MINUTE", "0")  # the clock stands still: a minute would never end

    def open(self, chapter: Chapter) -> None:
        """Start the chapter's checker and put the notebook's names in place."""
        self.chapter = chapter
        self.checker(chapter.number)
        self.names.update(
            client=client_for(self.live),
            client_as=self.client_as,
            client_for=client_for,
            show=show,
            clock=self.clock,
        )

    def current(self) -> Chapter:
        """The chapter that the notebook opened. Raise `CourseError` before `%chapter`."""
        if self.chapter is None:
            raise CourseError("No chapter is open in this kernel: run the notebook's first code cell, then this one.")
        return self.chapter

    def checker(self, number: int) -> Checker:
        """The checker of a chapter, started if need be."""
        if number not in self._checkers:
            checker = Checker(self.course, number, owned_dir=None if self._checkers else self.folder)
            checker.start()
            self._checkers[number] = checker
        return self._checkers[number]

    def exercise(self, exercise_id: str) -> Exercise:
        """The exercise of that id."""
        return self.course.exercise(exercise_id)

    def client_as(self, role: str, name: str | None = None) -> httpx.AsyncClient:
        """Return a client that is signed in as an account of that role; another `name` is another account."""
        check_role(role)
        try:
            admin = (os.environ["FIRST_ADMIN_EMAIL"], os.environ["FIRST_ADMIN_PASSWORD"])
        except KeyError:
            raise CourseError(
                "FIRST_ADMIN_EMAIL and FIRST_ADMIN_PASSWORD are gone from os.environ: restart the kernel."
            ) from None
        account = SignInFirst(lambda: sign_in(lambda: client_for(self.live), role, admin=admin, name=name))
        return client_for(self.live, auth=account)

    def reload(self) -> Fault | None:
        """Bring the live app up to date and rebind the names that the notebook imported from it."""
        fault = self.live.build()
        self._rebind()
        return fault

    def _vet(self) -> str | None:
        """Import files of the learner's own away from this kernel first: they may end or hang the process."""
        files = self.workspace.app_files()
        own = {path: source for path, source in files.items() if not self.workspace.is_known(path, source)}
        key = digest(repr(sorted(files.items())))
        if not own or self.chapter is None:
            return None
        if key not in self._vetted:
            self._vetted[key] = self.checker(self.chapter.number).try_import(files)
        return self._vetted[key]

    def _rebind(self) -> None:
        """Point imported names at the new build, so that `isinstance` holds across a reload."""
        for name, value in list(self.names.items()):
            is_module = isinstance(value, ModuleType)
            module = getattr(value, "__name__" if is_module else "__module__", None)
            if not isinstance(module, str) or module.partition(".")[0] != PACKAGE:
                continue
            if not is_module and not (callable(value) and hasattr(value, "__qualname__")):
                continue
            try:
                new: Any = importlib.import_module(module)
            except Exception:  # the file is broken or gone: the name keeps what it was
                continue
            for part in () if is_module else value.__qualname__.split("."):
                new = getattr(new, part, None)
            if new is not None:
                self.names[name] = new

    def close(self) -> None:
        """End the helper processes and delete the kernel's folder."""
        for checker in self._checkers.values():
            checker.close()
        self._checkers.clear()
        shutil.rmtree(self.folder, ignore_errors=True)
