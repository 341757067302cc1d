"""What a 401 says about how to sign in: the challenge of RFC 6750, section 3."""

import re

CODES = ("invalid_request", "invalid_token", "insufficient_scope")


def bearer_challenge(error: str | None = None, description: str | None = None, *, realm: str | None = None) -> str:
    """Return the value of `WWW-Authenticate`. `error` is one of `CODES`, or None when no credentials were sent.

    Raise `ValueError` for any other code.
    """
    if error is not None and error not in CODES:
        raise ValueError(f"{error!r} is no code of RFC 6750")
    parameters = []
    if realm:
        escaped = re.sub(r'(["\\])', r"\\\1", re.sub("[^ -~]", "?", realm))
        parameters.append(f'realm="{escaped}"')
    if error:
        parameters.append(f'error="{error}"')
    if error and description:
        parameters.append('error_description="{}"'.format(re.sub(r'[^ -~]|["\\]', "?", description)))
    return " ".join(["Bearer", ", ".join(parameters)]).rstrip()
