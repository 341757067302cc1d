"""Writing files whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from coursekit.errors import WorkspaceError


@contextlib.contextmanager
def saying_why(path: Path) -> Iterator[None]:
    """Turn the system's refusal to read or write `path` into one sentence. Raise `WorkspaceError`."""
    try:
        yield
    except PermissionError as error:
        raise WorkspaceError(
            f"{path} cannot be written or read: permission denied. "
            "Give yourself the right to it, or name another folder in COURSE_WORKSPACE."
        ) from error
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be written or read: {(error.strerror or str(error)).lower()}. Nothing was changed; "
            "make room or name another folder in COURSE_WORKSPACE, then run this again."
        ) from error


def write_whole(path: Path, content: str | bytes) -> None:
    """Write `content` to `path` so that a reader sees the old file or the new one, never half of it."""
    data = content.encode() if isinstance(content, str) else content
    with saying_why(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
