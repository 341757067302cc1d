"""Every kind of answer, honest or not, gets its one sentence; the helper and its caller live on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from coursekit.checker import Checker, CheckerError, CheckResult
from coursekit.course import Course, Exercise

FILE = "core/numbers.py"


@pytest.fixture(scope="module")
def checker(tiny: Course) -> Iterator[Checker]:
    """A checker with the usual limits."""
    with Checker(tiny, 1) as started:
        yield started


@pytest.fixture(scope="module")
def impatient(tiny: Course) -> Iterator[Checker]:
    """A checker that waits a second."""
    with Checker(tiny, 1, time_limit=1.0) as started:
        yield started


@pytest.fixture(scope="module")
def narrow(tiny: Course) -> Iterator[Checker]:
    """A checker that allows half a gigabyte."""
    with Checker(tiny, 1, memory_limit=2**29) as started:
        yield started


@pytest.fixture(scope="module")
def exercise(tiny: Course) -> Exercise:
    """The exercise that the answers below are for."""
    return tiny.exercise("1.1")


def outcomes(result: CheckResult) -> dict[str, str]:
    """Outcome by check."""
    return {check.name: check.outcome for check in result.checks}


def said(result: CheckResult, check: str) -> str:
    """What one check says."""
    return next(one.message or "" for one in result.checks if one.name == check)


def assert_alive(checker: Checker, exercise: Exercise) -> None:
    """The next answer is checked as if nothing had happened."""
    assert checker.check(exercise, exercise.solution).outcome == "passed"


def ends(pid: int) -> bool:
    """Whether the process is gone within five seconds, or only waits for its parent to notice."""
    for _ in range(100):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def test_solution_passes(checker: Checker, tiny: Course) -> None:
    for one in tiny.exercises():
        result = checker.check(one, one.solution)
        assert (result.outcome, result.message, result.printed) == ("passed", None, "")
        assert set(outcomes(result).values()) == {"passed"}
        assert len(result.checks) == 4


def test_to_json(checker: Checker, exercise: Exercise) -> None:
    values = checker.check(exercise, exercise.solution).to_json()
    assert set(values) == {"exercise", "outcome", "seconds", "checks", "message", "printed"}
    assert values["checks"][0] == {
        "name": "test_two",
        "title": "Twice two is four.",
        "outcome": "passed",
        "message": None,
    }


def test_untouched_stub_is_not_attempted(checker: Checker, exercise: Exercise) -> None:
    assert checker.check(exercise, exercise.stub).outcome == "not_attempted"
    assert checker.check(exercise, "# what now?\n\n" + exercise.stub).outcome == "not_attempted"


def test_stub_beside_other_code_is_not_attempted(checker: Checker, exercise: Exercise) -> None:
    result = checker.check(exercise, exercise.stub + "\nlimit = 3\n")
    assert result.outcome == "not_attempted"
    assert said(result, "test_two") == (
        'The stub is still there (core/numbers.py, line 3: `raise NotImplementedError("exercise 1.1")`): '
        "put your code in its place."
    )


def test_another_not_implemented_error_is_an_attempt(checker: Checker, exercise: Exercise) -> None:
    assert checker.check(exercise, "def double(number):\n    raise NotImplementedError\n").outcome == "failed"


def test_failed_checks_say_sent_expected_got(checker: Checker, exercise: Exercise) -> None:
    result = checker.check(exercise, "def double(number):\n    return number + 2\n")
    assert (result.outcome, result.message) == ("failed", None)
    assert outcomes(result) == {
        "test_two": "passed",
        "test_others": "failed",
        "test_http": "failed",
        "test_lifespan": "passed",
    }
    assert said(result, "test_others") == "double(0): expected 0, got 2"
    assert said(result, "test_http") == '`response.json()["double"] == 6` does not hold: 5 == 6.'


def test_until_a_check_objects(checker: Checker, exercise: Exercise) -> None:
    result = checker.check(exercise, "def double(number):\n    return number + 2\n", until="test_others")
    assert result.outcome == "failed"
    assert outcomes(result) == {
        "test_two": "passed",
        "test_others": "failed",
        "test_http": "not_run",
        "test_lifespan": "not_run",
    }
    assert checker.check(exercise, exercise.solution, until="test_others").outcome == "passed"


def test_wrong_type(checker: Checker, exercise: Exercise) -> None:
    result = checker.check(exercise, "def double(number):\n    return float(2 * number)\n")
    assert said(result, "test_others") == "double(0): expected 0 (int), got 0.0 (float)"


def test_exception_in_a_check_names_the_line(checker: Checker, exercise: Exercise) -> None:
    result = checker.check(exercise, "def double(number):\n    return {}['sub']\n")
    assert said(result, "test_two") == "KeyError: 'sub' in core/numbers.py, line 2: `return {}['sub']`."
    assert said(result, "test_http") == (
        "sent GET /double/3: expected 200, got 500, because of KeyError: 'sub' in core/numbers.py, line 2: "
        "`return {}['sub']`"
    )


def test_environment_is_the_checks_own(
    tiny: Course, exercise: Exercise, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere")
    monkeypatch.setenv("PYTHONSTARTUP", "x")
    monkeypatch.chdir(tmp_path)
    source = (
        "import os, sys\nprint(sorted(os.environ), os.environ['ENVIRONMENT'], os.environ['EXTRA'])\n"
        "print([p for p in sys.path if 'course_app' in os.listdir(p or '.')] if 0 else len(sys.argv))\n"
        "def double(number):\n    return 2 * number\n"
    )
    with Checker(tiny, 1, environment={"EXTRA": "yes"}) as checker:
        result = checker.check(exercise, source)
    assert result.outcome == "passed"
    assert "test yes" in result.printed
    assert "DATABASE_URL" not in result.printed
    assert "PYTHONSTARTUP" not in result.printed


def test_only_the_tree_is_importable(checker: Checker, exercise: Exercise, tiny_root: Path) -> None:
    """The project has a finished course_app; no part of it may stand in for the learner's."""
    source = (
        "import os, sys, course_app\nprint(course_app.__file__)\n"
        "print([p for p in sys.path[1:] if os.path.isdir(os.path.join(p, 'course_app')) or p in ('', os.getcwd())])\n"
        "import course_app.api.health\n"
    )
    result = checker.check(exercise, source)
    assert result.outcome == "error"
    assert result.message == (
        "core/numbers.py, line 4: `import course_app.api.health`: there is no module course_app.api; check its name, "
        "and whether an earlier cell saves it."
    )
    assert result.printed.splitlines()[1] == "[]"
    assert "/run-" in result.printed.splitlines()[0]


