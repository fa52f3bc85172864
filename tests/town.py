"""A town of buildings small and large, with a past, a future and a plan."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import mapbox_vector_tile
import numpy as np
import pyarrow as pa
import shapely

from spatial import bulk
from spatial.asof import AsOf
from spatial.cells import cell_at
from spatial.crs import transformer
from spatial.database import Database
from spatial.grant import OWNER, Grant
from spatial.layer import Column, LayerSpec
from spatial.query import reading
from tiles.render import render
from tiles.vector import ALL, Options, Zxy

SRID = 4549
CORNER = (528_000.0, 3_486_000.0)
COUNT = 2500
STEP = 40.0


def year(number: int) -> datetime:
    return datetime(number, 1, 1, tzinfo=UTC)


def squares(count: int = COUNT) -> list[shapely.MultiPolygon]:
    """Squares 10 m wide on a grid, every hundredth one 300 m wide."""
    side = int(np.ceil(np.sqrt(count)))
    x, y = (
        CORNER[0] + STEP * (np.arange(count) % side),
        CORNER[1] + STEP * (np.arange(count) // side),
    )
    width = np.where(np.arange(count) % 100 == 0, 300.0, 10.0)
    return [shapely.MultiPolygon([box]) for box in shapely.box(x, y, x + width, y + width)]


def load(
    database: Database,
    name: str,
    shapes: list[Any],
    kind: str,
    text: tuple[str, list[str]] | None = None,
    **options: Any,
) -> None:
    """Features numbered from 1; every third one since 2010, every fifth one until 2020."""
    count = len(shapes)
    column, texts = text or ("code", [f"c{n % 7}" for n in range(count)])
    numbers = np.arange(count)
    spec = LayerSpec(
        name,
        kind,
        SRID,
        (Column(column, "text"), Column("height", "double precision"), Column("area_code", "text")),
        **{"access": "public"} | options,
    )
    batch = pa.table(
        {
            column: pa.array(texts, pa.string()),
            "height": pa.array(numbers.astype(float), pa.float64()),
            "area_code": pa.array([f"3202{n % 2:02d}" for n in numbers], pa.string()),
            "geom": pa.array([shape.wkb for shape in shapes], pa.binary()),
            "fid": pa.array(numbers + 1, pa.int64()),
            "valid_from": pa.array(
                [year(2010) if n % 3 == 0 else None for n in numbers], pa.timestamp("us", "UTC")
            ),
            "valid_to": pa.array(
                [year(2020) if n % 5 == 1 else None for n in numbers], pa.timestamp("us", "UTC")
            ),
        }
    )
    with database.begin() as tx, bulk.load(tx, spec, author="builder") as filling:
        filling.write(batch)


@dataclass(frozen=True)
class Told:
    """What tiles tell: the features drawn by themselves, and the cells."""

    features: dict[int, dict[str, Any]]
    cells: list[dict[str, Any]]

    @property
    def count(self) -> int:
        return len(self.features) + sum(cell["properties"]["count"] for cell in self.cells)


def decode(data: bytes, name: str) -> Told:
    layer = mapbox_vector_tile.decode(data).get(name, {"features": []})
    cells = [f for f in layer["features"] if "count" in f["properties"]]
    features = {f["id"]: f for f in layer["features"] if "count" not in f["properties"]}
    return Told(features, cells)


def tile(
    database: Database,
    name: str,
    zxy: Zxy,
    asof: AsOf | None = None,
    grant: Grant = OWNER,
    options: Options = ALL,
) -> Told:
    """A tile, made and decoded."""
    with reading(database, name, asof or AsOf(), grant) as (pg, view):
        return decode(render(pg, view, zxy, options), name)


def zxy_at(z: int, x: float, y: float) -> Zxy:
    """The tile that holds a point of the town."""
    return cell_at(*transformer(SRID, 4326).transform(x, y), z)


def tiles_of_town(
    database: Database,
    name: str,
    z: int,
    asof: AsOf | None = None,
    grant: Grant = OWNER,
    options: Options = ALL,
) -> Told:
    """All tiles of a zoom that hold something, as one."""
    with reading(database, name, asof or AsOf(), grant) as (pg, view):
        box = pg.execute(view.extent()).fetchone()
        assert box is not None
        bounds = transformer(SRID, 4326).transform_bounds(*box)
        _, x0, y1 = cell_at(bounds[0], bounds[1], z)
        _, x1, y0 = cell_at(bounds[2], bounds[3], z)
        whole = Told({}, [])
        for x in range(x0, x1 + 1):
            for y in range(y0, y1 + 1):
                data = render(pg, view, (z, x, y), options)
                if data:
                    one = decode(data, name)
                    whole.features.update(one.features)
                    whole.cells.extend(one.cells)
    return whole
