"""Tiny worlds in a line."""

from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from spatial import bulk, token
from spatial.database import Database
from spatial.layer import Column, LayerSpec

COLUMNS = (Column("code", "text", "地类"), Column("height", "double precision"))


def make_layer(
    database: Database, name: str = "plots", count: int = 3, **options: object
) -> list[int]:
    """`count` unit squares in a row, 10 m apart, at the origin of EPSG:4549's zone."""
    x = 528_000 + 10.0 * np.arange(count)
    squares = [shapely.MultiPolygon([shapely.box(w, 3_486_000, w + 1, 3_486_001)]) for w in x]
    wanted: dict[str, Any] = {"geometry_type": "MultiPolygon", "access": "public"} | options
    spec = LayerSpec(name=name, srid=4549, columns=COLUMNS, **wanted)
    batch = pa.table(
        {
            "code": pa.array([f"c{n}" for n in range(count)], pa.string()),
            "height": pa.array(range(count), pa.float64()),
            "geom": pa.array([square.wkb for square in squares], pa.binary()),
        }
    )
    with database.begin() as tx, bulk.load(tx, spec, author="builder") as load:
        load.write(batch)
    return list(range(1, count + 1))


def bearer(database: Database, subject: str, scope: str = "write") -> dict[str, str]:
    """The headers of somebody whose token reaches public layers."""
    secret = token.create(database, scope, subject=subject, classes=["public"])
    return {"authorization": f"Bearer {secret}"}
