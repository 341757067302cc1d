"""Chapter 01 in a real kernel, with what learners do to notebooks."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.manager import KernelManager

from coursekit.course import Course

OPEN = "%load_ext coursekit\n%chapter 1"
REPAIRED = """\
%%exercise 1.1 course_app/core/application.py
from fastapi import FastAPI


def new_application(settings, *, clock, lifespan):
    app = FastAPI(version="1.0.0", title="Course app", lifespan=lifespan)
    app.state.settings, app.state.clock = settings, clock
    return app
"""


class Kernel:
    """A kernel that stands in a learner's workspace."""

    def __init__(self, workspace: Path) -> None:
        workspace.mkdir(parents=True, exist_ok=True)
        self.workspace = workspace
        self.manager = KernelManager(kernel_name="python3")
        environment = {**os.environ, "COURSE_WORKSPACE": str(workspace), "PYTHONWARNINGS": "default"}
        self.manager.start_kernel(cwd=str(workspace), env=environment, stderr=-3)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str, timeout: float = 60) -> str:
        """What the cell printed and showed, as text; an exception as `Name: text`."""
        said: list[str] = []

        def take(message: dict[str, Any]) -> None:
            content = message["content"]
            match message["msg_type"]:
                case "stream":
                    said.append(content["text"].rstrip())
                case "display_data" | "execute_result":
                    said.append(content["data"]["text/plain"])
                case "error":
                    said.append(f"{content['ename']}: {content['evalue']}")

        self.client.execute_interactive(code, timeout=timeout, output_hook=take, allow_stdin=False)
        return "\n".join(said)

    def kill(self) -> None:
        """End it as the system does when memory runs out."""
        pid = self.manager.provisioner.process.pid  # type: ignore[union-attr]
        os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """Shut it down."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


@pytest.fixture
def kernel_in(tmp_path: Path) -> Iterator[Callable[[str], Kernel]]:
    """Start a kernel in a workspace of that name; the same name again is a second notebook in it."""
    started: list[Kernel] = []

    def start(name: str = "workspace") -> Kernel:
        started.append(Kernel(tmp_path / name))
        return started[-1]

    yield start
    for kernel in started:
        kernel.close()


@pytest.fixture
def kernel(kernel_in: Callable[..., Kernel]) -> Kernel:
    return kernel_in()


@pytest.fixture(scope="module")
def cells() -> list[str]:
    """The code cells of chapter 01, as an untouched learner has them."""
    return [cell.stubbed() for cell in Course.load().chapter(1).cells if cell.kind == "code"]


def cell_with(cells: list[str], text: str) -> str:
    return next(cell for cell in cells if text in cell)


def run_through(kernel: Kernel, cells: list[str], last: str) -> None:
    """Run the chapter's cells up to the one that contains `last`."""
    for cell in cells:
        kernel.run(cell)
        if last in cell:
            return


def test_wrong_then_right_then_twice(kernel: Kernel) -> None:
    kernel.run(OPEN)
    forgotten = REPAIRED.replace(", lifespan=lifespan", "")
    assert "not yet, 5 of 6 checks passed" in kernel.run(forgotten)
    assert "passed, 6 of 6 checks" in kernel.run(REPAIRED)
    assert "passed, 6 of 6 checks" in kernel.run(REPAIRED)
    kept = sorted(path.name for path in (kernel.workspace / "attempts" / "1.1").iterdir())
    assert kept == ["0001-failed.py", "0002-passed.py"]
    assert (kernel.workspace / "course_app/core/application.py").read_text() == REPAIRED.partition("\n")[2]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("def new_application(:", r"line 1: `def new_application\(:`"),
        ("import os\nos._exit(0)", "does not run"),
        ("raise SystemExit(0)", "does not run"),
        ("import pytest\npytest.skip('x', allow_module_level=True)", "does not run"),
        ("from course_app.core.gone import x", "does not run"),
        ("import ctypes\nctypes.string_at(0)", "does not run"),
    ],
)
def test_bad_code_is_told_and_the_kernel_lives(kernel_in: Callable[..., Kernel], bad: str, said: str) -> None:
    kernel = kernel_in()
    kernel.run(OPEN)
    verdict = kernel.run("%%exercise 1.1 course_app/core/application.py\n" + bad)
    assert re.search(said, verdict), verdict
    assert "Traceback" not in verdict
    assert "uses the reference version of course_app/core/application.py" in verdict
    assert kernel.run("1 + 1") == "2"
    assert "passed, 6 of 6 checks" in kernel.run(REPAIRED)


def test_a_save_that_does_not_parse(kernel: Kernel, cells: list[str]) -> None:
    run_through(kernel, cells, "%%save course_app/main.py")
    said = kernel.run("%%save course_app/core/clock.py\ndef utc_now(:")
    assert "core/clock.py, line 1: `def utc_now(:` is not valid Python" in said
    assert "The last version of the app that worked goes on." in said
    assert "GET /health/live -> 200 OK" in kernel.run('show(await client.get("/health/live"))')


