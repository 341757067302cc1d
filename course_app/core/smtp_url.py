"""Where e-mails are handed in, as one setting."""

import re
from dataclasses import dataclass, field
from typing import Annotated, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

Security = Literal["none", "starttls", "tls"]
SCHEMES: dict[str, tuple[Security, int]] = {
    "smtp": ("none", 25),
    "smtp+starttls": ("starttls", 587),
    "smtps": ("tls", 465),
}


@dataclass(frozen=True)
class SmtpServer:
    """A mail server, how to talk to it, and in whose name."""

    host: str
    port: int
    security: Security = "none"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sender: str = "course-app@localhost"


def read_smtp_url(value: object) -> object:
    """Read `smtps://name:password@host:465?from=shop%40example.com`; a value that is no text stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        url = urlsplit(value)
        security, port = SCHEMES[url.scheme]
        host, port = url.hostname or "", url.port or port
        query = parse_qs(url.query, strict_parsing=True) if url.query else {}
    except (KeyError, ValueError):
        raise ValueError("must be smtp://host, smtp+starttls://host or smtps://host") from None
    sender = query.pop("from", ["course-app@localhost"])[-1]
    if not host or url.path.strip("/") or query or not re.fullmatch(r"[!-~]+@[!-~]+", sender):
        raise ValueError("must be a host, maybe a port, and maybe ?from= with an e-mail address")
    username, password = (None if part is None else unquote(part) for part in (url.username, url.password))
    if username is not None and security == "none":
        raise ValueError("must be smtp+starttls:// or smtps:// where it has a password: smtp:// would show it")
    return SmtpServer(host, port, security, username, password, sender)


SmtpUrl = Annotated[SmtpServer, NoDecode, BeforeValidator(read_smtp_url)]
