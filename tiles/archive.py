"""PMTiles archives: every tile of a reading in one file, which needs no server."""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from psycopg import sql

from spatial import crs
from spatial.asof import Interval
from spatial.crs import WEB_MERCATOR
from spatial.database import Pg
from spatial.errors import Invalid
from spatial.layer import Box
from spatial.query import Reading
from tiles.matrix_set import MAX_ZOOM, MIN_ZOOM, Zxy
from tiles.render import render
from tiles.tilejson import WORLD_BOUNDS, vector_layer
from tiles.vector import MARGIN, bounds

MIMETYPE = "application/vnd.pmtiles"
DEFAULT_ZOOM = 14

type Told = Callable[[int, int, int], None]


@dataclass(frozen=True, slots=True)
class Archived:
    """How many tiles an archive holds, and their bytes before its directories are counted."""

    tiles: int
    size: int


def archive(
    pg: Pg,
    view: Reading,
    path: Path,
    *,
    max_zoom: int = DEFAULT_ZOOM,
    most: int | None = None,
    told: Told = lambda zoom, done, of: None,
) -> Archived:
    """Write the tiles of zooms 0 to max_zoom, as they are served, compressed, in their order.

    Tiles wait on disk, so memory is flat, and nothing is written where it fails. `told` hears of
    progress: the zoom, and how many of its tiles are done.
    Raises Invalid for an interval, for a zoom that tiles do not have, where nothing is to be seen
    at that moment, beyond `most` tiles, and where the file cannot be written.
    """
    if isinstance(view.moment.valid_at, Interval):
        raise Invalid("an archive shows one instant: give an instant, not an interval")
    if not MIN_ZOOM <= max_zoom <= MAX_ZOOM:
        raise Invalid(f"the zoom of an archive is {MIN_ZOOM} to {MAX_ZOOM}, not {max_zoom}")
    writer: Any = Writer(None)  # type: ignore[no-untyped-call]
    try:
        for zxy, data in _tiles(pg, view, max_zoom, told):
            writer.write_tile(zxy_to_tileid(*zxy), gzip.compress(data, mtime=0))
            if most is not None and writer.addressed_tiles > most:
                raise Invalid(
                    f"the archive would hold more than {most} tiles: ask for fewer zooms, or"
                    f" write it with citytwin export {view.layer.name} FILE.pmtiles"
                )
        if not writer.addressed_tiles:
            raise Invalid(
                f"nothing of '{view.layer.name}' is to be seen at that moment down to zoom"
                f" {max_zoom}"
            )
        header, metadata = _header(_extent(pg, view), max_zoom), _metadata(view)
        with path.open("wb") as writer.f:
            writer.finalize(header, metadata)
    except OSError as error:
        raise Invalid(f"'{path.name}' cannot be written: {error.strerror}") from None
    finally:
        writer.tile_f.close()
    return Archived(writer.addressed_tiles, writer.offset)


def _tiles(pg: Pg, view: Reading, max_zoom: int, told: Told) -> Iterator[tuple[Zxy, bytes]]:
    """The tiles in which something is, zoom by zoom; where a tile has nothing, no child has."""
    row: list[Zxy] = [(0, 0, 0)]
    for zoom in range(max_zoom + 1):
        there = []
        for done, zxy in enumerate(row):
            told(zoom, done, len(row))
            if not _any(pg, view, zxy):
                continue
            there.append(zxy)
            if data := render(pg, view, zxy):
                yield zxy, data
        told(zoom, len(row), len(row))
        children = [
            (zoom + 1, 2 * x + right, 2 * y + down)
            for _, x, y in there
            for right in (0, 1)
            for down in (0, 1)
        ]
        row = sorted(children, key=lambda zxy: zxy_to_tileid(*zxy))


def _any(pg: Pg, view: Reading, zxy: Zxy) -> bool:
    box = bounds(*zxy, margin=MARGIN)
    rows = view.within(box, WEB_MERCATOR).select(sql.SQL("1"), limit=1)
    return pg.execute(sql.SQL("SELECT EXISTS ({})").format(rows)).fetchone() == (True,)


def _extent(pg: Pg, view: Reading) -> Box:
    row = pg.execute(view.extent()).fetchone()
    if row is None or row[0] is None:
        return WORLD_BOUNDS
    return crs.transform_bounds((row[0], row[1], row[2], row[3]), view.layer.srid, crs.WGS84)


def _header(extent: Box, max_zoom: int) -> dict[str, Any]:
    west, south, east, north = (round(value * 1e7) for value in extent)
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": min(max_zoom, 13),
        "center_lon_e7": (west + east) // 2,
        "center_lat_e7": (south + north) // 2,
    }


def _metadata(view: Reading) -> dict[str, Any]:
    """What readers want to know, and which state of the city this is."""
    layer = view.layer
    return {
        "name": layer.name,
        "description": layer.title("zh"),
        "type": "overlay",
        "version": "1.0.0",
        "vector_layers": [vector_layer(layer, "zh")],
        "citytwin": {
            "as_of": view.moment.cite().params(),
            "title": {"zh": layer.title("zh"), "en": layer.title("en")},
            "lineage": layer.lineage,
        },
    }
