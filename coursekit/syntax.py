"""Comparing Python sources by what they say, whatever their comments, blank lines and spaces."""

from __future__ import annotations

import ast
import threading

# CPython 3.11 counts the depth of all trees that are made at one time in one place, and fails when two threads parse.
_PARSING = threading.Lock()


def shape_of(source: str) -> str | None:
    """The syntax tree as text; equal texts mean the same code. None where the source is no Python."""
    try:
        with _PARSING:
            return ast.dump(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
