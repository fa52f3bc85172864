"""XML that reaches for nothing: no entities, no document types, no network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from spatial.errors import Rejected


def events(path: Path, *tags: str) -> Iterator[Any]:
    """Elements of these names (`{*}name` for any namespace) when they end, then cleared away."""
    for _, element in etree.iterparse(
        str(path), tag=tags, resolve_entities=False, load_dtd=False, no_network=True
    ):
        yield element
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def root(path: Path) -> tuple[str, str]:
    """The namespace and the name of the outermost element; raises Rejected for a DOCTYPE."""
    with path.open("rb") as file:
        if b"<!DOCTYPE" in file.read(4096):
            raise Rejected(f"'{path.name}' cannot be read: it declares a DOCTYPE")
    parsing = etree.iterparse(
        str(path), events=("start",), resolve_entities=False, load_dtd=False, no_network=True
    )
    for _, element in parsing:
        name = etree.QName(element)
        return name.namespace or "", name.localname
    return "", ""
