"""The state of a road of three kilometres: a sensor at each end, and a car between."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import geopandas as gpd
import pytest
import shapely

import twin_model.known  # noqa: F401
from datasets.load import load
from spatial.analyses import jobs
from spatial.analyses.runner import run
from spatial.asof import AsOf
from spatial.crs import transformer
from spatial.frame import read_frame
from spatial.grant import OWNER
from twin_model import assets
from twin_model.decode import JSON, decode
from twin_model.store import store

X, Y = 40_528_000, 3_486_000
END = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)


def line(*points):
    return shapely.LineString([(X + x, Y + y) for x, y in points])


def done(database, analysis, **inputs):
    job = jobs.submit(database, analysis, inputs, AsOf(END), OWNER)
    run(database, job, workers=1)
    return jobs.get(database, job, OWNER)


@pytest.fixture
def road(database, tmp_path):
    """One-way links of 1 km at 60 km/h, joined by streets at (1000, 0) and (2000, 0)."""
    layers = {
        "roads": ({"speed": [60.0] * 3, "oneway": ["yes"] * 3, "class": ["arterial"] * 3},
                  [line((k * 1000, 0), (k * 1000 + 1000, 0)) for k in range(3)]),
        "sensors": ({"code": ["s1", "s3", "far"]},
                    [shapely.Point(X + x, Y + y) for x, y in ((500, 9), (2500, 9), (500, 900))]),
        "cars": ({"code": ["car"]}, [shapely.Point(X, Y)]),
        "areas": ({"name": ["west"]}, [shapely.box(X, Y - 9, X + 2000, Y + 9)]),
    }  # fmt: skip
    before = datetime(2020, 1, 1, tzinfo=UTC)
    for name, (columns, shapes) in layers.items():
        gpd.GeoDataFrame(columns, geometry=shapes, crs=4528).to_file(tmp_path / f"{name}.gpkg")
        load(
            database, tmp_path / f"{name}.gpkg", author="builder", rejects_dir=tmp_path,
            valid_from=before.isoformat(),
        )  # fmt: skip
    for name in ("sensors", "cars"):
        assets.register(database, name, {"id": "code"})
    made = done(database, "network", roads="roads")
    assert made.status == "successful", made.message
    rows = []
    for minutes in range(1, 60, 5):
        at = (END - timedelta(minutes=minutes)).isoformat()
        kmh = 10.0 if minutes < 15 else 40.0
        rows += [
            {"asset": "s1", "property": "v", "at": at, "value": kmh, "unit": "km/h"},
            {"asset": "s3", "property": "v", "at": at, "value": 15.0, "unit": "m/s"},
            {"asset": "s3", "property": "q", "at": at, "value": 10, "unit": "/min"},
            {"asset": "far", "property": "v", "at": at, "value": 99, "unit": "km/h"},
        ]
    there = transformer(4528, 4326)
    for step in range(8):  # 100 m in 10 s, along the middle link
        place = there.transform(X + 1100 + 100 * step, Y + 2)
        at = (END - timedelta(seconds=300 - 10 * step)).isoformat()
        rows.append({"asset": "car", "property": "place", "at": at, "value": list(place)})
    receipt = store(database, decode(json.dumps(rows).encode(), JSON, ZoneInfo("UTC")), OWNER,
                    key="all")  # fmt: skip
    assert (receipt.accepted, receipt.quarantined) == (len(rows), 0)
    return made.output


def test_measured_estimated_and_refused(database, road):
    job = done(
        database, "traffic-state", network=road, sensors="sensors", areas="areas", minutes=5,
        periods=12, vehicles="cars?property=place",
    )  # fmt: skip
    assert job.status == "successful", job.message
    document = job.document()
    assert document["certificate"]["holds"]
    assert document["summary"] | {"sensors": 3, "sensors_matched": 2} == document["summary"]
    assert (document["summary"]["points"], document["summary"]["breaks"]) == (8, 0)
    named = document["outputs"]
    links = read_frame(database, named["layer"], AsOf(), OWNER).sort_values("link")
    assert links["kmh"].tolist() == pytest.approx([10, 36, 54], rel=0.02)
    assert links["measured"].tolist() == [True] * 3
    assert links["volume"].fillna(-1).tolist() == pytest.approx([-1, -1, 600])
    assert links["level"].tolist() == ["F", "C", "B"]
    west = read_frame(database, named["areas"], AsOf(), OWNER).sort_values("period")
    assert west["index"].iloc[-1] == pytest.approx((60 / 10 + 60 / 36) / 2, rel=0.02)
    (found,) = read_frame(database, named["incidents"], AsOf(), OWNER).itertuples()
    assert (found.lowest_kmh, found.usual_kmh) == (10, 40)
    assert found.end - found.begin == timedelta(minutes=15)
    job = done(database, "traffic-state", network=road, sensors="sensors", minutes=15, periods=1)
    assert job.status == "successful", job.message
    links = read_frame(database, job.output, AsOf(), OWNER).sort_values("link")
    assert links["measured"].tolist() == [True, False, True]
    assert 10 < links["kmh"].iloc[1] < 54
    assert links["deviation"].iloc[1] > 0
    for inputs, why in WRONG:
        job = done(database, "traffic-state", network=road, **inputs)
        assert job.status == "failed"
        assert why in job.message


WRONG = [
    ({}, "say what measures"),
    ({"sensors": "sensors?asset=far"}, "nothing was measured on the network"),
    ({"vehicles": "sensors?property=v"}, "tells positions"),
    ({"sensors": "cars?property=place"}, "positions are no values"),
]
