"""Which versions of an item a client is willing to change (RFC 9110, section 13.1.1)."""

import re

from course_app.core.etags import read_tags


def expected_versions(if_match: str | None, item_id: int) -> frozenset[int] | None:
    """Return the versions of the item that `if_match` names, or None when every version will do."""
    if if_match is None or if_match.strip(" \t") == "*":
        return None
    version = re.compile(rf'"{item_id}-([1-9][0-9]{{0,17}})"')
    return frozenset(int(match[1]) for tag in read_tags(if_match) if (match := version.fullmatch(tag)))