ENDLESS = "look for a loop that never ends, or a wait for something that never comes."
ERRORS = {
    "syntax": (
        "def double(number:\n    return 2\n",
        r"core/numbers\.py, line 1: `def double\(number:` is not valid Python \(.*\): correct that line\.",
    ),
    "indentation": ("def double(number):\nreturn 2\n", r"core/numbers\.py, line 2: `return 2` is not valid Python .*"),
    "no such module": (
        "import course_app.core.nothing\n",
        r"core/numbers\.py, line 1: `import course_app\.core\.nothing`: there is no module course_app\.core\.nothing; "
        r"check its name, and whether an earlier cell saves it\.",
    ),
    "no such name": (
        "from course_app.core.config import Setings\n",
        r"core/numbers\.py, line 1: `from course_app\.core\.config import Setings`: the module "
        r"course_app\.core\.config has no name `Setings`; check how it is spelt\.",
    ),
    "import cycle": (
        "from course_app.core.numbers import double\n",
        r"core/numbers\.py, line 1: `from .*` begins an import cycle: your file imports a module that .*",
    ),
    "raises at import": (
        "{}['sub']\n",
        r"KeyError: 'sub' while your file was imported, in core/numbers\.py, line 1: `\{\}\['sub'\]`\.",
    ),
    "recursion at import": (
        "def f():\n    return f()\nf()\n",
        r"RecursionError: .* while your file was imported, in core/numbers\.py, line 2: `return f\(\)`\.",
    ),
    "exit at import": (
        "raise SystemExit(0)\n",
        r"SystemExit while your file was imported, in core/numbers\.py, line 1: `raise SystemExit\(0\)`: let the file "
        r"only define\.",
    ),
    "interrupt at import": ("raise KeyboardInterrupt\n", r"KeyboardInterrupt while your file was imported, in .*"),
    "skip at import": (
        "import pytest\npytest.skip('not today', allow_module_level=True)\n",
        r"core/numbers\.py, line 2: `.*` skips the checks while it is imported: a skipped check "
        r"never counts; delete that\.",
    ),
    "os._exit at import": (
        "import os\nos._exit(0)\n",
        r"core/numbers\.py ended the whole program \(exit status 0\) before the checks were done: take out "
        r"os\._exit and the like\.",
    ),
    "os._exit in a check": (
        "import os\ndef double(number):\n    os._exit(0)\n",
        r'core/numbers\.py ended the whole program \(exit status 0\), during the check "Twice two is four\." before .*',
    ),
    "os.abort": (
        "import os\ndef double(number):\n    os.abort()\n",
        r"Python itself was ended by SIGABRT in core/numbers\.py, line 3: `os\.abort\(\)`, during the check "
        r'"Twice two is four\.": look for a call that ends or crashes the process\.',
    ),
    "segmentation fault": (
        "import ctypes\ndef double(number):\n    ctypes.string_at(0)\n",
        r"Python itself was ended by SIGSEGV in core/numbers\.py, line 3: `ctypes\.string_at\(0\)`, during .*",
    ),
    "kills itself": (
        "import os\ndef double(number):\n    os.kill(os.getpid(), 9)\n",
        r"Python itself was ended by SIGKILL in core/numbers\.py, during .*",
    ),
    "null character": ("x = 1\ny = '\0'\n", r"core/numbers\.py, line 2 has a null character in it: delete it\."),
    "lone surrogate": (
        "x = '\ud800'\n",
        r"core/numbers\.py, line 1 has a character that UTF-8 cannot hold in it: delete it\.",
    ),
    "surrogate in a message": (
        "raise ValueError('\\ud800\\x1b[31m')\n",
        r"ValueError: \\ud800\\x1b\[31m while your file was imported, in .*",
    ),
    "unprintable exception": (
        "class E(Exception):\n    def __str__(self):\n        raise ValueError\nraise E\n",
        r"E while your file was imported, in core/numbers\.py, line 4: `raise E`\.",
    ),
}

