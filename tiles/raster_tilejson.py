"""TileJSON 3.0 of a raster's pictures at an AsOf."""

from collections.abc import Mapping
from math import ceil, log2
from typing import Any
from urllib.parse import quote, urlencode

from spatial.asof import AsOf
from spatial.crs import WEB_MERCATOR, WGS84, WORLD, transform_bounds
from spatial.raster import Raster
from tiles.colours import TERRAIN_RGB
from tiles.matrix_set import MAX_ZOOM, MIN_ZOOM
from tiles.raster import SIDE


def raster_tilejson(
    raster: Raster, base_url: str, asof: AsOf, drawn: Mapping[str, str], language: str = "zh"
) -> dict[str, Any]:
    """The TileJSON of a raster's pictures, down to the zoom that shows its own cells.

    drawn: the parameters that say how, such as `colormap`; of terrain-rgb it is a raster-dem's.
    """
    query = urlencode({**asof.params(), **drawn})
    west, south, east, north = raster.extent
    minx, _, maxx, _ = transform_bounds(raster.latest.extent, WGS84, WEB_MERCATOR)
    cell = max((maxx - minx) / raster.latest.shape[1], 1e-3)
    found: dict[str, Any] = {
        "tilejson": "3.0.0",
        "name": raster.name,
        "description": raster.title(language),
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [
            f"{base_url}/tiles/{quote(raster.name)}/{{z}}/{{x}}/{{y}}.png"
            + (f"?{query}" if query else "")
        ],
        "minzoom": MIN_ZOOM,
        "maxzoom": int(min(max(ceil(log2(2 * WORLD / SIDE / cell)), 0), MAX_ZOOM)),
        "bounds": [west, south, east, north],
        "center": [(west + east) / 2, (south + north) / 2, 11],
        "tileSize": SIDE,
    }
    if drawn.get("colormap") == TERRAIN_RGB:
        found["encoding"] = "mapbox"
    return found