def test_a_deleted_cell(kernel: Kernel, cells: list[str]) -> None:
    for cell in cells:
        if "%%save course_app/core/redis.py" not in cell:
            said = kernel.run(cell)
        if "%%save course_app/main.py" in cell:
            assert "there is no module course_app.core.redis in your app yet" in said
            break
    assert "Your app cannot answer" in kernel.run('await client.get("/health/live")')
    kernel.run(cell_with(cells, "%%save course_app/core/redis.py"))
    assert "200 OK" in kernel.run('show(await client.get("/health/live"))')


def test_out_of_order_and_without_the_first_cell(kernel: Kernel, cells: list[str]) -> None:
    kernel.run("%load_ext coursekit")
    assert "run the notebook's first code cell" in kernel.run(REPAIRED)
    kernel.run(OPEN)
    assert kernel.run(cell_with(cells, "%%save course_app/main.py")).startswith("Saved course_app/main.py")
    assert "passed, 6 of 6" in kernel.run(REPAIRED)


def test_a_killed_kernel_loses_nothing(kernel_in: Callable[..., Kernel], cells: list[str]) -> None:
    first = kernel_in()
    run_through(first, cells, "%%exercise 1.3")
    first.run(REPAIRED)
    first.kill()
    second = kernel_in()
    assert "1 of 6 exercises passed" in second.run(OPEN)
    run_through(second, cells[cells.index(cell_with(cells, "%%exercise 1.3")) :], "%%save course_app/main.py")
    assert "200 OK" in second.run('show(await client.get("/health/live"))')
    assert (second.workspace / "course_app/core/application.py").read_text() == REPAIRED.partition("\n")[2]


def test_a_restart_resumes_at_the_last_saved_cell(kernel_in: Callable[..., Kernel], cells: list[str]) -> None:
    first = kernel_in()
    run_through(first, cells, "%%save course_app/main.py")
    first.close()
    second = kernel_in()
    second.run(OPEN)
    assert "200 OK" in second.run('show(await client.get("/health/live"))')
    shutil.rmtree(second.workspace / "course_app")
    assert "Written into your app" in second.run("%chapter 1")
    assert "200 OK" in second.run('show(await client.get("/health/live"))')


def test_two_notebooks_on_the_same_exercise(kernel_in: Callable[..., Kernel], cells: list[str]) -> None:
    one, two = kernel_in(), kernel_in()
    for kernel in (one, two):
        run_through(kernel, cells, "%%save course_app/main.py")
    assert "passed, 6 of 6" in one.run(REPAIRED)
    assert "not yet" in two.run(REPAIRED.replace("1.0.0", "2.0.0"))
    names = sorted(path.name for path in (one.workspace / "attempts" / "1.1").iterdir())
    assert names == ["0001-passed.py", "0002-failed.py"]
    assert "stays in the app" in two.run(REPAIRED.replace("1.0.0", "2.0.0"))
    assert "200 OK" in two.run('show(await client.get("/health/live"))')
    router = "from fastapi import APIRouter\n\napi_router = APIRouter(prefix='/v9')\n"
    one.run(f"%%save course_app/api/v1/router.py\n{router}api_router.add_api_route('/x', lambda: 'new')\n")
    assert 'GET /v9/x -> 200 OK\n"new"' in two.run('show(await client.get("/v9/x"))')


def test_use_mine_and_back(kernel: Kernel, cells: list[str]) -> None:
    run_through(kernel, cells, "%%save course_app/main.py")
    assert "not submitted an answer" in kernel.run("%use mine 1.1")
    kernel.run(REPAIRED.replace("Course app", "Mine"))
    assert "Course app" in kernel.run('(await client.get("/openapi.json")).json()["info"]["title"]')
    assert "is now your attempt 1" in kernel.run("%use mine 1.1")
    assert "Mine" in kernel.run('(await client.get("/openapi.json")).json()["info"]["title"]')
    assert "is now the reference version" in kernel.run("%use reference 1.1")
    assert "Course app" in kernel.run('(await client.get("/openapi.json")).json()["info"]["title"]')


def test_isinstance_holds_across_a_save(kernel: Kernel, cells: list[str]) -> None:
    run_through(kernel, cells, "%%save course_app/main.py")
    kernel.run("from course_app.core.config import Settings\nfrom course_app.main import create_app")
    kernel.run(cell_with(cells, "%%save course_app/core/config.py"))
    assert kernel.run("isinstance(create_app().state.settings, Settings)") == "True"