SOLVED = "def double(number):\n    return 2 * number\n"
TAMPERED = {
    "httpx.AsyncClient": "import httpx\nclass Fake: pass\nhttpx.AsyncClient = Fake\n",
    "httpx.AsyncClient.request": "import httpx\nhttpx.AsyncClient.request = lambda *a, **k: None\n",
    "httpx.AsyncClient.send": "import httpx\nhttpx.AsyncClient.send.__code__ = (lambda *a, **k: None).__code__\n",
    "httpx.Response.__eq__": "import httpx\nhttpx.Response.__eq__ = lambda *a: True\n",
    "httpx.ASGITransport": "import httpx\nhttpx.ASGITransport = None\n",
    "_pytest.runner.call_and_report": "import _pytest.runner as r\nr.call_and_report = lambda *a: None\n",
    "pytest.Function.runtest": "import _pytest.python as p\np.Function.runtest = lambda self: None\n",
    "builtins.isinstance": "import builtins\nbuiltins.isinstance = lambda *a: True\n",
    "builtins.print": "import builtins\nbuiltins.print = lambda *a: None\n",
    "builtins.AssertionError": "import builtins\nclass A(Exception): pass\nbuiltins.AssertionError = A\n",
    "coursekit.testing.told": "from coursekit import testing\ntesting.told = None\n",
    "coursekit.testing.type": "from coursekit import testing\ntesting.type = lambda x: 1\n",
    "coursekit.testing.expect_equal": "from coursekit import testing\ntesting.expect_equal = lambda *a: None\n",
    "coursekit.check_child.run_item": "from coursekit import check_child\ncheck_child.run_item = lambda *a: None\n",
    "test_exercises.TestDouble.test_two": (
        "import sys\nfor m in list(sys.modules.values()):\n    if getattr(m, '__name__', '') == 'test_exercises':\n"
        "        m.TestDouble.test_two = lambda self: None\n"
    ),
    "httpx": "import sys, types\nsys.modules['httpx'] = types.ModuleType('httpx')\n",
}


