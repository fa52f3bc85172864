"""Where a tile lies, as statements say it: written into them, or given to them anew each time."""

from dataclasses import dataclass
from typing import Any, Self

import shapely
from psycopg import sql

from spatial.crs import WEB_MERCATOR
from spatial.layer import Box
from tiles.matrix_set import WEB_MERCATOR_QUAD, Zxy
from tiles.vector import EXTENT, MARGIN


@dataclass(frozen=True, slots=True)
class Frame:
    """A tile of web mercator: its box, the box with its margin, and its coordinates.

    A place in metres comes to lie at (x + scale * east, y - scale * north).
    """

    zoom: int
    tile: sql.Composable
    around: sql.Composable
    x: sql.Composable
    y: sql.Composable

    @classmethod
    def of(cls, zxy: Zxy) -> Self:
        """The frame of one tile."""
        tile, around, x, y = values(zxy)
        return cls(zxy[0], *(_shape(sql.Literal(one)) for one in (tile, around)), *_numbers(x, y))

    @classmethod
    def given(cls, zoom: int) -> Self:
        """The frame of any tile of a zoom, of which `values` are given as $1 to $4."""
        tile, around, x, y = (sql.SQL(f"${n}") for n in range(1, 5))
        return cls(zoom, _shape(tile), _shape(around), x, y)

    @property
    def scale(self) -> float:
        """Units of the tile in a metre."""
        return EXTENT / WEB_MERCATOR_QUAD.side(self.zoom)


def values(zxy: Zxy) -> tuple[str, str, float, float]:
    """What tells one tile from others of its zoom: its two boxes, and where places come to lie."""
    west, _, _, north = box = WEB_MERCATOR_QUAD.bounds(*zxy)
    scale = EXTENT / WEB_MERCATOR_QUAD.side(zxy[0])
    # halves, since coordinates lose their fractions
    place = 0.5 - west * scale, 0.5 + north * scale
    return _text(box), _text(WEB_MERCATOR_QUAD.bounds(*zxy, MARGIN)), *place


def _text(box: Box) -> str:
    return shapely.to_wkb(
        shapely.set_srid(shapely.box(*box), WEB_MERCATOR), hex=True, include_srid=True
    )


def _shape(text: sql.Composable) -> sql.Composed:
    return sql.SQL("{}::geometry").format(text)


def _numbers(*numbers: float) -> tuple[Any, ...]:
    return tuple(sql.SQL("{}::float8").format(number) for number in numbers)
