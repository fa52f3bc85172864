"""A filter as a client writes it: CQL2 text or JSON, and the CRS of its geometries."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from spatial import crs as reference
from spatial.errors import Invalid
from spatial.filter import cql2_json, cql2_text
from spatial.filter.condition import Condition
from spatial.filter.tree import Node
from spatial.layer import Layer

LANGUAGES = ("cql2-text", "cql2-json")
LONGEST = 16_384


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter, read but not yet bound to a layer.

    language: cql2-text or cql2-json; crs: that of its geometries, in its own axis order, CRS84
    without one. Raises Invalid with the position and what was expected there.
    """

    text: str
    language: str = LANGUAGES[0]
    crs: str | None = None
    root: Node = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise Invalid(f"filter-lang is {' or '.join(LANGUAGES)}, not '{self.language[:40]}'")
        if len(self.text.encode(errors="replace")) > LONGEST:
            raise Invalid(f"the filter is longer than {LONGEST} bytes: make it shorter")
        if self.crs is not None:
            reference.srid(self.crs)
        parse = cql2_text.parse if self.language == LANGUAGES[0] else cql2_json.parse
        object.__setattr__(self, "root", parse(self.text))

    def on(self, layer: Layer) -> Condition:
        """What it says of a layer's rows; raises Invalid where it does not fit the layer."""
        return Condition(layer, self.root, self.crs)

    def params(self) -> dict[str, str]:
        """The query parameters that reproduce it; defaults are left out."""
        out = {"filter": self.text}
        if self.language != LANGUAGES[0]:
            out["filter-lang"] = self.language
        if self.crs is not None:
            out["filter-crs"] = self.crs
        return out


def filter_of(query: Mapping[str, str]) -> Filter | None:
    """The filter in query parameters; an empty one is none."""
    if not query.get("filter", "").strip():
        return None
    return Filter(
        query["filter"], query.get("filter-lang") or LANGUAGES[0], query.get("filter-crs") or None
    )