def test_attempts_reset_and_solution(kernel: Kernel) -> None:
    kernel.run(OPEN)
    kernel.run(REPAIRED.replace("1.0.0", "2.0.0"))
    kernel.run(REPAIRED)
    assert "2 attempts" in kernel.run("%attempts 1.1")
    assert "attempt 1 is in the cell below" in kernel.run("%attempts 1.1 1")
    assert "There is no attempt 9" in kernel.run("%attempts 1.1 9")
    assert "def new_application" in kernel.run("%solution 1.1")
    assert "Your attempts are in backups/001/attempts-1.1 now." in kernel.run("%reset 1.1")
    assert "0 of 6 exercises passed" in kernel.run("%chapter 1")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%chapter", "%chapter 3"),
        ("%chapter 77", "There is no chapter 77"),
        ("%chapter one", "%chapter 3"),
        ("%solution 9.9", "There is no exercise '9.9'"),
        ("%use ours 1.1", "%use mine 3.2"),
        ("%%save ../../etc/passwd\nx", "This magic saves files of your app"),
        ("%%save course_app/core/__init__.py\nimport os", "The course makes every __init__.py itself"),
        ("%%save course_app/core/config.py\n\n", "The cell is empty"),
        ("%%save course_app/core/config.py\nx = '\0'", "null character"),
        ("%%save course_app/core/config.py\n" + "x = 1\n" * 200_000, "at most 1,000,000"),
        ("%%exercise 2.1 course_app/schemas/pagination.py\nx = 1", "Exercise 2.1 belongs to chapter 2"),
        ("%chapter " + "9" * 5000, "%chapter 3"),
        ("%%exercise 1.1 course_app/other.py\nx = 1", "is saved as course_app/core/application.py"),
        ("await client_as('manager').get('/')", "has no course_app/main.py yet"),
        ("client_as('boss')", "There is no role 'boss'"),
    ],
)
def test_bad_input_gets_a_sentence(open_kernel: Kernel, line: str, said: str) -> None:
    answer = open_kernel.run(line)
    assert said in answer
    assert "Traceback" not in answer


@pytest.fixture(scope="module")
def open_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    kernel = Kernel(tmp_path_factory.mktemp("open") / "workspace")
    kernel.run(OPEN)
    yield kernel
    kernel.close()


def test_a_damaged_progress_file(kernel_in: Callable[..., Kernel]) -> None:
    kernel = kernel_in()
    kernel.run(OPEN)
    (kernel.workspace / "progress.json").write_text("{")
    for cell in (OPEN, REPAIRED, "%%save course_app/core/clock.py\nx = 1"):
        said = kernel.run(cell)
        assert "progress.json is damaged" in said
        assert "Traceback" not in said
    (kernel.workspace / "progress.json").unlink()
    assert "passed, 6 of 6" in kernel.run(REPAIRED)


def test_solutions_and_built_notebooks_keep_nothing(tmp_path: Path) -> None:
    course = Course.load()
    for built in ("notebooks", "solutions"):
        kernel = Kernel.__new__(Kernel)
        kernel.workspace = tmp_path / "workspace"
        kernel.manager = KernelManager(kernel_name="python3")
        kernel.manager.start_kernel(
            cwd=str(course.root / built), env={**os.environ, "COURSE_WORKSPACE": str(kernel.workspace)}, stderr=-3
        )
        kernel.client = kernel.manager.blocking_client()
        kernel.client.start_channels()
        kernel.client.wait_for_ready(timeout=60)
        assert "passed, 6 of 6" in kernel.run(OPEN) + kernel.run(REPAIRED)
        kernel.close()
    assert not kernel.workspace.exists()


def test_a_killed_kernel_leaves_no_folder_and_no_process(kernel: Kernel) -> None:
    kernel.run(OPEN)
    kernel.run(REPAIRED)
    process = psutil.Process(kernel.manager.provisioner.process.pid)  # type: ignore[union-attr]
    helpers = process.children(recursive=True)
    folder = Path(
        kernel.run("import os; print(os.environ['DATABASE_URL'].removeprefix('sqlite+aiosqlite:///'))")
    ).parent
    assert helpers
    assert folder.is_dir()
    kernel.kill()
    for _ in range(100):
        if not folder.exists() and not any(helper.is_running() for helper in helpers):
            break
        time.sleep(0.1)
    assert not folder.exists()
    assert not any(helper.is_running() and helper.status() != psutil.STATUS_ZOMBIE for helper in helpers)


@pytest.mark.parametrize(
    "bad", ["import os\nos._exit(1)", "import time\nwhile True: time.sleep(1)", "import ctypes\nctypes.string_at(0)"]
)
def test_a_save_that_would_end_or_hang_the_kernel(kernel_in: Callable[..., Kernel], cells: list[str], bad: str) -> None:
    kernel = kernel_in()
    run_through(kernel, cells, "%%save course_app/main.py")
    said = kernel.run(f"%%save course_app/core/clock.py\n{bad}\n")
    assert "course_app/core/clock.py" in said or "core/clock.py" in said
    assert "The last version of the app that worked goes on." in said
    assert "200 OK" in kernel.run('show(await client.get("/health/live"))')
    again = kernel_in()
    assert "cannot be loaded" in again.run(OPEN)
    assert again.run("1 + 1") == "2"
