"""From a hamlet's people and land to trips between its zones, by the analyses."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from datasets.load import load
from spatial.analyses import jobs, known  # noqa: F401
from spatial.analyses.runner import run
from spatial.asof import AsOf
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.traffic.trip_distribution import DistributionInputs

X, Y = 40_528_000, 3_486_000


def square(x, y, size=100):
    return shapely.box(X + x, Y + y, X + x + size, Y + y + size)


@pytest.fixture
def hamlet(database, tmp_path):
    """Three zones along a road of 1 km; people in the west, shops in the east, none in between."""
    zones = gpd.GeoDataFrame(
        {"population": [1000, 0, 0]}, geometry=[square(0, 0), square(450, 0), square(900, 0)],
        crs=4528,
    )  # fmt: skip
    land = gpd.GeoDataFrame(
        {"land_code": ["0901", "0901", "0302"]},
        geometry=[square(900, 0), square(450, 0, 50), square(2000, 0)], crs=4528,
    )  # fmt: skip
    road = gpd.GeoDataFrame(
        {"speed": [60.0, 60.0]},
        geometry=[shapely.LineString([(X + a, Y + 50), (X + b, Y + 50)])
                  for a, b in ((50, 500), (500, 950))], crs=4528,
    )  # fmt: skip
    for name, frame in (("zones", zones), ("land", land), ("roads", road)):
        frame.to_file(tmp_path / f"{name}.gpkg")
        load(database, tmp_path / f"{name}.gpkg", author="builder", rejects_dir=tmp_path)
    rates = pd.DataFrame({
        "source": ["people", "0901"], "purpose": "shopping",
        "production": [0.5, 0], "attraction": [0, 100],
    })  # fmt: skip
    hours = pd.DataFrame(
        {"purpose": ["shopping"], "hour": [9], "from_home": [0.1], "to_home": [0.05]}
    )
    for name, table in (("rates", rates), ("hours", hours)):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        load(database, tmp_path / f"{name}.csv", author="builder", rejects_dir=tmp_path)
    made(database, "network", "links", roads="roads")
    return database


def made(database, analysis, output=None, **inputs):
    job = jobs.submit(database, analysis, inputs, AsOf(), OWNER, output)
    run(database, job)
    done = jobs.get(database, job, OWNER)
    assert done.status == "successful", done.message
    document = done.document()
    assert document["certificate"]["holds"], document["certificate"]
    return read_frame(database, document["outputs"]["layer"], AsOf(), OWNER), document


def test_from_land_to_trips(hamlet):
    """The shops of one hectare draw four times as many as those of a quarter."""
    zones, document = made(
        hamlet, "trip-generation", "ends", zones="zones", land_use="land", rates="rates"
    )
    assert zones["production"].tolist() == pytest.approx([500, 0, 0])
    assert zones["attraction"].tolist() == pytest.approx([0, 100, 400])
    assert document["summary"]["land_outside_ha"] == pytest.approx(1)
    assert document["outputs"]["ends"] == "ends_ends"
    inputs = {"ends": "ends_ends", "zones": "zones", "network": "links", "by": "distance"}
    trips, document = made(hamlet, "trip-distribution", mean=810, **inputs)
    assert trips[["origin", "destination"]].to_numpy().tolist() == [[1, 2], [1, 3]]
    assert trips["trips"].tolist() == pytest.approx([100, 400])
    assert document["summary"]["mean"] == pytest.approx(810)
    with pytest.raises(AssertionError, match="does not know the purpose shopping"):
        made(hamlet, "trip-distribution", mean=810, hour=9, **inputs)
    trips, _ = made(
        hamlet, "trip-distribution", mean=810, hour=9, factors="hours", vehicles=0.5, **inputs
    )
    assert trips[["origin", "destination"]].to_numpy().tolist() == [[1, 2], [1, 3], [2, 1], [3, 1]]
    assert trips["trips"].tolist() == pytest.approx([5, 20, 2.5, 10])
    with pytest.raises(AssertionError, match="cannot cost 50 on average"):
        made(hamlet, "trip-distribution", mean=50, **inputs)


def test_a_mean_for_each_purpose():
    read = DistributionInputs.model_validate
    given = {"ends": "e", "zones": "z", "network": "n"}
    assert read(given | {"mean": "work=12, other=8"}).mean == {"work": 12, "other": 8}
    assert read(given | {"mean": "12"}).mean == 12
    for wrong in ("work=-1", "work=a", "0", "a"):
        with pytest.raises(ValueError, match="mean"):
            read(given | {"mean": wrong})


def test_what_cannot_be_measured(hamlet):
    with pytest.raises(AssertionError, match="'zones' has no column 'heads'"):
        made(hamlet, "trip-generation", zones="zones", population="heads")
    with pytest.raises(AssertionError, match="no zone attracts"):
        made(hamlet, "trip-generation", zones="zones")
    with pytest.raises(AssertionError, match="the land use has no column 'use'"):
        made(hamlet, "trip-generation", zones="zones", land_use="land", code="use")
