"""The name under which a browser saves a download (RFC 6266, RFC 8187)."""

import re
from urllib.parse import quote


def attachment(filename: str) -> str:
    """Return the `Content-Disposition` of a download that is to be saved as `filename`, whatever it contains."""
    name = re.sub(r"[\x00-\x1f\x7f-\x9f/\\\ud800-\udfff]", "_", filename) or "download"
    fallback = re.sub(r'[^ -~]|["%]', "_", name)
    encoded = quote(name, safe="!#$&+-.^_`|~")
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{encoded}"
