"""A course of one chapter with two exercises, for the tests of the checker and of what is built on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from coursekit.course import Course

CHAPTER = '''\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3 (ipykernel)
  language: python
  name: python3
---

# 01 · Doubling

```{code-cell} ipython3
%load_ext coursekit
%chapter 1
```

```{code-cell} ipython3
%%save course_app/core/config.py
from pydantic import SecretStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    ENVIRONMENT: str = "development"
    SECRET_KEY: SecretStr
    DATABASE_URL: str | None = None
```

```{code-cell} ipython3
%%save course_app/main.py
from contextlib import asynccontextmanager

from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app):
    app.state.running = True
    yield
    app.state.running = False


def create_app(settings=None, *, clock=None):
    from course_app.core.numbers import double

    app = FastAPI(lifespan=lifespan)
    app.state.settings, app.state.clock = settings, clock

    @app.get("/double/{number}")
    async def read(number: int):
        return {"double": double(number)}

    @app.get("/slow/{number}")
    def read_in_a_thread(number: int):
        return {"double": double(number)}

    return app
```

### Exercise 1.1 · Double (2 minutes)

Return twice the number.

```{code-cell} ipython3
%%exercise 1.1 course_app/core/numbers.py
def double(number: int) -> int:
    """Return twice the number."""
    ### BEGIN SOLUTION
    return 2 * number
    ### END SOLUTION
```

### Exercise 1.2 · Say and shout (2 minutes)

Return "hello", and the same in capitals.

```{code-cell} ipython3
%%exercise 1.2
def say() -> str:
    ### BEGIN SOLUTION
    return "hello"
    ### END SOLUTION
    ### BEGIN STUB
    return ""  # TODO: return "hello"
    ### END STUB


def shout() -> str:
    ### BEGIN SOLUTION
    return say().upper()
    ### END SOLUTION
```
'''

CHECKS = '''\
import pytest

from coursekit.testing import answer, expect_equal, expect_status, told


@pytest.mark.exercise("1.1")
class TestDouble:
    def test_two(self):
        """Twice two is four."""
        assert answer.double(2) == 4, told("double(2)", 4, answer.double(2))

    @pytest.mark.parametrize("number", [0, 5, -1])
    def test_others(self, number):
        """Zero, five and minus one are doubled."""
        expect_equal(answer.double(number), 2 * number, f"double({number})")

    async def test_http(self, client):
        """GET /double/3 answers with 6."""
        response = await client.get("/double/3")
        expect_status(response, 200)
        assert response.json()["double"] == 6

    async def test_lifespan(self, client, app, clock, settings):
        """It does so in an app that runs, with the clock and the settings of the check."""
        assert app.state.running
        assert app.state.clock is clock
        assert app.state.settings is settings
        expect_status(await client.get("/slow/4"), 200)


@pytest.mark.exercise("1.2")
class TestSay:
    def test_say(self):
        """It says hello."""
        expect_equal(answer.say(), "hello", "say()")

    def test_shout(self):
        """It shouts HELLO."""
        expect_equal(answer.shout(), "HELLO", "shout()")

    def test_say_again(self):
        """It says hello a second time."""
        answer.say()
        expect_equal(answer.say(), "hello", "say() twice")

    def test_shout_after_say(self):
        """It shouts HELLO after it said hello."""
        answer.say()
        expect_equal(answer.shout(), "HELLO", "say(), shout()")
'''

ANSWERS = '''\
from coursekit.answers import right, wrong

wrong("1.1", "two more", replace="2 * number", by="2 + number", caught_by="test_others")
wrong("1.1", "squared", region="return number ** 2", caught_by="test_http")
wrong("1.1", "as text", region="return str(2 * number)", caught_by="test_two")
wrong("1.1", "zero refused", region="""
    if not number:
        raise ValueError
    return 2 * number
    """, caught_by="test_others")
wrong("1.1", "four only in the loop", cell="""
import asyncio


def double(number: int) -> int:
    asyncio.get_running_loop()
    return 2 * number
""", caught_by="test_lifespan")
right("1.1", "added to itself", region="return number + number")
wrong("1.2", "silent", edits=[('return "hello"', 'return "hello".title()')], caught_by="test_say")
wrong("1.2", "not loud", regions=['return "hello"', "return say()"], caught_by="test_shout")
wrong("1.2", "says it once", cell="""
said = []


def say() -> str:
    said.append(1)
    return "hello" if len(said) == 1 else ""


def shout() -> str:
    return say().upper()
""", caught_by="test_say_again")
wrong("1.2", "shouts less", replace=".upper()", by=".title()", caught_by="test_shout_after_say")
right("1.2", "spelt out", regions=["return 'hel' + 'lo'", "return 'HELLO'"])
'''


@pytest.fixture(scope="session")
def tiny_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny course."""
    root = tmp_path_factory.mktemp("tiny")
    chapter = root / "chapters" / "01_doubling"
    chapter.mkdir(parents=True)
    for name, text in (("chapter.md", CHAPTER), ("test_exercises.py", CHECKS), ("answers.py", ANSWERS)):
        (chapter / name).write_text(dedent(text), "utf-8")
    return root


@pytest.fixture(scope="session")
def tiny(tiny_root: Path) -> Course:
    """The tiny course."""
    return Course.load(tiny_root)


FRONT_MATTER = CHAPTER[: CHAPTER.index("# 01")]

ONE = """\
# 01 · One

```{code-cell} ipython3
%%save course_app/main.py
first = 1
```
"""

TWO = """\
# 02 · Two

### Exercise 2.1 · Add (4 minutes)

```{code-cell} ipython3
%%exercise 2.1 course_app/core/add.py
def add(a, b):
    ### BEGIN SOLUTION
    return a + b
    ### END SOLUTION
```

<details><summary>Hint 1: a sign</summary>

Plus.

</details>

```{code-cell} ipython3
:tags: [nbval-ignore-output]

1 + 1
```

```{code-cell} ipython3
%%save course_app/main.py
from course_app.core.add import add
```
"""


@pytest.fixture
def make_course(tmp_path: Path) -> Callable[..., Course]:
    """Make a course of two chapters; `two` may change the text of the second."""

    def make(two: Callable[[str], str] = lambda text: text) -> Course:
        for name, text in (("01_one", ONE), ("02_two", two(TWO))):
            folder = tmp_path / "course" / "chapters" / name
            folder.mkdir(parents=True)
            (folder / "chapter.md").write_text(FRONT_MATTER + text, "utf-8")
        return Course.load(tmp_path / "course")

    return make


@pytest.fixture
def course(make_course: Callable[..., Course]) -> Course:
    """A course of two chapters, one exercise and two versions of main.py, without checks."""
    return make_course()
