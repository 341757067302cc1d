"""The names under which the application answers (RFC 9110, section 7.2)."""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from course_app.core.lists import read_list

_HOST = re.compile(r"([a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(?::\d{0,5})?", re.ASCII | re.IGNORECASE)
NO_HOST = "no host such as api.example.com: without scheme, port and path"


def host_name(values: Sequence[str]) -> str | None:
    """Return the name that a request's `Host` headers give, in lower case and without port, or None if they do not."""
    match = _HOST.fullmatch(values[0]) if len(values) == 1 else None
    return match[1].lower().rstrip(".") if match else None


def read_hosts(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Return the hosts that the entries of a setting name, each once. `*`, every host, stays as it is."""
    faults = [str(n) for n, entry in enumerate(entries, 1) if entry != "*" and ":" in re.sub(r"^\[.*\]$", "", entry)]
    names = [entry if entry == "*" else host_name([entry]) for entry in entries]
    faults += [str(n) for n, name in enumerate(names, 1) if name is None and str(n) not in faults]
    if faults:
        raise ValueError(f"{NO_HOST}: entry {', '.join(sorted(faults, key=int))}")
    return tuple(dict.fromkeys(name for name in names if name is not None))


Hosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(read_list), AfterValidator(read_hosts)]
