"""Addresses, and links to them."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from ogc_api import context


def place_of(layer: str, *parts: str) -> str:
    """The address of a layer, or of what lies under it."""
    return "/".join([f"{context.base_url.get()}/collections", *map(quote, (layer, *parts))])


def link(rel: str, kind: str, href: str, query: Mapping[str, str]) -> dict[str, str]:
    """A link object."""
    return {"rel": rel, "type": kind, "href": address(href, query)}


def address(href: str, query: Mapping[str, str]) -> str:
    """An address with its query, if there is any."""
    tail = urlencode(query)
    return f"{href}?{tail}" if tail else href
