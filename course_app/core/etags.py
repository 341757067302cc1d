"""Entity tags, and whether the copy a client has is still good (RFC 9110, sections 8.8.3 and 13.1.2)."""

import re
from hashlib import sha256

_GZIP = '-gzip"'
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_LIST = re.compile(rf"[ \t,]*(?:{_TAG}[ \t]*(?:,[ \t,]*|\Z))+")


def item_tag(item_id: int, version: int) -> str:
    """Return the tag of an item: no two versions of an item, and no two items, have the same."""
    return f'"{item_id}-{version}"'


def gzip_tag(etag: str) -> str:
    """Return the tag of the compressed form of what has this tag: other bytes, so another tag."""
    return etag.removesuffix('"') + _GZIP


def plain_tag(etag: str) -> str:
    """Return the tag of the form that is not compressed."""
    return etag.removesuffix(_GZIP) + '"' if etag.endswith(_GZIP) else etag


def read_tags(value: str) -> list[str]:
    """Return the tags that a header lists, each with its quotes and its `W/`; none when the header is no such list.

    The tag of a compressed form is read as that of the plain one.
    """
    return [plain_tag(tag) for tag in re.findall(_TAG, value)] if _LIST.fullmatch(value) else []


def content_tag(content: bytes) -> str:
    """Return a strong tag for these bytes: the same for the same bytes, in every process, and no other's."""
    return f'"{sha256(content).hexdigest()}"'


def not_modified(if_none_match: str | None, etag: str) -> bool:
    """Whether a client that sent this `If-None-Match`, or none, has what `etag` names already."""
    if if_none_match is None:
        return False
    if if_none_match.strip(" \t") == "*":
        return True
    return etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in read_tags(if_none_match)}
