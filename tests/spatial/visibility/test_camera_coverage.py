"""The analysis over a plain with one house, and who sees what by HTTP."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from grids import CELL, NORTH, WEST, geotiff
from starlette.testclient import TestClient

from citytwin.rasters import store_raster
from spatial import bulk
from spatial.analyses import jobs, runner
from spatial.asof import AsOf
from spatial.crs import transformer
from spatial.database import Database
from spatial.grant import OWNER
from spatial.layer import Column, LayerSpec

STREAM, ID = "rtsp://media.example/live/1", "32020000001320000001"


def load(database: Database, layer: str, kind: str, shapes: list[Any], /, **columns: Any) -> None:
    types = {
        key: "text" if isinstance(one[0], str) else "double precision"
        for key, one in columns.items()
    }
    spec = LayerSpec(
        layer, kind, 4549, tuple(Column(key, one) for key, one in types.items()), access="public"
    )
    batch = columns | {"geom": pa.array([shape.wkb for shape in shapes], pa.binary())}
    with database.begin() as tx, bulk.load(tx, spec, author="builder") as filling:
        filling.write(pa.table(batch))


@pytest.fixture
def plain(database: Database, tmp_path: Path) -> Database:
    """Two cameras 60 m apart, a house between them, one looking at it and one all around."""
    file = geotiff(tmp_path / "flat.tif", np.full((60, 80), 3, np.float32))
    store_raster(database, tmp_path, file, name="flat", access="public")
    x, y = WEST + 30 * CELL, NORTH - 30 * CELL
    load(
        database, "eyes", "Point", [shapely.Point(x, y), shapely.Point(x + 60, y)],
        name=["west", "east"], azimuth_deg=[90.0, 0.0], fov_deg=[60.0, 360.0],
        height_m=[6.0, 6.0], gb28181=[ID, ""], stream=[STREAM, ""],
    )  # fmt: skip
    house = shapely.MultiPolygon([shapely.box(x + 28, y - 6, x + 34, y + 6)])
    load(database, "houses", "MultiPolygon", [house], height_m=[20.0])
    square = shapely.MultiPolygon([shapely.box(x - 200, y - 200, x + 200, y + 200)])
    load(database, "wards", "MultiPolygon", [square], name=["ward"])
    return database


def run(database: Database, store: Path, **inputs: Any) -> Any:
    given = {"cameras": "eyes", "dem": "flat", "buildings": "houses", "reach": 50} | inputs
    job = jobs.submit(database, "camera-coverage", given, AsOf(), OWNER, "camera_views")
    runner.run(database, job, store=store)
    return jobs.get(database, job, OWNER)


def test_who_sees_what(plain: Database, client: TestClient, tmp_path: Path) -> None:
    result = run(plain, tmp_path, areas="wards").result
    assert result is not None
    certificate = result["certificate"]
    assert certificate["holds"]
    assert certificate["left"] == certificate["right"]
    assert result["summary"]["cameras"] == 2
    # east sees a circle of 50 m but for the house and its shadow; west a sixth of one, less so
    area = result["summary"]["seen_m2"]
    assert np.pi * 50**2 * 0.8 < area < np.pi * 50**2 * 7 / 6
    assert result["summary"]["covered"] == pytest.approx(area / 160_000)
    with plain.begin() as tx:
        rows = tx.pg.execute("SELECT name, seen_m2 FROM layers.camera_views_areas").fetchall()
    assert rows == [("ward", pytest.approx(area))]
    x, y = WEST + 30 * CELL, NORTH - 30 * CELL

    def seeing(dx: float, dy: float) -> list[str]:
        lon, lat = transformer(4549, 4326).transform(x + dx, y + dy)
        answer = client.get("/twin/cameras", params={"sees": f"{lon},{lat}"})
        assert answer.is_success, answer.text
        return [one["name"] for one in answer.json()["cameras"]]

    assert seeing(20, 1) == ["west"]  # east of it stands the house
    assert seeing(45, 1) == ["east"]
    assert seeing(-20, 1) == []
    assert seeing(60, 40) == ["east"]
    lon, lat = transformer(4549, 4326).transform(x + 20, y + 1)
    (west,) = client.get("/twin/cameras", params={"sees": f"{lon},{lat}"}).json()["cameras"]
    assert (west["gb28181"], west["stream"]) == (ID, STREAM)
    assert west["metres"] == pytest.approx(20, abs=0.2)
    for asked in ({}, {"sees": "1"}, {"sees": "1,99"}, {"sees": "1,2", "views": "wards"},
                  {"sees": "1,2", "views": "none"}):  # fmt: skip
        assert client.get("/twin/cameras", params=asked).status_code in (400, 404)


def test_credentials_are_refused(plain: Database, tmp_path: Path) -> None:
    point = [shapely.Point(WEST + 300, NORTH - 300)]
    load(plain, "leaky", "Point", point, stream=["rtsp://admin:12345@10.0.0.9/1"])
    job = run(plain, tmp_path, cameras="leaky")
    assert job.status == "failed"
    assert job.message.startswith("camera 1: ")
    assert "no credentials" in job.message
    assert "12345" not in job.message
