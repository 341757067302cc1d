"""What is stored in the built notebooks: every code cell is compared by nbval, and next to nothing is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from coursekit.course import Course

FOLDERS = ("notebooks", "solutions")
IGNORED_AT_MOST = 0.03
SKIPPING = {"nbval-skip", "raises-exception", "nbval-raises-exception"}
IN_SOURCE = ("NBVAL_IGNORE_OUTPUT", "NBVAL_SKIP", "NBVAL_RAISES_EXCEPTION")


def code_cells(root: Path, folder: str) -> list[tuple[str, Any]]:
    """The name of its notebook with each code cell of a folder."""
    notebooks = sorted((root / folder).glob("*.ipynb"))
    return [
        (f"{folder}/{path.name}, code cell {position}", cell)
        for path in notebooks
        for position, cell in enumerate(
            (cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"), start=1
        )
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_there_is_a_notebook_for_every_chapter(course: Course, root: Path, folder: str) -> None:
    built = {path.name for path in (root / folder).iterdir() if not path.name.startswith(".")}
    assert built == {f"{chapter.name}.ipynb" for chapter in course.chapters}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_code_cell_is_compared(root: Path, folder: str) -> None:
    cells = code_cells(root, folder)
    assert cells
    assert [place for place, cell in cells if cell.execution_count is None] == []
    assert [place for place, cell in cells if SKIPPING & set(cell.metadata.get("tags", ()))] == []
    assert [place for place, cell in cells if any(word in cell.source for word in IN_SOURCE)] == []


def test_at_most_three_percent_of_the_outputs_are_ignored(root: Path) -> None:
    cells = [pair for folder in FOLDERS for pair in code_cells(root, folder)]
    ignored = [place for place, cell in cells if "nbval-ignore-output" in cell.metadata.get("tags", ())]
    assert len(ignored) <= IGNORED_AT_MOST * len(cells), ignored


@pytest.mark.parametrize("folder", FOLDERS)
def test_nothing_failed_or_warned(root: Path, folder: str) -> None:
    faults = [
        place
        for place, cell in code_cells(root, folder)
        for output in cell.outputs
        if output.output_type == "error" or output.get("name") == "stderr"
    ]
    assert faults == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_pictures_say_what_they_show(root: Path, folder: str) -> None:
    """An output that is only an image says nothing to a reader who does not see it."""
    faults = [
        place
        for place, cell in code_cells(root, folder)
        for output in cell.outputs
        if any(kind.startswith("image/") for kind in output.get("data", {}))
        and not output["data"].get("text/plain", "").strip()
    ]
    assert faults == []
