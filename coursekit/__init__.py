"""The kit that runs the course: `%load_ext coursekit` in a notebook, `course` in a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Called by `%load_ext coursekit`."""
    from coursekit.magics import register

    register(shell)
