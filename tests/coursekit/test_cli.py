"""The `course` command as a shell sees it: output, exit status, one sentence instead of a traceback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from coursekit.course import Course, Exercise

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `course` with a workspace of its own."""

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        variables = os.environ | {"COURSE_WORKSPACE": str(tmp_path / "workspace")} | environment
        command = [str(Path(sys.executable).with_name("course")), *map(str, arguments)]
        return subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def exercise() -> Exercise:
    return Course.load().exercise("1.1")


def is_one_sentence(done: subprocess.CompletedProcess[str]) -> bool:
    return done.stdout == "" and done.stderr.count("\n") == 1 and done.stderr.endswith(".\n")


@pytest.mark.parametrize("command", ["check", "solution", "reset"])
@pytest.mark.parametrize("wrong_id", ["99.9", "one", "1", "1.1.1", ""])
def test_an_unknown_exercise_is_a_usage_error(run: Run, command: str, wrong_id: str) -> None:
    done = run(command, wrong_id)
    assert done.returncode == 2
    assert is_one_sentence(done), done.stderr


@pytest.mark.parametrize("command", ["build", "prove", "mutate"])
def test_an_unknown_chapter_is_a_usage_error(run: Run, command: str) -> None:
    done = run(command, 99)
    assert done.returncode == 2
    assert is_one_sentence(done), done.stderr


def test_an_answer_that_is_not_there_is_a_usage_error(run: Run) -> None:
    done = run("check", "1.1", "--answer", "nowhere.py")
    assert done.returncode == 2
    assert "nowhere.py" in done.stderr


def check(run: Run, tmp_path: Path, exercise: Exercise, answer: str | bytes) -> tuple[int, dict[str, object]]:
    file = tmp_path / "answer.py"
    file.write_bytes(answer.encode() if isinstance(answer, str) else answer)
    done = run("check", exercise.id, "--answer", file, "--json")
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_check_tells_the_outcome_by_its_status(run: Run, tmp_path: Path, exercise: Exercise) -> None:
    status, report = check(run, tmp_path, exercise, exercise.solution)
    assert (status, report["outcome"], report["exercise"]) == (0, "passed", "1.1")
    checks = report["checks"]
    assert isinstance(checks, list)
    assert checks
    assert {"name", "title", "outcome", "message"} <= checks[0].keys()
    assert check(run, tmp_path, exercise, exercise.stub)[0] == 4
    assert check(run, tmp_path, exercise, "def new_application(")[0] == 3
    assert check(run, tmp_path, exercise, "\ufeff" + exercise.solution)[0] == 0
    assert check(run, tmp_path, exercise, b"\xff\xfe\x00")[0] == 3


def test_check_without_an_answer_takes_the_last_attempt(run: Run) -> None:
    assert run("check", "1.1").returncode == 4


def test_a_solution_is_the_file_itself(run: Run, exercise: Exercise) -> None:
    assert run("solution", "1.1").stdout == exercise.solution


def test_status_lists_every_exercise(run: Run) -> None:
    report = json.loads(run("status", "--json").stdout)
    listed = [row["exercise"] for chapter in report["chapters"] for row in chapter["exercises"]]
    assert listed == [exercise.id for exercise in Course.load().exercises()]
    assert "exercises solved" in run("status").stdout


def test_reset_without_attempts_changes_nothing(run: Run) -> None:
    done = run("reset", "1.1")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("damage", ["{", "[]", '{"version": "x"}', "\x00", '{"surprise": 1}'])
def test_damaged_progress_is_a_sentence(run: Run, tmp_path: Path, damage: str) -> None:
    progress = tmp_path / "workspace" / "progress.json"
    progress.parent.mkdir()
    progress.write_text(damage)
    for command in (["status"], ["reset", "1.1"], ["lab", "--no-browser"]):
        done = run(*command)
        assert done.returncode == 1
        assert is_one_sentence(done), done.stderr
        assert str(progress) in done.stderr
    assert progress.read_text() == damage


def test_a_workspace_that_cannot_be_written_is_a_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for command in (["reset", "1.1"], ["lab", "--no-browser"]):
        done = run(*command, COURSE_WORKSPACE=str(tmp_path / "file" / "workspace"))
        assert done.returncode == 1
        assert is_one_sentence(done), done.stderr


def test_a_taken_port_is_a_sentence(run: Run, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        (tmp_path / "workspace" / "course_app").mkdir(parents=True)
        (tmp_path / "workspace" / "course_app" / "main.py").touch()
        for command in (["lab", "--no-browser", "--port", port], ["serve", "--port", port]):
            done = run(*command)
            assert done.returncode == 1
            assert is_one_sentence(done), done.stderr


def test_serve_without_an_app_is_a_sentence(run: Run) -> None:
    done = run("serve")
    assert done.returncode == 1
    assert is_one_sentence(done), done.stderr


def test_without_arguments_it_lists_its_commands(run: Run) -> None:
    listing = run("--help").stdout
    for command in ("lab", "status", "check", "solution", "reset", "serve", "build", "prove", "mutate"):
        assert command in listing
