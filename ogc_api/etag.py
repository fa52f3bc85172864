"""Entity tags: a feature's is its version, a page's is the edition that it was read from."""

import re
from collections.abc import Set

from spatial import crs
from spatial.digest import digest

_VERSION = re.compile(r'"(\d{1,18})(?:-[\w.-]+)?"')


def of_version(version: int, crs_uri: str, *, fg: bool = False) -> str:
    """The tag of a feature in a CRS, as GeoJSON or as JSON-FG."""
    tail = "" if crs_uri == crs.CRS84_URI else f"-{crs_uri.rpartition('/')[2]}"
    return f'"{version}{tail}{"-fg" if fg else ""}"'


def of_parts(*parts: object) -> str:
    """A weak tag that changes when any part does."""
    return f'W/"{digest(repr(parts).encode())[7:31]}"'


def versions(if_match: str | None) -> Set[int] | None:
    """The versions that an If-Match header names; None where any will do.

    A weak tag never matches, nor does one that is none of ours.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    strong = (_VERSION.fullmatch(tag.strip()) for tag in if_match.split(","))
    return {int(match[1]) for match in strong if match}


def known(if_none_match: str | None, tag: str) -> bool:
    """Whether the caller has the answer of this tag already."""
    tags = [] if if_none_match is None else [text.strip() for text in if_none_match.split(",")]
    return "*" in tags or tag.removeprefix("W/") in [text.removeprefix("W/") for text in tags]
