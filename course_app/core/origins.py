"""Origins of pages: scheme, host and port (RFC 6454), in the form in which browsers send them."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from course_app.core.lists import read_list

DEFAULT_PORTS = {"http": 80, "https": 443}
NO_ORIGIN = "no origin such as https://shop.example or http://localhost:3000"


def read_origin(text: str) -> str:
    """Return the origin that `text` is, as browsers send it. Raise `ValueError(NO_ORIGIN)` for what is none."""
    parts = re.fullmatch(r"(https?)://([\w-]+(?:\.[\w-]+)*)(?::(\d{1,5}))?", text, re.ASCII | re.IGNORECASE)
    if parts is None:
        raise ValueError(NO_ORIGIN)
    scheme, host = parts[1].lower(), parts[2].lower()
    port = int(parts[3] or DEFAULT_PORTS[scheme])
    if not 1 <= port <= 65535:
        raise ValueError(NO_ORIGIN)
    return f"{scheme}://{host}" if port == DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def read_origins(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Return the origins that the entries of a setting name, each once. `*`, every origin, stays as it is."""
    origins, faults = [], []
    for position, entry in enumerate(entries, 1):
        try:
            origins.append(entry if entry == "*" else read_origin(entry))
        except ValueError:
            faults.append(str(position))
    if faults:
        raise ValueError(f"{NO_ORIGIN}: entry {', '.join(faults)}")
    return tuple(dict.fromkeys(origins))


Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(read_list), AfterValidator(read_origins)]
