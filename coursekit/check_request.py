"""One answer to check, and the folder in which that is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from coursekit import loader

IMPORT_ONLY = ""
"""In the place of an exercise's id: import the module and run no checks."""

SECRET_KEY = "a-secret-key-that-only-checks-use-0123456789"


@dataclass(frozen=True)
class Request:
    """One answer to check. `files` is the reference app, path to source, with the answer in its place.

    `until` names a check after whose objection the rest is not run.
    """

    exercise: str
    module: str
    file: str
    files: Mapping[str, str] = field(repr=False)
    nonce: str = field(repr=False)
    time_limit: float
    memory_limit: int
    environment: Mapping[str, str] = field(default_factory=dict)
    until: str | None = None


@dataclass(frozen=True)
class RunFolder:
    """The folder of one check, deleted after it."""

    path: Path

    @property
    def tree(self) -> Path:
        """What `course_app` and `exercises` are imported from."""
        return self.path / "tree"

    @property
    def home(self) -> Path:
        """The working directory, and where temporary files go."""
        return self.path / "home"

    @property
    def output(self) -> Path:
        """What the process prints."""
        return self.path / "output"

    @property
    def results(self) -> Path:
        """What the process reports, one JSON object a line."""
        return self.path / "results"

    @property
    def crash(self) -> Path:
        """Where Python was when it crashed or was stopped."""
        return self.path / "crash"

    def prepare(self, request: Request) -> None:
        """Write the files that the check needs."""
        self.home.mkdir(parents=True)
        for file in (self.output, self.results, self.crash):
            file.touch()
        folders: set[Path] = set()
        for name, source in request.files.items():
            target = self.tree / name
            if target.parent not in folders:
                target.parent.mkdir(parents=True, exist_ok=True)
                folders.add(target.parent)
            target.write_bytes(source.encode())
        for package in (loader.PACKAGE, "exercises"):
            (self.tree / package).mkdir(exist_ok=True)
            loader.make_packages(self.tree, package)
