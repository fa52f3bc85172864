"""Which features are asked for, and what of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spatial import crs
from spatial.filter.filter import Filter
from spatial.layer import Box


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which features, and what of them.

    equal: attribute values that must match; after: the key of the last feature of the page
    before; order: attributes, a minus before one turns it round; crs: the URI of one on offer;
    fg: as JSON-FG, where another CRS goes into `place`, and both: into `geometry` too, in CRS84;
    unique_ids: states over an interval have ids of their own.
    """

    limit: int = 10
    offset: int = 0
    after: str | None = None
    box: tuple[Box, int] | None = None
    equal: Mapping[str, str] | None = None
    filter: Filter | None = None
    columns: Sequence[str] | None = None
    order: Sequence[str] = ()
    geometry: bool = True
    crs: str = crs.CRS84_URI
    fg: bool = False
    both: bool = False
    unique_ids: bool = True
