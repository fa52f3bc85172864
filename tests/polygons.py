"""Random polygon layers for overlays."""

import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely

from spatial import bulk
from spatial.database import Database
from spatial.layer import Column, ColumnType, LayerSpec

CRS = 4528
ORIGIN = (40_528_000, 3_486_000)
TYPES: dict[str, ColumnType] = {
    "i": "bigint",
    "f": "double precision",
    "O": "text",
    "b": "boolean",
    "M": "timestamptz",
}


def tessellation(count: int, seed: int, size: float = 4_000) -> gpd.GeoDataFrame:
    """About `count` cells that fill a square, with a code and their number."""
    rng = np.random.default_rng(seed)
    points = shapely.multipoints(rng.uniform(0, size, (count, 2)))
    square = shapely.box(0, 0, size, size)
    cells = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=square))
    cells = shapely.transform(shapely.intersection(cells, square), lambda xy: xy + ORIGIN)
    numbers = np.arange(len(cells))
    codes = np.array([f"c{n}" for n in rng.integers(0, 5, len(cells))], dtype=object)
    return gpd.GeoDataFrame({"code": codes, "number": numbers}, geometry=cells, crs=CRS)


def store(database: Database, name: str, frame: gpd.GeoDataFrame, **options: object) -> None:
    """Load a frame of polygons as a layer."""
    attributes = frame.drop(columns=frame.geometry.name)
    columns = tuple(Column(key, TYPES[kind.kind]) for key, kind in attributes.dtypes.items())
    values = {key: pa.array(attributes[key].tolist()) for key in attributes}
    geometry = [shapely.MultiPolygon(shapely.get_parts(one).tolist()) for one in frame.geometry]
    spec = LayerSpec(
        name, "MultiPolygon", frame.crs.to_epsg(), columns, **({"access": "public"} | options)
    )
    with database.begin() as tx, bulk.load(tx, spec, author="builder") as load:
        load.write(pa.table(values | {"geom": [one.wkb for one in geometry]}))