@pytest.mark.parametrize("name", ERRORS)
def test_one_sentence_for_an_error(name: str, checker: Checker, exercise: Exercise) -> None:
    source, message = ERRORS[name]
    result = checker.check(exercise, source)
    assert result.outcome == "error"
    assert result.message is not None
    assert re.fullmatch(message, result.message), result.message
    assert "passed" not in outcomes(result).values()
    assert_alive(checker, exercise)


@pytest.mark.parametrize("late", [False, True], ids=["at import", "in a check"])
@pytest.mark.parametrize("name", TAMPERED)
def test_replaced_libraries_do_not_help(name: str, late: bool, checker: Checker, exercise: Exercise) -> None:
    tampering = TAMPERED[name]
    if late:
        indented = "".join(f"    {line}\n" for line in tampering.splitlines())
        source = f"def double(number):\n{indented}    return 2 * number\n"
    else:
        source = tampering + SOLVED
    result = checker.check(exercise, source)
    assert result.outcome == "error"
    assert result.message is not None
    assert result.message == (
        f"{FILE} replaces {name}, which the checks use: leave it as it is and write only your own code."
    )
    assert_alive(checker, exercise)


def test_another_module_in_the_place_of_the_app(checker: Checker, exercise: Exercise) -> None:
    source = "import sys, types\nsys.modules['course_app.main'] = types.ModuleType('course_app.main')\n" + SOLVED
    result = checker.check(exercise, source)
    assert result.outcome == "error"
    assert result.message == (
        "core/numbers.py puts another module in the place of course_app.main: leave sys.modules as it is."
    )


LOOPS = {
    "at import": (
        "while True:\n    pass\n",
        rf"Still running after 1 seconds and stopped in {FILE}, line [12]: .*: {ENDLESS}",
    ),
    "in a check": (
        "def double(number):\n    while True:\n        pass\n",
        rf"Still running after 1 seconds and stopped in {FILE}, line [23]: .*, during the check "
        rf'"Twice two is four\.": {ENDLESS}',
    ),
    "in an endpoint": (
        "import asyncio\ndef double(number):\n    try:\n        asyncio.get_running_loop()\n    except RuntimeError:\n"
        "        return 2 * number\n    while True: pass\n",
        rf'Still running .* {FILE}, line 7: `while True: pass`, during the check "GET /double/3 answers with 6\.": .*',
    ),
    "in a thread": (
        "import asyncio, time\ndef double(number):\n    import threading\n"
        "    if threading.current_thread() is not threading.main_thread():\n        time.sleep(99)\n"
        "    return 2 * number\n",
        rf"Still running .* {FILE}, line 5: `time\.sleep\(99\)`, during the check .*",
    ),
    "ignoring signals": (
        "import signal, time\nfor n in (1, 2, 3, 10, 12, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: pass\n",
        rf"Still running after 1 seconds and stopped in {FILE}: {ENDLESS}",
    ),
}


@pytest.mark.parametrize("name", LOOPS)
def test_endless(name: str, impatient: Checker, exercise: Exercise) -> None:
    source, message = LOOPS[name]
    result = impatient.check(exercise, source)
    assert result.outcome == "timed_out"
    assert result.message is not None
    assert re.fullmatch(message, result.message), result.message
    assert 1.0 <= result.seconds < 5.0
    assert_alive(impatient, exercise)


