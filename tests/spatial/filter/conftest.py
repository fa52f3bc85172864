"""Random rows of every type, in one city that all tests of filters read."""

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import psycopg
import pyarrow as pa
import pytest
import shapely

from spatial import bulk
from spatial.asof import AsOf
from spatial.database import Database
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.layer import Column, LayerSpec
from spatial.postgres.cluster import Cluster

NAME = "city_of_filters"
ROWS = 600
COLUMNS = (
    Column("code", "text"),
    Column("地类", "text"),
    Column("height", "double precision"),
    Column("floors", "integer"),
    Column("parcel", "bigint"),
    Column("listed", "boolean"),
    Column("built", "date"),
    Column("seen", "timestamptz"),
    Column("gone", "timestamptz"),
    Column("Odd name", "text"),
)
WORDS = ("Ash", "ash", "ASHES", "b_c", "bxc", "50%", "5000", "it's", 'a"b', "c:\\d", "水田", "")


@pytest.fixture(scope="session")
def filters(cluster: Cluster) -> Iterator[Database]:
    """A city with the layer `blocks`."""
    with psycopg.connect(cluster.conninfo_for("postgres"), autocommit=True) as pg:
        pg.execute(f"CREATE DATABASE {NAME} TEMPLATE template_city")
    city = Database(cluster.conninfo_for(NAME))
    spec = LayerSpec("blocks", "MultiPolygon", 4549, COLUMNS)
    with city.begin() as tx, bulk.load(tx, spec, author="builder") as load:
        load.write(_rows())
    yield city
    city.close()


@pytest.fixture(scope="session")
def frame(filters: Database) -> gpd.GeoDataFrame:
    """All of its rows."""
    return read_frame(filters, "blocks", AsOf(), OWNER)


def _rows() -> pa.Table:
    draw = np.random.default_rng(7)
    day = np.timedelta64(86_400_000_000, "us")
    seen = np.datetime64("2020-01-01T00:00:00", "us") + draw.integers(0, 900, ROWS) * day
    corner = draw.integers(0, 40, (ROWS, 2)) * 10.0 + (528_000, 3_486_000)
    size = draw.integers(1, 5, (ROWS, 2)) * 10.0
    squares = shapely.multipolygons(shapely.box(*corner.T, *(corner + size).T).reshape(-1, 1))

    def some(values: object, kind: pa.DataType) -> pa.Array:
        return pa.array(values, kind, mask=draw.random(ROWS) < 0.1)

    return pa.table(
        {
            "code": some(draw.choice(WORDS, ROWS), pa.string()),
            "地类": some(draw.choice(["水田", "旱地", "林地"], ROWS), pa.string()),
            "height": some(draw.integers(-20, 200, ROWS) / 4, pa.float64()),
            "floors": some(draw.integers(-3, 12, ROWS), pa.int32()),
            "parcel": pa.array(2**60 + draw.integers(0, 50, ROWS), pa.int64()),
            "listed": some(draw.random(ROWS) < 0.5, pa.bool_()),
            "built": some(seen.astype("datetime64[D]"), pa.date32()),
            "seen": some(seen, pa.timestamp("us", "UTC")),
            "gone": some(seen + draw.integers(1, 300, ROWS) * day, pa.timestamp("us", "UTC")),
            "Odd name": some(draw.choice(WORDS, ROWS), pa.string()),
            "geom": pa.array(shapely.to_wkb(squares), pa.binary()),
        }
    )
