"""The learner's notebooks: new ones come, untouched ones are replaced, touched ones are left alone."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from coursekit import notebooks
from coursekit.course import Course
from coursekit.errors import WorkspaceError
from coursekit.workspace import Workspace

NAME = "01_first.ipynb"


def write(path: Path, *sources: str, output: str = "") -> None:
    cells = [nbformat.v4.new_code_cell(source, id=f"c{index}") for index, source in enumerate(sources)]
    if output:
        cells[0].outputs = [nbformat.v4.new_output("stream", text=output)]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


def sources(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    write(tmp_path / "notebooks" / NAME, "1 + 1")
    return tmp_path / "notebooks"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace", Course(tmp_path, ()))


def test_a_missing_notebook_is_copied(built: Path, workspace: Workspace) -> None:
    assert notebooks.refresh(workspace, built) == []
    assert sources(workspace.folder / NAME) == ["1 + 1"]


def test_a_learner_starts_without_outputs(built: Path, workspace: Workspace) -> None:
    write(built / NAME, "1 + 1", output="2")
    notebooks.refresh(workspace, built)
    assert nbformat.read(workspace.folder / NAME, as_version=4).cells[0].outputs == []


def test_an_untouched_one_is_replaced_though_it_was_run(built: Path, workspace: Workspace) -> None:
    notebooks.refresh(workspace, built)
    write(workspace.folder / NAME, "1 + 1", output="2")
    write(built / NAME, "1 + 2")
    assert notebooks.refresh(workspace, built) == []
    assert sources(workspace.folder / NAME) == ["1 + 2"]


def test_beside_a_touched_one_the_newer_is_put_once(built: Path, workspace: Workspace) -> None:
    notebooks.refresh(workspace, built)
    write(workspace.folder / NAME, "my own work")
    write(built / NAME, "1 + 2")
    (put_beside,) = notebooks.refresh(workspace, built)
    assert (put_beside.theirs, put_beside.newer) == (NAME, "01_first.new.ipynb")
    assert sources(workspace.folder / NAME) == ["my own work"]
    assert sources(workspace.folder / "01_first.new.ipynb") == ["1 + 2"]
    assert notebooks.refresh(workspace, built) == []


def test_a_second_newer_version_does_not_replace_the_first(built: Path, workspace: Workspace) -> None:
    notebooks.refresh(workspace, built)
    write(workspace.folder / NAME, "my own work")
    for version in ("1 + 2", "1 + 3"):
        write(built / NAME, version)
        notebooks.refresh(workspace, built)
    assert sources(workspace.folder / "01_first.new.ipynb") == ["1 + 2"]
    assert sources(workspace.folder / "01_first.new2.ipynb") == ["1 + 3"]


def test_new_outputs_alone_are_no_new_version(built: Path, workspace: Workspace) -> None:
    notebooks.refresh(workspace, built)
    write(workspace.folder / NAME, "1 + 1", output="theirs")
    write(built / NAME, "1 + 1", output="ours")
    notebooks.refresh(workspace, built)
    assert "theirs" in (workspace.folder / NAME).read_text()


def test_a_damaged_notebook_is_theirs(built: Path, workspace: Workspace) -> None:
    notebooks.refresh(workspace, built)
    (workspace.folder / NAME).write_bytes(b"\xff{")
    write(built / NAME, "1 + 2")
    assert len(notebooks.refresh(workspace, built)) == 1
    assert (workspace.folder / NAME).read_bytes() == b"\xff{"


def test_without_built_notebooks_there_is_a_sentence(tmp_path: Path, workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="There are no notebooks"):
        notebooks.refresh(workspace, tmp_path / "nowhere")
