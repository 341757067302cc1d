"""The cells of a MyST notebook, read by jupytext once for each version of the file.

Importing jupytext takes seconds, which every kernel would pay: what it read is kept in `.cache/`, by the file's digest.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path

from coursekit.errors import CourseError
from coursekit.files import write_whole

SourceCell = tuple[str, str, tuple[str, ...]]
"""Kind (`markdown`, `code`), source, tags."""


def read_cells(file: Path, cache: Path) -> list[SourceCell]:
    """The cells of `file` in their order."""
    content = file.read_bytes()
    cached = cache / f"{hashlib.sha256(content).hexdigest()}.json"
    with contextlib.suppress(OSError, ValueError):
        return [(kind, source, tuple(tags)) for kind, source, tags in json.loads(cached.read_bytes())]

    import jupytext

    notebook = jupytext.reads(content.decode("utf-8"), fmt="md:myst")
    cells = [(cell.cell_type, cell.source, tuple(cell.metadata.get("tags", ()))) for cell in notebook.cells]
    with contextlib.suppress(CourseError):  # a folder that cannot be written costs time, nothing else
        write_whole(cached, json.dumps(cells))
    return cells
