"""Notices that an answer replaced a function or class that the checks rely on.

A check is only as honest as `httpx`, `pytest` and the built-in functions that it runs on, and the answer shares a
process with them. So they are compared, entry by entry, with what they were before the answer was imported.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import (
    BuiltinFunctionType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

WATCHED = (
    "os",
    "json",
    "time",
    "importlib",
    "traceback",
    "asyncio.tasks",
    "asyncio.runners",
    "asyncio.base_events",
    "pytest",
    "_pytest.outcomes",
    "_pytest.python",
    "_pytest.python_api",
    "_pytest.raises",
    "_pytest.runner",
    "_pytest.fixtures",
    "_pytest.monkeypatch",
    "_pytest.nodes",
    "_pytest.main",
    "_pytest.assertion.rewrite",
    "_pytest.assertion.util",
    "pluggy",
    "pluggy._hooks",
    "pluggy._manager",
    "pluggy._callers",
    "anyio.pytest_plugin",
    "anyio._backends._asyncio",
    "httpx",
    "httpx._client",
    "httpx._models",
    "httpx._urls",
    "httpx._transports.asgi",
    "httpx._transports.base",
    "fastapi",
    "fastapi.applications",
    "fastapi.routing",
    "starlette.applications",
    "starlette.routing",
    "starlette.responses",
    "starlette.requests",
    "coursekit.testing",
    "coursekit.sign_in",
    "coursekit.clock",
    "coursekit.check_fixtures",
    "coursekit.check_child",
    "coursekit.check_messages",
    "coursekit.check_result",
    "coursekit.check_tamper",
    "coursekit.loader",
)

# Plain values (caches, counters, flags) change all the time; what the checks call does not.
_CODE: tuple[type, ...] = (
    FunctionType,
    BuiltinFunctionType,
    MethodDescriptorType,
    WrapperDescriptorType,
    GetSetDescriptorType,
    MemberDescriptorType,
    ModuleType,
    classmethod,
    staticmethod,
    property,
    type,
)

# The answer may replace these too, so they are taken now.
_isinstance, _vars, _zip, _list, _len, _all = isinstance, vars, zip, list, len, all
_modules = sys.modules
_MISSING = object()

# SQLAlchemy writes methods of such names into a class when it is first used.
_WRITTEN_LATER = "_generated_"

_Entry = tuple[Any, tuple[Any, ...]]


class Snapshot:
    """The functions and classes of modules, as they were when the snapshot was taken."""

    def __init__(self, modules: Iterable[ModuleType]) -> None:
        self._modules: list[tuple[str, ModuleType]] = []
        self._namespaces: list[tuple[str, Any, dict[str, _Entry], bool]] = []
        self._builtins = {key: value for key, value in _BUILTINS.items() if isinstance(value, _CODE)}
        seen: set[int] = set()
        for module in modules:
            self._modules.append((module.__name__, module))
            self._add(module.__name__, module, seen, additions_count=False)
            for name, value in list(vars(module).items()):
                if isinstance(value, type) and value.__flags__ & _HEAP_TYPE and value.__module__ in _modules:
                    self._add(f"{module.__name__}.{name}", value, seen, additions_count=True)

    def _add(self, name: str, owner: Any, seen: set[int], *, additions_count: bool) -> None:
        if id(owner) in seen:
            return
        seen.add(id(owner))
        entries = {key: (value, _inside(value)) for key, value in list(vars(owner).items()) if isinstance(value, _CODE)}
        self._namespaces.append((name, owner, entries, additions_count))

    def changed(self) -> str | None:
        """The dotted name of the first thing that is not what it was, or None."""
        replaced = self._put_back_builtins()
        if replaced:
            return replaced
        for name, module in self._modules:
            if _modules.get(name) is not module:
                return name
        for name, owner, entries, additions_count in self._namespaces:
            now = _vars(owner)
            for key, (value, inside) in entries.items():
                current = now.get(key, _MISSING)
                if current is not value or (inside and not _same(inside, _inside(current))):
                    return f"{name}.{key}"
            for key in _list(now):
                if key in entries or not _isinstance(now[key], _CODE):
                    continue
                # A global named like a built-in function shadows it for the whole module.
                if (additions_count and not key.startswith(_WRITTEN_LATER)) or key in _BUILTINS:
                    return f"{name}.{key}"
        return None

    def _put_back_builtins(self) -> str | None:
        """Whatever tells of the change needs the built-in functions as they were."""
        replaced = None
        for key, value in self._builtins.items():
            if _BUILTINS.get(key) is not value:
                _BUILTINS[key] = value
                replaced = replaced or f"builtins.{key}"
        return replaced


_HEAP_TYPE = 1 << 9
_BUILTINS = vars(sys.modules["builtins"])


def _inside(value: Any) -> tuple[Any, ...]:
    """What a function consists of: it can be changed in place."""
    if _isinstance(value, FunctionType):
        return value.__code__, value.__defaults__, value.__kwdefaults__
    if _isinstance(value, (classmethod, staticmethod)):
        return _inside(value.__func__)
    if _isinstance(value, property):
        return (*_inside(value.fget), *_inside(value.fset))
    return ()


def _same(before: tuple[Any, ...], now: tuple[Any, ...]) -> bool:
    return _len(before) == _len(now) and _all(first is second for first, second in _zip(before, now))


def watched_modules(check_module: ModuleType) -> list[ModuleType]:
    """The modules that no answer may change: the fixed list, the checks themselves and what they import."""
    names = dict.fromkeys(WATCHED)
    for value in vars(check_module).values():
        if isinstance(value, ModuleType):
            names[value.__name__] = None
        elif callable(value):
            names[str(getattr(value, "__module__", ""))] = None
    names[check_module.__name__] = None
    return [module for name in names if isinstance(module := sys.modules.get(name), ModuleType)]