def test_task_that_does_not_let_itself_be_cancelled(impatient: Checker, exercise: Exercise) -> None:
    source = (
        "import asyncio\ntasks = []\nasync def stay():\n    while True:\n        try:\n"
        "            await asyncio.sleep(9)\n"
        "        except asyncio.CancelledError:\n            pass\n"
        "def double(number):\n    try:\n        asyncio.get_running_loop()\n"
        "        tasks.append(asyncio.ensure_future(stay()))\n    except RuntimeError:\n        pass\n"
        "    return 2 * number\n"
    )
    assert impatient.check(exercise, source).outcome == "timed_out"
    assert_alive(impatient, exercise)


def test_memory(narrow: Checker, exercise: Exercise) -> None:
    result = narrow.check(exercise, "grown = []\nwhile True:\n    grown.append(b'x' * 2**22)\n")
    assert result.outcome == "error"
    assert result.message is not None
    assert re.fullmatch(
        rf"Stopped in {FILE}, line [23]: .* because it used more than 0\.5 GiB of memory: "
        r"look for something that grows without bound\.",
        result.message,
    )
    assert_alive(narrow, exercise)


def test_memory_of_a_grandchild(narrow: Checker, exercise: Exercise) -> None:
    source = (
        "import os, time\nif os.fork() == 0:\n    grown = []\n    while True:\n        grown.append(b'x' * 2**22)\n"
        "time.sleep(60)\n"
    )
    result = narrow.check(exercise, source)
    assert result.outcome == "error"
    assert_alive(narrow, exercise)


def test_endless_forks(checker: Checker, exercise: Exercise) -> None:
    result = checker.check(exercise, "import os, time\nwhile True:\n    os.fork()\n    time.sleep(0.05)\n")
    assert result.outcome == "error"
    # Whichever comes first: forked processes share memory, which counts for each of them.
    assert result.message is not None
    assert re.search("because it (started more than 50 processes|used more than 2 GiB of memory): ", result.message)
    assert_alive(checker, exercise)


@pytest.mark.parametrize(
    "source", ["(" * 100_000, "-" * 1_000_000 + "1", "x = " + "+".join("1" * 100_000) + "\n", "[" * 90]
)
def test_source_that_is_too_deep(source: str, checker: Checker, exercise: Exercise) -> None:
    result = checker.check(exercise, source)
    assert result.outcome in ("error", "failed")
    assert "passed" not in outcomes(result).values()
    assert_alive(checker, exercise)


def test_recursion_in_a_check(checker: Checker, exercise: Exercise) -> None:
    result = checker.check(exercise, "def double(number):\n    return double(number + 1)\n")
    assert result.outcome == "failed"
    assert said(result, "test_two") == (
        "RecursionError: the code calls itself without an end, in core/numbers.py, line 2: `return double(number + 1)`."
    )


def test_much_output_keeps_its_end(checker: Checker, exercise: Exercise) -> None:
    source = "for n in range(100):\n    print('x' * 2**20)\nprint('the end')\n" + SOLVED
    result = checker.check(exercise, source)
    assert result.outcome == "passed"
    assert len(result.printed) == 10_000
    assert result.printed.endswith("x\nthe end\n")


def test_output_that_is_no_text(checker: Checker, exercise: Exercise) -> None:
    source = "import os\nos.write(1, b'\\xff\\xfe\\n')\nprint('\\ud800 \\u20ac')\n" + SOLVED
    result = checker.check(exercise, source)
    assert result.outcome == "passed"
    assert result.printed == "\ufffd\ufffd\n\\ud800 €\n"


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("raise SystemExit(0)", "SystemExit: 0 in {}: the code must not end the program."),
        ("raise KeyboardInterrupt", "KeyboardInterrupt in {}: the code must not end the program."),
        ("import pytest; pytest.skip('no')", "{} skips this check: a skipped check never counts as passed."),
        ("import pytest; pytest.xfail('no')", "{} skips this check: a skipped check never counts as passed."),
        ("import pytest; pytest.exit('no')", "Exit: no in {}: the code must not end the program."),
        ("assert number > 99", "AssertionError in {}."),
    ],
)
def test_never_passed_by_leaving(statement: str, message: str, checker: Checker, exercise: Exercise) -> None:
    result = checker.check(exercise, f"def double(number):\n    {statement}\n")
    assert result.outcome == "failed"
    assert "passed" not in outcomes(result).values()
    assert said(result, "test_two") == message.format(f"core/numbers.py, line 2: `{statement}`")
    assert_alive(checker, exercise)


