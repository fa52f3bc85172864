"""Tile matrix sets: into which squares the world is cut, and by what name each goes (OGC 17-083r4).

Tianditu has two sets, both counted from 1. Its w is WebMercatorQuad, level for level. Its c is in
CGCS2000 and begins with the two halves of the world: level n is WorldCRS84Quad's n - 1.
"""

from dataclasses import dataclass
from math import ldexp, pi
from typing import Any

from spatial import crs
from spatial.crs import CGCS2000, CRS84_URI, EDGE, WEB_MERCATOR, WGS84, WORLD
from spatial.errors import NotFound
from spatial.layer import Box

type Zxy = tuple[int, int, int]

MIN_ZOOM, MAX_ZOOM = 0, 22
PIXELS = 256
# metres a pixel: the standard's, and that of 96 dots an inch, which Tianditu counts by
STANDARD_PIXEL, SCREEN_PIXEL = 0.00028, 0.0254 / 96
_DEGREE = 6378137 * pi / 180
_OGC = "http://www.opengis.net/def"


@dataclass(frozen=True, slots=True)
class MatrixSet:
    """A quadtree of squares over a box of the world, x first, in a CRS.

    first: the level that has `columns` squares in one row. span: a side there, in units of the
    CRS of `metres` each.
    """

    id: str
    title: dict[str, str]
    srid: int
    crs_uri: str
    world: Box
    columns: int
    metres: float
    first: int = 0
    last: int = MAX_ZOOM
    scale_set: str | None = None

    @property
    def uri(self) -> str | None:
        """The name by which OGC's register knows the set, if it does."""
        return f"{_OGC}/tilematrixset/OGC/1.0/{self.id}" if self.scale_set else None

    def shape(self, z: int) -> tuple[int, int]:
        """Columns and rows of a level."""
        rows = 1 << (z - self.first)
        return self.columns * rows, rows

    def side(self, z: int) -> float:
        """Side of a square of a level, in units of the CRS."""
        return ldexp(self.world[3] - self.world[1], self.first - z)

    def bounds(self, z: int, x: int, y: int, margin: float = 0.0) -> Box:
        """Bounds of a square, widened by a share of its side."""
        side = self.side(z)
        west, north = self.world[0] + x * side, self.world[3] - y * side
        spare = side * margin
        return west - spare, north - side - spare, west + side + spare, north + spare

    def require(self, zxy: Zxy) -> None:
        """Raise NotFound for a square that the set has not."""
        z, x, y = zxy
        if self.first <= z <= self.last:
            columns, rows = self.shape(z)
            if 0 <= x < columns and 0 <= y < rows:
                return
        raise NotFound(f"there is no tile {z}/{x}/{y}: zooms go from {self.first} to {self.last}")

    def limits(self, box: Box) -> list[dict[str, Any]]:
        """The rows and columns that a box in degrees takes of every level."""
        west, south, east, north = box
        if self.srid == WEB_MERCATOR:
            south, north = max(south, -EDGE), min(north, EDGE)
        west, south, east, north = crs.transform_bounds(
            (west, south, east, north), WGS84, self.srid
        )
        found = []
        for z in range(self.first, self.last + 1):
            side, (columns, rows) = self.side(z), self.shape(z)
            found.append(
                {
                    "tileMatrix": str(z),
                    "minTileRow": _within((self.world[3] - north) / side, rows),
                    "maxTileRow": _within((self.world[3] - south) / side, rows),
                    "minTileCol": _within((west - self.world[0]) / side, columns),
                    "maxTileCol": _within((east - self.world[0]) / side, columns),
                }
            )
        return found

    def definition(self, language: str) -> dict[str, Any]:
        """The set as OGC writes it in JSON."""
        north_first = self.crs_uri != CRS84_URI and crs.northing_first(self.srid)
        corner = [self.world[0], self.world[3]]
        axes = ["X", "Y"] if self.srid == WEB_MERCATOR else ["Lon", "Lat"]
        document: dict[str, Any] = {
            "id": self.id,
            "title": self.title[language],
            "crs": self.crs_uri,
            "orderedAxes": axes[::-1] if north_first else axes,
            "tileMatrices": [
                self._matrix(z, corner[::-1] if north_first else corner)
                for z in range(self.first, self.last + 1)
            ],
        }
        if self.uri:
            document |= {"uri": self.uri, "wellKnownScaleSet": self.scale_set}
        return document

    def _matrix(self, z: int, corner: list[float]) -> dict[str, Any]:
        cell = self.side(z) / PIXELS
        columns, rows = self.shape(z)
        return {
            "id": str(z),
            "description": f"1 : {cell * self.metres / SCREEN_PIXEL:.10g} at 96 dpi",
            "scaleDenominator": cell * self.metres / STANDARD_PIXEL,
            "cellSize": cell,
            "cornerOfOrigin": "topLeft",
            "pointOfOrigin": corner,
            "tileWidth": PIXELS,
            "tileHeight": PIXELS,
            "matrixWidth": columns,
            "matrixHeight": rows,
        }


def _within(place: float, count: int) -> int:
    return min(max(int(place), 0), count - 1)


WEB_MERCATOR_QUAD = MatrixSet(
    "WebMercatorQuad",
    {"zh": "网络墨卡托（天地图 w）", "en": "Web mercator (Tianditu's w)"},
    WEB_MERCATOR,
    crs.uri(WEB_MERCATOR),
    (-WORLD, -WORLD, WORLD, WORLD),
    columns=1,
    metres=1,
    scale_set=f"{_OGC}/wkss/OGC/1.0/GoogleMapsCompatible",
)
WORLD_CRS84_QUAD = MatrixSet(
    "WorldCRS84Quad",
    {"zh": "WGS 84 经纬度", "en": "Degrees of WGS 84"},
    WGS84,
    CRS84_URI,
    (-180, -90, 180, 90),
    columns=2,
    metres=_DEGREE,
    scale_set=f"{_OGC}/wkss/OGC/1.0/GoogleCRS84Quad",
)
CGCS2000_QUAD = MatrixSet(
    "CGCS2000Quad",
    {"zh": "CGCS2000 经纬度（天地图 c）", "en": "Degrees of CGCS2000 (Tianditu's c)"},
    CGCS2000,
    crs.uri(CGCS2000),
    (-180, -90, 180, 90),
    columns=2,
    metres=_DEGREE,
    first=1,
)
MATRIX_SETS = {one.id: one for one in (WEB_MERCATOR_QUAD, WORLD_CRS84_QUAD, CGCS2000_QUAD)}


def matrix_set(name: str) -> MatrixSet:
    """The set of a name; raises NotFound for one that tiles do not come in."""
    if name not in MATRIX_SETS:
        raise NotFound(f"tiles do not come in '{name}': they come in {', '.join(MATRIX_SETS)}")
    return MATRIX_SETS[name]
