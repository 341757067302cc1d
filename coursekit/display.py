"""What the magics say: HTML that fits JupyterLab light and dark, and plain text that says the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from coursekit.checker import CheckResult
    from coursekit.course import Exercise

Mood = Literal["good", "bad", "open", "plain"]

_COLOUR: dict[Mood, str] = {
    "good": "var(--jp-success-color1, #388e3c)",
    "bad": "var(--jp-error-color1, #d32f2f)",
    "open": "var(--jp-warn-color1, #f57c00)",
    "plain": "var(--jp-border-color1, #bdbdbd)",
}
_BOX = "border-left: 4px solid {colour}; padding: 2px 12px; color: var(--jp-ui-font-color1, inherit)"
_PRE = "white-space: pre-wrap; margin: 2px 0 6px 1.6em; font-family: var(--jp-code-font-family, monospace)"


@dataclass(frozen=True)
class Line:
    """One line under a notice's headline: a word in front (`passed`), the text, and details in a fixed-width block."""

    text: str
    word: str = ""
    mood: Mood = "plain"
    details: str = ""


@dataclass(frozen=True)
class Notice:
    """A headline with lines below it, for a notebook's output area."""

    headline: str
    mood: Mood = "plain"
    lines: tuple[Line, ...] = ()

    def __str__(self) -> str:
        parts = [self.headline]
        for line in self.lines:
            parts.append(f"  {line.word:<8}{line.text}" if line.word else f"  {line.text}")
            parts.extend(" " * (10 if line.word else 4) + detail for detail in line.details.splitlines())
        return "\n".join(parts)

    def html(self) -> str:
        """The notice as HTML."""
        rows = "".join(self._row(line) for line in self.lines)
        box = _BOX.format(colour=_COLOUR[self.mood])
        return f'<div style="{box}"><div><strong>{escape(self.headline)}</strong></div>{rows}</div>'

    @staticmethod
    def _row(line: Line) -> str:
        word = f'<span style="color: {_COLOUR[line.mood]}">{escape(line.word)}</span> ' if line.word else ""
        details = f'<pre style="{_PRE}">{escape(line.details)}</pre>' if line.details else ""
        return f"<div>{word}{escape(line.text)}</div>{details}"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}


def _check_lines(result: CheckResult) -> Iterator[Line]:
    """A line a check; what several checks object to is said once."""
    said: set[str] = set()
    for check in result.checks:
        message = check.message or ""
        if check.outcome == "passed":
            yield Line(check.title, "passed", "good")
        else:
            yield Line(check.title, "FAILED", "bad", "the same as above" if message in said else message)
            said.update([message] if message else [])


def verdict(exercise: Exercise, result: CheckResult, *, goes_on: str) -> Notice:
    """The outcome of a check. `goes_on` says which version of the file the app uses now."""
    name = f"Exercise {exercise.id} · {exercise.title}"
    checks = tuple(_check_lines(result))
    printed = (Line("Your code printed:", details=result.printed.rstrip()),) if result.printed.strip() else ()
    said = (Line(result.message),) if result.message else ()
    note = (Line(goes_on),) if goes_on else ()
    if result.outcome == "passed":
        return Notice(f"{name}: passed, {len(checks)} of {len(checks)} checks", "good", (*checks, *printed, *note))
    if result.outcome == "failed":
        good = sum(check.outcome == "passed" for check in result.checks)
        return Notice(
            f"{name}: not yet, {good} of {len(checks)} checks passed", "bad", (*checks, *said, *printed, *note)
        )
    words: dict[str, tuple[str, Mood]] = {
        "not_attempted": ("not attempted", "open"),
        "timed_out": ("stopped", "bad"),
        "error": ("does not run", "bad"),
    }
    word, mood = words[result.outcome]
    return Notice(f"{name}: {word}", mood, (*said, *printed, *note))
