"""What EDR queries are put to: rasters here, and whatever else registers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from ogc_api.rasters.covjson import Node
from spatial import crs
from spatial.asof import AsOf
from spatial.errors import NotFound


@dataclass(frozen=True)
class Asked:
    """One data query. shape: x first, in the CRS of `srid`; names: of parameters, all if empty.

    most: how many values may be answered.

    output: the CRS of the answer's grids, None for the source's own.
    """

    shape: BaseGeometry
    srid: int
    asof: AsOf
    names: tuple[str, ...] = ()
    output: int | None = None
    most: int = 1_000_000

    def in_crs(self, srid: int) -> BaseGeometry:
        """The shape in another CRS."""
        if srid == self.srid:
            return self.shape
        to = crs.transformer(self.srid, srid)
        moved: BaseGeometry = shapely.transform(
            self.shape, lambda xy: _stacked(to.transform(xy[:, 0], xy[:, 1]))
        )
        return moved


def _stacked(pair: tuple[Any, Any]) -> Any:
    return np.stack(pair, axis=1)


class EdrSource(Protocol):
    """A collection of environmental data. Every answer is a list of CoverageJSON coverages."""

    def parameters(self, asked: Asked) -> Node:
        """The parameters asked for, as CoverageJSON has them; raises Invalid for others."""
        ...

    def position(self, asked: Asked) -> list[Node]:
        """At a Point or at each of a MultiPoint."""
        ...

    def area(self, asked: Asked, *, boxed: bool = False) -> list[Node]:
        """Within a polygon; where `boxed`, within its bounding box."""
        ...

    def trajectory(self, asked: Asked) -> list[Node]:
        """Along a line, whose M are seconds since 1970 where it has them."""
        ...

    def locations(self, words: Mapping[str, str]) -> Node:
        """The named places that a query asks for, as GeoJSON."""
        ...

    def location(self, name: str, asked: Asked) -> list[Node]:
        """At a named place, whatever shape was asked for; raises NotFound."""
        ...


type Finder = Callable[[str], EdrSource | None]

_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Let collections of another kind answer data queries; None is for a name it does not know."""
    _finders.append(finder)


def source(name: str) -> EdrSource:
    """The source of that name that the request's grant may see; raises NotFound."""
    for finder in _finders:
        if (found := finder(name)) is not None:
            return found
    raise NotFound(f"there is no collection '{name}' that data queries can be put to")
