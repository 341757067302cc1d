"""Importing `course_app` from one folder and from nowhere else, always from its source.

A stale `.pyc` is loaded when two saves of one size fall into the same second, so no bytecode is read or written.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

PACKAGE = "course_app"

_COMPILED: dict[str, tuple[bytes, CodeType]] = {}
"""By path: the source and what it was compiled to. A save changes one file of a hundred."""


class SourceOnlyLoader(SourceFileLoader):
    """Loads a module from its source and ignores `__pycache__`."""

    def path_stats(self, path: str) -> dict[str, float]:
        """Answer that there is nothing to compare bytecode with; importlib then compiles the source."""
        raise OSError

    def source_to_code(  # type: ignore[override]  # the stubs of importlib promise less than its documentation
        self, data: bytes, path: str, *, _optimize: int = -1
    ) -> CodeType:
        """Compile the source, unless this process has compiled this very text last time."""
        known = _COMPILED.get(path)
        if known is None or known[0] != data:
            known = _COMPILED[path] = (data, super().source_to_code(data, path))
        return known[1]


class AppFinder(MetaPathFinder):
    """Finds `course_app` below `folder`. A name that is not there is not looked for elsewhere."""

    def __init__(self, folder: Path, package: str = PACKAGE) -> None:
        self.folder = folder
        self.package = package

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module of the package. Raise `ModuleNotFoundError` when there is no such file."""
        if fullname.partition(".")[0] != self.package:
            return None
        for entry in [str(self.folder)] if path is None else path:
            spec = FileFinder(entry, (SourceOnlyLoader, [".py"])).find_spec(fullname)
            if spec is not None and spec.loader is not None:
                return spec
        raise ModuleNotFoundError(f"there is no module {fullname} in your app yet", name=fullname)


def install(folder: Path, package: str = PACKAGE) -> None:
    """Make `package` importable from `folder`, instead of any folder that it was importable from before."""
    sys.dont_write_bytecode = True
    sys.meta_path[:] = [
        finder for finder in sys.meta_path if not (isinstance(finder, AppFinder) and finder.package == package)
    ]
    sys.meta_path.insert(0, AppFinder(folder, package))


def purge(package: str = PACKAGE) -> dict[str, ModuleType]:
    """Forget every imported module of the package and return them by name."""
    names = [name for name in sys.modules if name.partition(".")[0] == package]
    return {name: sys.modules.pop(name) for name in names}


@contextmanager
def imported(folder: Path) -> Iterator[ModuleType]:
    """Give `course_app.main` from its source below `folder`. At the end all is importable as it was before."""
    finders, bytecode, before = list(sys.meta_path), sys.dont_write_bytecode, purge()
    install(folder)
    try:
        yield importlib.import_module(f"{PACKAGE}.main")
    finally:
        purge()
        sys.modules.update(before)
        sys.meta_path[:], sys.dont_write_bytecode = finders, bytecode


def make_packages(folder: Path, package: str = PACKAGE) -> None:
    """Put an empty `__init__.py` into the package and every folder of it that has none."""
    for directory in [folder / package, *(path for path in (folder / package).rglob("*") if path.is_dir())]:
        init = directory / "__init__.py"
        if directory.name != "__pycache__" and not init.exists():
            init.touch()