@pytest.mark.parametrize("statement", ["raise SystemExit(0)", "raise KeyboardInterrupt"])
def test_leaving_in_an_endpoint(statement: str, checker: Checker, exercise: Exercise) -> None:
    source = (
        "import asyncio\ndef double(number):\n    try:\n        asyncio.get_running_loop()\n    except RuntimeError:\n"
        f"        return 2 * number\n    {statement}\n"
    )
    result = checker.check(exercise, source)
    assert outcomes(result) == {
        "test_two": "passed",
        "test_others": "passed",
        "test_http": "failed",
        "test_lifespan": "not_run",
    }
    assert "line 7" in said(result, "test_http")
    assert result.seconds < 5


@pytest.mark.parametrize(
    "source", ["", "\n\n", "def dubble(number):\n    return 2 * number\n"], ids=["empty", "blank", "other name"]
)
def test_missing_name(source: str, checker: Checker, exercise: Exercise) -> None:
    result = checker.check(exercise, source)
    assert result.outcome == "failed"
    assert said(result, "test_two") == "core/numbers.py defines no `double`: keep the names that the task gives."
    assert said(result, "test_http") == (
        "core/numbers.py does not define `double`, which main.py, line 14: "
        "`from course_app.core.numbers import double` imports: define it."
    )


def test_byte_order_mark_and_line_ends(checker: Checker, exercise: Exercise) -> None:
    assert checker.check(exercise, "\ufeff" + SOLVED.replace("\n", "\r\n")).outcome == "passed"
    assert checker.check(exercise, "\ufeff" + exercise.stub).outcome == "not_attempted"


def test_a_long_answer(checker: Checker, exercise: Exercise) -> None:
    assert checker.check(exercise, SOLVED + "# " + "x" * 900_000 + "\n").outcome == "passed"


def test_five_megabytes(checker: Checker, exercise: Exercise) -> None:
    result = checker.check(exercise, SOLVED + "x = 1\n" * 900_000)
    assert result.outcome == "error"
    assert result.message is not None
    assert "at most 1,000,000 are checked" in result.message


def test_equal_to_everything(checker: Checker, exercise: Exercise) -> None:
    source = "class Same:\n    def __eq__(self, other):\n        return True\ndef double(number):\n    return Same()\n"
    result = checker.check(exercise, source)
    assert result.outcome == "failed"
    assert said(result, "test_others").startswith("double(0): expected 0 (int), got <course_app.core.numbers.Same")


def test_forked_grandchild(checker: Checker, exercise: Exercise) -> None:
    """The grandchild runs on through the checks and outlives its parent: it counts for nothing and is ended."""
    source = (
        "import os, time\npid = os.fork()\nif pid == 0:\n    os.setsid()\n    time.sleep(60)\nprint(pid)\n" + SOLVED
    )
    result = checker.check(exercise, source)
    assert result.outcome == "passed"
    assert result.seconds < 5
    assert ends(int(result.printed))
    both = checker.check(exercise, "import os\nos.fork()\ndef double(number):\n    return number\n")
    assert both.outcome == "failed"


def test_threads_and_tasks_left_running(checker: Checker, exercise: Exercise) -> None:
    source = (
        "import asyncio, threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n"
        "def double(number):\n    try:\n        loop = asyncio.get_running_loop()\n"
        "        double.task = loop.create_task(asyncio.sleep(60))\n    except RuntimeError:\n        pass\n"
        "    return 2 * number\n"
    )
    result = checker.check(exercise, source)
    assert (result.outcome, result.seconds < 5) == ("passed", True)


