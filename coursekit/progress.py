"""What the kit remembers of a workspace beside its files: `progress.json`.

Which attempts there were and how they ended is not in it: the files under `attempts/` say that themselves.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coursekit.errors import WorkspaceError
from coursekit.files import saying_why, write_whole


def digest(source: str) -> str:
    """Identify a file's content."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()


class WrittenFile(BaseModel):
    """A file as the kit wrote it last, and the cell that it belongs to."""

    sha256: str
    chapter: int
    cell: int


class Progress(BaseModel):
    """The content of `progress.json`."""

    model_config = ConfigDict(extra="forbid")

    version: int = 1
    files: dict[str, WrittenFile] = Field(default_factory=dict)
    last_cell: dict[int, int] = Field(default_factory=dict)
    """The last cell that was saved, by chapter."""
    mine: list[str] = Field(default_factory=list)
    """Exercises whose failing answer runs in the app, because the learner asked for it."""
    notebooks: dict[str, str] = Field(default_factory=dict)
    """Digest of the sources of each notebook as it was put into the workspace."""


def read_progress(path: Path) -> Progress:
    """Read it; a missing file is a fresh start. Raise `WorkspaceError` when it is damaged."""
    with saying_why(path):
        if not path.exists():
            return Progress()
        data = path.read_bytes()
    try:
        return Progress.model_validate_json(data)
    except ValidationError:
        raise WorkspaceError(
            f"{path} is damaged and cannot be read: rename or delete it, then run this again; "
            "your app and your attempts are files of their own and stay as they are."
        ) from None


def write_progress(path: Path, progress: Progress) -> None:
    """Write it whole or not at all."""
    write_whole(path, progress.model_dump_json(indent=2) + "\n")
