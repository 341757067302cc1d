"""The imports of `course_app` point one way: api -> services -> db and core; nobody imports from above."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from coursekit.course import Course

MAY_IMPORT = {
    "main": {"api", "middleware", "services", "schemas", "tasks", "db", "core"},
    "api": {"api", "services", "schemas", "tasks", "db", "core"},
    "middleware": {"middleware", "schemas", "core"},
    "tasks": {"tasks", "services", "schemas", "db", "core"},
    "services": {"services", "schemas", "db", "core"},
    "db": {"db", "core"},
    "migrations": {"db"},
    "schemas": {"schemas", "core"},
    "core": {"core"},
}


def imported(source: str) -> Iterator[str]:
    """The modules of `course_app` that a file imports, wherever in the file it does."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the direction"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] in ("course_app", "coursekit"))


def test_imports_point_one_way(course: Course) -> None:
    uphill = set()
    for _, path, source in course.saves:
        if not path.endswith(".py"):
            continue
        layer = path.split("/")[1].removesuffix(".py")
        for name in imported(source):
            top, _, rest = name.partition(".")
            if top != "course_app" or rest.partition(".")[0] not in MAY_IMPORT[layer]:
                uphill.add(f"{path} imports {name}")
    assert uphill == set()


def test_nobody_imports_in_a_circle(course: Course) -> None:
    app = course.finished_app()
    modules = {
        path.removesuffix(".py").replace("/", "."): source for path, source in app.items() if path.endswith(".py")
    }
    edges = {
        module: {
            target
            for name in imported(source)
            for target in (name, name.rpartition(".")[0])
            if target in modules and target != module
        }
        for module, source in modules.items()
    }
    while leaves := [module for module, targets in edges.items() if not targets & edges.keys()]:
        for module in leaves:
            del edges[module]
    assert sorted(edges) == []
