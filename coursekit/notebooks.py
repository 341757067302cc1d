"""Putting the built notebooks into a workspace, and newer versions of them later."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from coursekit.errors import WorkspaceError
from coursekit.files import saying_why, write_whole
from coursekit.progress import digest
from coursekit.workspace import Workspace

START = "00_start_here.ipynb"


@dataclass(frozen=True)
class PutBeside:
    """A newer version of a notebook that the learner has worked in: `theirs` is untouched, `newer` lies beside it."""

    theirs: str
    newer: str

    def __str__(self) -> str:
        return f"{self.theirs} has a new version; you have worked in yours, so the new one is beside it: {self.newer}"


def sources_digest(notebook: bytes) -> str:
    """Identify what is written in a notebook's cells; outputs and counts are left out.

    A file that is no notebook any more counts as touched: it is identified by its bytes.
    """
    try:
        cells = [(cell["cell_type"], "".join(cell["source"]).rstrip()) for cell in json.loads(notebook)["cells"]]
    except (ValueError, LookupError, TypeError):
        return digest(notebook.decode("utf-8", "replace"))
    return digest(json.dumps(cells))


def without_outputs(notebook: bytes) -> bytes:
    """The notebook as a learner gets it: what its cells print, they see when they run it."""
    content = json.loads(notebook)
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n"


def refresh(workspace: Workspace, built: Path) -> list[PutBeside]:
    """Bring the workspace's notebooks up to date with the folder `built`.

    A missing notebook is copied. When there is a newer version, one whose cells the learner has not touched is
    replaced; beside a touched one the newer is put, and returned. Raise `WorkspaceError` without built notebooks.
    """
    sources = sorted(built.glob("*.ipynb"))
    if not sources:
        raise WorkspaceError(f"There are no notebooks in {built}: run `course build`, or get the project anew.")
    beside: list[PutBeside] = []
    with workspace.changing() as progress:
        for source in sources:
            content = without_outputs(source.read_bytes())
            newest = sources_digest(content)
            target = workspace.folder / source.name
            with saying_why(target):
                theirs = target.read_bytes() if target.exists() else None
            put = progress.notebooks.get(source.name)
            if theirs is None:
                write_whole(target, content)
            elif newest not in (put, sources_digest(theirs)):
                if sources_digest(theirs) == put:
                    write_whole(target, content)
                else:
                    newer = _free_name(workspace.folder, source.name)
                    write_whole(newer, content)
                    beside.append(PutBeside(source.name, newer.name))
            progress.notebooks[source.name] = newest
    return beside


def _free_name(folder: Path, name: str) -> Path:
    """`03_authentication.new.ipynb`, or with a number where that is there already."""
    stem = name.removesuffix(".ipynb")
    number = 1
    while (path := folder / f"{stem}.new{'' if number == 1 else number}.ipynb").exists():
        number += 1
    return path
