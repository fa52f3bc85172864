"""Query parameters: one grammar, wherever they are read."""

from collections.abc import Mapping, Set

from starlette.requests import Request

from ogc_api.wanted import Wanted
from spatial import crs
from spatial.box import parse_box
from spatial.errors import Invalid
from spatial.filter.filter import filter_of

DEFAULT_LIMIT, MAX_LIMIT = 100, 10_000
MAX_WHOLE = 1_000_000
#: How the states of a feature that an interval meets are told apart: profiles of OGC's draft.
UNIQUE_IDS, SHARED_IDS = "versions-as-features-unique-ids", "versions-as-features"
_EVERYWHERE = frozenset(("datetime", "known_at", "scenario", "f", "lang"))
_RESERVED = frozenset(
    (
        "bbox", "bbox-crs", "crs", "f", "lang", "limit", "offset", "after", "resulttype",
        "datetime", "known_at", "scenario", "sortby", "properties", "skipGeometry", "profile",
        "filter", "filter-lang", "filter-crs",
    )
)  # fmt: skip


def wanted_of(
    query: Mapping[str, str], default: int = DEFAULT_LIMIT, maximum: int = MAX_LIMIT
) -> Wanted:
    """Which features a request asks for; raises Invalid, with what to write instead."""
    return Wanted(
        limit=0
        if query.get("resulttype") == "hits"
        else limit_of(query.get("limit"), default, maximum),
        offset=whole("offset", query.get("offset", "0")),
        after=query.get("after"),
        box=parse_box(query["bbox"], query.get("bbox-crs"), around=True)
        if query.get("bbox")
        else None,
        equal={name: value for name, value in query.items() if name not in _RESERVED},
        filter=filter_of(query),
        columns=[name for name in query["properties"].split(",") if name]
        if "properties" in query
        else None,
        order=[key for key in query.get("sortby", "").split(",") if key],
        geometry=query.get("skipGeometry", "false").lower() not in ("true", "1", "yes"),
        crs=crs_of(query),
        fg=query.get("f") == "jsonfg",
        both="jsonfg-plus" in _profiles(query),
        unique_ids=SHARED_IDS not in _profiles(query),
    )


def _profiles(query: Mapping[str, str]) -> list[str]:
    return [name.rpartition("/")[2] for name in query.get("profile", "").split(",")]


def limit_of(text: str | None, default: int = DEFAULT_LIMIT, maximum: int = MAX_LIMIT) -> int:
    """How many features a page holds; raises Invalid for what is no number from 1."""
    if text is None:
        return default
    number = whole("limit", text)
    if number == 0:
        raise Invalid("limit starts at 1")
    return min(number, maximum)


def whole(name: str, text: str) -> int:
    """A parameter's whole number; raises Invalid for another text."""
    if not text.isdecimal() or len(text) > 12:
        raise Invalid(f"{name} is a whole number, not '{text}'")
    return int(text)


def language_of(request: Request) -> str:
    """The language that a request asks for: zh or en."""
    asked = request.query_params.get("lang") or request.headers.get("accept-language", "zh")
    return "en" if asked.lower().startswith("en") else "zh"


def crs_of(query: Mapping[str, str]) -> str:
    """URI of the CRS that a request asks for."""
    return query.get("crs") or crs.CRS84_URI


def only(query: Mapping[str, str], known: Set[str]) -> None:
    """Raise Invalid for a parameter beyond those known and those that go with every address."""
    unknown = sorted(set(query) - known - _EVERYWHERE)
    if unknown:
        raise Invalid(f"'{unknown[0]}' is no parameter here: {', '.join(sorted(known))} are")