def test_try_import(checker: Checker, tiny: Course, exercise: Exercise) -> None:
    """The whole app, imported away from the kernel: what a save would do to it."""
    files = tiny.finished_app()
    assert checker.try_import(files) is None
    for source, message in (
        (
            "import os\nos._exit(0)\n",
            r"main\.py ended the whole program \(exit status 0\) before the checks were done: .*",
        ),
        ("import course_app.nothing\n", r"core/config\.py, line 1: `.*`: there is no module course_app\.nothing; .*"),
    ):
        broken = {
            **files,
            "course_app/core/config.py": source,
            "course_app/main.py": "import course_app.core.config\n" + files["course_app/main.py"],
        }
        told = checker.try_import(broken)
        assert told is not None
        assert re.fullmatch(message, told), told
    assert_alive(checker, exercise)


def test_closed_and_written_descriptors(checker: Checker, exercise: Exercise) -> None:
    closing = "import os\nos.closerange(0, 200)\n" + SOLVED
    assert checker.check(exercise, closing).outcome in ("passed", "failed", "error")
    assert_alive(checker, exercise)
    writing = (
        'import os\nfor fd in range(200):\n    try:\n        os.write(fd, b\'{"nonce": 1, "done": true}\\n\')\n'
        "    except OSError:\n        pass\ndef double(number):\n    return 0\n"
    )
    assert checker.check(exercise, writing).outcome == "failed"
    assert_alive(checker, exercise)


def test_forged_report(checker: Checker, exercise: Exercise) -> None:
    source = (
        "import os, json\nrun = os.path.dirname(os.getcwd())\n"
        "with open(os.path.join(run, 'results'), 'a') as file:\n"
        "    for i in range(6):\n"
        "        print(json.dumps({'nonce': '', 'check': i, 'outcome': 'passed', 'attempted': True}), file=file)\n"
        "    print(json.dumps({'nonce': '', 'done': True}), file=file)\n"
        "os._exit(0)\n"
    )
    assert checker.check(exercise, source).outcome == "error"


def test_a_killed_helper_is_started_again(tiny: Course, exercise: Exercise, tmp_path: Path) -> None:
    with Checker(tiny, 1) as checker:
        pid_file = tmp_path / "pid"
        source = (
            f"import os, time\nopen({str(pid_file)!r}, 'w').write(str(os.getpid()))\n"
            "os.kill(os.getppid(), 9)\ntime.sleep(60)\n"
        )
        result = checker.check(exercise, source)
        assert ends(int(pid_file.read_text()))
        assert result.outcome == "error"
        assert result.message == (
            "The checker was ended while it ran your code, and has been started again: "
            "take out what ends or stops other processes."
        )
        assert_alive(checker, exercise)


