"""`show(response)`: prints a response the same way every time."""

from __future__ import annotations

import json
import re

import httpx

_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]*\.[\w-]*")
WIDTH = 100


def show(response: httpx.Response, *headers: str, body: bool = True) -> None:
    """Print the request line, the status, the headers that are named, and the body.

    JSON bodies are indented where they do not fit a line, tokens are printed as `<token>`, and a 500 that an exception
    made says which one and where.
    """
    request = response.request
    print(f"{request.method} {request.url.raw_path.decode('ascii')} -> {response.status_code} {response.reason_phrase}")
    for name in headers:
        values = response.headers.get_list(name) or ["(not there)"]
        for value in values:
            print(f"{name.lower()}: {_TOKEN.sub('<token>', value)}")
    if body and response.content:
        print(_TOKEN.sub("<token>", readable(response)))
    if "raised" in response.extensions:
        print(f"raised: {response.extensions['raised']}")


def readable(response: httpx.Response) -> str:
    """The body as text; JSON on one line where it fits, else indented."""
    try:
        value = json.loads(response.content)
    except ValueError:
        return response.text
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= WIDTH else _indented(value)


def _indented(value: object, indent: str = "") -> str:
    """JSON with every list and object that fits a line on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [f"{inner}{json.dumps(key)}: {_indented(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + _indented(item, inner) for item in value) + f"\n{indent}]"
