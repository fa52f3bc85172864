"""Where a tile lies, as statements say it: written into them, or given to them anew each time."""

from dataclasses import dataclass
from struct import Struct
from typing import Self

from psycopg import sql

from spatial.crs import WEB_MERCATOR
from spatial.layer import Box
from tiles.matrix_set import WEB_MERCATOR_QUAD, Zxy
from tiles.mvt.encoder import Placing
from tiles.vector import EXTENT, MARGIN

_BOX = Struct("<BIIII10d")
_POLYGON, _HAS_SRID = 3, 0x20000000


@dataclass(frozen=True, slots=True)
class Frame:
    """A tile of web mercator: its box, and the box with its margin."""

    zoom: int
    tile: sql.Composable
    around: sql.Composable

    @classmethod
    def of(cls, zxy: Zxy) -> Self:
        """The frame of one tile."""
        return cls(zxy[0], *(_shape(sql.Literal(text)) for text in values(zxy)))

    @classmethod
    def given(cls, zoom: int) -> Self:
        """The frame of any tile of a zoom, of which `values` are given as $1 and $2."""
        return cls(zoom, _shape(sql.SQL("$1")), _shape(sql.SQL("$2")))


def values(zxy: Zxy) -> tuple[str, str]:
    """What tells one tile from others of its zoom: its two boxes."""
    return _text(WEB_MERCATOR_QUAD.bounds(*zxy)), _text(WEB_MERCATOR_QUAD.bounds(*zxy, MARGIN))


def scale(zoom: int) -> float:
    """Units of a tile in a metre."""
    return EXTENT / WEB_MERCATOR_QUAD.side(zoom)


def placing(zxy: Zxy) -> Placing:
    """Where places in metres come to lie in a tile."""
    west, _, _, north = WEB_MERCATOR_QUAD.bounds(*zxy)
    units = scale(zxy[0])
    # halves, since coordinates lose their fractions
    return Placing(units, 0.5 - west * units, 0.5 + north * units)


def _text(box: Box) -> str:
    """A box as hexadecimal EWKB."""
    west, south, east, north = box
    ring = (west, south, east, south, east, north, west, north, west, south)
    return _BOX.pack(1, _POLYGON | _HAS_SRID, WEB_MERCATOR, 1, 5, *ring).hex()


def _shape(text: sql.Composable) -> sql.Composed:
    return sql.SQL("{}::geometry").format(text)