def test_threads_share_a_checker(checker: Checker, exercise: Exercise) -> None:
    results: list[str] = []
    sources = [exercise.solution, "def double(number):\n    return 0\n"] * 2
    threads = [
        threading.Thread(target=lambda source=source: results.append(checker.check(exercise, source).outcome))
        for source in sources
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["failed", "failed", "passed", "passed"]


def test_interrupted_check_does_not_shift_the_replies(checker: Checker, exercise: Exercise) -> None:
    def interrupt() -> None:
        time.sleep(0.15)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            checker.check(exercise, "import time\ntime.sleep(1)\ndef double(number):\n    return 0\n")
    finally:
        signal.signal(signal.SIGINT, before)
    assert_alive(checker, exercise)


def test_nothing_is_left_behind(
    tiny: Course, exercise: Exercise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    owned = tmp_path / "owned"
    owned.mkdir()
    checker = Checker(tiny, 1, owned_dir=owned)
    checker.start()
    assert_alive(checker, exercise)
    assert [path.name for path in tmp_path.glob("*/*") if path.name.startswith("run-")] == []
    checker.close()
    assert list(tmp_path.iterdir()) == []


def test_owned_folder_can_be_kept(tiny: Course, exercise: Exercise, tmp_path: Path) -> None:
    checker = Checker(tiny, 1, owned_dir=tmp_path / "owned")
    (tmp_path / "owned").mkdir()
    assert_alive(checker, exercise)
    checker.close(keep_owned_dir=True)
    assert (tmp_path / "owned").is_dir()


def test_helper_cleans_up_after_a_killed_parent(tiny_root: Path, tmp_path: Path) -> None:
    owned = tmp_path / "owned"
    owned.mkdir()
    code = (
        "import os, sys, pathlib\nfrom coursekit.checker import Checker\nfrom coursekit.course import Course\n"
        f"course = Course.load(pathlib.Path({str(tiny_root)!r}))\n"
        f"checker = Checker(course, 1, owned_dir=pathlib.Path({str(owned)!r}))\nchecker.start()\n"
        "exercise = course.exercise('1.1')\nprint(checker.check(exercise, exercise.solution).outcome)\n"
        "sys.stdout.flush()\nos.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "passed\n"
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and list(tmp_path.iterdir()):
        time.sleep(0.05)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fork", [True, False], ids=["forked", "spawned"])
def test_checks_at_fault_are_not_the_learners_fault(tmp_path: Path, tiny_root: Path, fork: bool) -> None:
    chapter = tmp_path / "chapters" / "01_doubling"
    chapter.mkdir(parents=True)
    (chapter / "chapter.md").write_text((tiny_root / "chapters/01_doubling/chapter.md").read_text("utf-8"), "utf-8")
    course = Course.load(tmp_path)
    exercise = course.exercise("1.1")
    for checks, message in (
        (None, "Chapter 1 has no checks yet"),
        ("import nothing_of_that_name\n", "nothing_of_that_name"),
        ("def test_unmarked(): pass\n", "Exercise 1.1 has no checks: no test is marked with it."),
    ):
        if checks is not None:
            (chapter / "test_exercises.py").write_text(checks, "utf-8")
        with Checker(course, 1, fork=fork) as checker, pytest.raises(CheckerError, match=re.escape(message)):
            checker.check(exercise, exercise.solution)


def test_marked_checks_never_pass(tmp_path: Path, tiny_root: Path) -> None:
    chapter = tmp_path / "chapters" / "01_doubling"
    chapter.mkdir(parents=True)
    (chapter / "chapter.md").write_text((tiny_root / "chapters/01_doubling/chapter.md").read_text("utf-8"), "utf-8")
    (chapter / "test_exercises.py").write_text(
        "import pytest\npytestmark = pytest.mark.exercise('1.1')\n"
        "@pytest.mark.skip\ndef test_a():\n    '''A.'''\n"
        "@pytest.mark.xfail\ndef test_b():\n    '''B.'''\n    assert 0\n"
        "def test_c(no_such_fixture):\n    '''C.'''\n"
        "def test_d():\n    '''D.'''\n    None.x\n",
        "utf-8",
    )
    course = Course.load(tmp_path)
    with Checker(course, 1) as checker:
        result = checker.check(course.exercise("1.1"), course.exercise("1.1").solution)
    assert result.outcome == "failed"
    assert set(outcomes(result).values()) == {"error"}
    assert said(result, "test_a") == "This check is marked skip: such a check proves nothing."
    assert said(result, "test_d") == (
        "The check could not go on after `None.x`: AttributeError: 'NoneType' object has no attribute 'x'."
    )


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        (SOLVED, "passed"),
        ("def double(number):\n    return 0\n", "failed"),
        ("def double(number:\n", "error"),
        ("import os\nos._exit(0)\n", "error"),
        ("while True: pass\n", "timed_out"),
    ],
)
def test_without_fork(source: str, outcome: str, tiny: Course, exercise: Exercise) -> None:
    with Checker(tiny, 1, fork=False, time_limit=1.0) as checker:
        result = checker.check(exercise, source)
    assert result.outcome == outcome
    assert len(result.checks) == 4
    if outcome == "timed_out":
        assert result.message is not None
        assert FILE in result.message
