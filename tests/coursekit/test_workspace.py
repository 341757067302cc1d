"""The learner's folder: nothing of theirs is lost, and what a chapter needs is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coursekit.course import Cell, Course
from coursekit.errors import WorkspaceError
from coursekit.files import write_whole
from coursekit.workspace import Workspace, named_folder, reference_of

MAIN = "course_app/main.py"
ADD = "course_app/core/add.py"


@pytest.fixture
def workspace(course: Course, tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace", course)


def cell_of(course: Course, chapter: int, path: str) -> Cell:
    return next(cell for cell in course.chapter(chapter).cells if cell.path == path)


def answer(workspace: Workspace, source: str, outcome: str) -> None:
    exercise = workspace.course.exercise("2.1")
    attempt = workspace.keep_attempt(exercise, source)
    workspace.judge(attempt, outcome)
    workspace.settle(exercise)


def test_a_chapter_starts_with_the_files_before_it(workspace: Workspace) -> None:
    caught = workspace.catch_up(2)
    assert caught.written == (MAIN,)
    assert workspace.app_file(MAIN) == "first = 1\n"
    assert workspace.catch_up(2).written == ()
    assert (workspace.folder / "course_app" / "__init__.py").is_file()


def test_a_removed_file_goes_and_an_edited_one_is_set_aside(make_course: Callable[..., Course], tmp_path: Path) -> None:
    course = make_course(lambda text: text + "```{code-cell} ipython3\n%remove course_app/core/add.py\n```\n")
    workspace = Workspace(tmp_path / "workspace", course)
    removing = course.chapter(2).cells[-1]
    workspace.settle(course.exercise("2.1"))
    assert workspace.remove(removing) == []
    assert workspace.app_file(ADD) is None
    assert workspace.catch_up(2).written == (MAIN,)
    assert workspace.app_file(ADD) is None
    write_whole(workspace.folder / ADD, "mine = 1\n")
    [(path, aside)] = workspace.catch_up(2).set_aside
    assert (path, workspace.app_file(path)) == (ADD, None)
    assert (workspace.folder / aside).read_text() == "mine = 1\n"


def test_an_open_exercise_has_the_reference_in_the_app(workspace: Workspace) -> None:
    exercise = workspace.course.exercise("2.1")
    answer(workspace, "def add(a, b):\n    return a\n", "failed")
    there = workspace.app_file(ADD)
    assert there == reference_of(exercise)
    assert there.startswith("# Reference version: exercise 2.1 is still open.\n")
    assert workspace.outcome(exercise) == "failed"


def test_a_passing_answer_goes_into_the_app_and_stays(workspace: Workspace) -> None:
    mine = "def add(a, b):\n    return b + a\n"
    answer(workspace, mine, "passed")
    answer(workspace, "def add(a, b):\n    return 0\n", "failed")
    assert workspace.app_file(ADD) == mine
    assert workspace.outcome(workspace.course.exercise("2.1")) == "passed"
    assert [attempt.outcome for attempt in workspace.attempts(workspace.course.exercise("2.1"))] == ["passed", "failed"]


def test_the_same_answer_is_kept_once(workspace: Workspace) -> None:
    for _ in range(3):
        answer(workspace, "x = 1\n", "failed")
    assert len(workspace.attempts(workspace.course.exercise("2.1"))) == 1


def test_mine_and_reference(workspace: Workspace) -> None:
    exercise = workspace.course.exercise("2.1")
    mine = "def add(a, b):\n    return a\n"
    answer(workspace, mine, "failed")
    workspace.settle(exercise, mine=workspace.attempts(exercise)[-1])
    assert workspace.app_file(ADD) == mine
    assert workspace.progress().mine == ["2.1"]
    workspace.settle(exercise, reference=True)
    assert workspace.app_file(ADD) == reference_of(exercise)
    assert workspace.progress().mine == []


def test_a_hand_edit_is_set_aside_before_it_is_replaced(workspace: Workspace) -> None:
    cell = cell_of(workspace.course, 2, MAIN)
    workspace.catch_up(2)
    (workspace.folder / MAIN).write_text("mine = True\n")
    aside = workspace.save(cell, "from course_app.core.add import add\n")
    assert aside == "backups/001/course_app/main.py"
    assert (workspace.folder / aside).read_text() == "mine = True\n"


def test_catching_up_sets_a_hand_edit_aside_too(workspace: Workspace, course: Course) -> None:
    workspace.catch_up(2)
    workspace.save(cell_of(course, 2, MAIN), "from course_app.core.add import add\n")
    (workspace.folder / MAIN).write_text("mine = True\n")
    assert workspace.catch_up(2).set_aside == ()
    assert workspace.app_file(MAIN) == "mine = True\n"
    restarted = workspace.catch_up(2, restart=True)
    assert restarted.set_aside == ((MAIN, "backups/001/course_app/main.py"),)
    assert workspace.app_file(MAIN) == "first = 1\n"


def test_an_older_chapters_cell_needs_force(workspace: Workspace, course: Course) -> None:
    workspace.save(cell_of(course, 2, MAIN), "second = 2\n")
    older = cell_of(course, 1, MAIN)
    with pytest.raises(WorkspaceError, match=r"already at chapter 2's version.*--force"):
        workspace.save(older, "first = 1\n")
    assert workspace.app_file(MAIN) == "second = 2\n"
    workspace.save(older, "first = 1\n", force=True)
    assert workspace.app_file(MAIN) == "first = 1\n"


def test_a_chapter_is_resumed_at_its_last_saved_cell(workspace: Workspace, course: Course) -> None:
    workspace.catch_up(2)
    answer(workspace, "def add(a, b):\n    return b + a\n", "passed")
    shutil.rmtree(workspace.folder / "course_app")
    caught = workspace.catch_up(2)
    assert set(caught.written) == {MAIN, ADD}
    assert workspace.app_file(ADD) == "def add(a, b):\n    return b + a\n"
    assert workspace.app_file(MAIN) == "first = 1\n"


def test_reset_keeps_the_attempts_elsewhere(workspace: Workspace) -> None:
    exercise = workspace.course.exercise("2.1")
    answer(workspace, "def add(a, b):\n    return b + a\n", "passed")
    moved = workspace.reset(exercise)
    assert moved == "backups/001/attempts-2.1"
    assert [path.name for path in (workspace.folder / moved).iterdir()] == ["0001-passed.py"]
    assert workspace.outcome(exercise) == "not_attempted"
    assert workspace.app_file(ADD) == reference_of(exercise)
    assert workspace.reset(exercise) is None


def test_damaged_progress_is_one_sentence_and_deleting_it_loses_nothing(workspace: Workspace) -> None:
    mine = "def add(a, b):\n    return b + a\n"
    answer(workspace, mine, "passed")
    for damage in (b"", b"{", b"\xff\xfe", b'{"version": "x"}', b"[]"):
        workspace.progress_file.write_bytes(damage)
        with pytest.raises(WorkspaceError, match="damaged and cannot be read: rename or delete it"):
            workspace.catch_up(2)
        assert workspace.progress_file.read_bytes() == damage
    workspace.progress_file.unlink()
    workspace.catch_up(2)
    assert workspace.outcome(workspace.course.exercise("2.1")) == "passed"
    assert workspace.app_file(ADD) == mine


def test_two_at_once_lose_nothing(course: Course, tmp_path: Path) -> None:
    exercise = course.exercise("2.1")

    def work(name: str) -> None:
        workspace = Workspace(tmp_path / "workspace", course)
        for number in range(20):
            workspace.keep_attempt(exercise, f"{name} = {number}\n")

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    attempts = Workspace(tmp_path / "workspace", course).attempts(exercise)
    assert len(attempts) == 40
    assert len({attempt.source for attempt in attempts}) == 40
    assert [attempt.number for attempt in attempts] == list(range(1, 41))


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "progress.json"
    write_whole(target, "old")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(WorkspaceError, match=r"no space left on device\. Nothing was changed"):
        write_whole(target, "new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB. Only root may mount one."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("this machine does not let root mount a file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk(course: Course, small_disk: Path) -> None:
    workspace = Workspace(small_disk / "workspace", course)
    mine = "def add(a, b):\n    return b + a\n"
    answer(workspace, mine, "passed")
    before = {path: path.read_bytes() for path in workspace.folder.rglob("*") if path.is_file()}
    with pytest.raises(WorkspaceError, match="no space left on device"):
        answer(workspace, "x = 1\n" * 20_000, "failed")
    after = {path: path.read_bytes() for path in workspace.folder.rglob("*") if path.is_file()}
    assert after == before
    answer(workspace, "x = 2\n", "failed")
    assert workspace.app_file(ADD) == mine


def test_a_read_only_disk(course: Course, small_disk: Path) -> None:
    workspace = Workspace(small_disk / "workspace", course)
    workspace.catch_up(2)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(WorkspaceError, match=r"read-only file system.*COURSE_WORKSPACE"):
        workspace.save(cell_of(course, 2, MAIN), "second = 2\n")
    assert workspace.app_file(MAIN) == "first = 1\n"


def test_a_version_of_their_own_is_set_aside_by_another_cell(workspace: Workspace, course: Course) -> None:
    first, second = cell_of(course, 1, MAIN), cell_of(course, 2, MAIN)
    workspace.save(first, "first = 1\nmine = 2\n")
    assert workspace.save(first, "first = 1\nmine = 3\n") is None
    aside = workspace.save(second, "from course_app.core.add import add\n")
    assert aside == "backups/001/course_app/main.py"
    assert (workspace.folder / aside).read_text() == "first = 1\nmine = 3\n"
    assert workspace.save(first, "first = 1\n", force=True) is None


def test_a_reset_of_what_was_never_tried_changes_nothing(workspace: Workspace) -> None:
    assert workspace.reset(workspace.course.exercise("2.1")) is None
    assert not (workspace.folder / "course_app").exists()
    assert workspace.progress().last_cell == {}


def test_stray_files_among_the_attempts_are_left_alone(workspace: Workspace) -> None:
    answer(workspace, "x = 1\n", "failed")
    folder = workspace.attempts_folder / "2.1"
    (folder / "0001-backup.py").write_text("mine")
    (folder / "0007-failed.py").write_bytes(b"caf\xe9 = 1\n")
    answer(workspace, "x = 2\n", "failed")
    numbers = [attempt.number for attempt in workspace.attempts(workspace.course.exercise("2.1"))]
    assert numbers == [1, 7, 8]
    assert (folder / "0001-backup.py").read_text() == "mine"


def test_two_judge_the_same_attempt(workspace: Workspace) -> None:
    attempt = workspace.keep_attempt(workspace.course.exercise("2.1"), "x = 1\n")
    assert workspace.judge(attempt, "passed").path.exists()
    assert workspace.judge(attempt, "passed").path.exists()


@pytest.mark.parametrize("named", ["~nosuchuser/x", "/etc/hostname"])
def test_a_workspace_that_is_no_folder(named: str) -> None:
    with pytest.raises(WorkspaceError, match=r"COURSE_WORKSPACE is .* unset it"):
        named_folder(named)
