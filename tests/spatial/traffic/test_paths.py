"""Ways through a town of four blocks, worked out by hand."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from datasets.load import load
from spatial.analyses import jobs, known  # noqa: F401
from spatial.analyses.runner import run
from spatial.asof import AsOf
from spatial.crs import transformer
from spatial.errors import Invalid
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.traffic import centrality, reach

X, Y = 40_528_000, 3_486_000


def line(*points):
    return shapely.LineString([(X + x, Y + y) for x, y in points])


def lonlat(x, y):
    return ",".join(map(str, transformer(4528, 4326).transform(X + x, Y + y)))


@pytest.fixture
def town(database, tmp_path):
    """A fast detour from (0, 0) to (1000, 0) by (500, 500); a slow road between; one way out."""
    roads = gpd.GeoDataFrame(
        {"speed": [30.0, 120.0, 60.0], "oneway": ["no", "no", "yes"]},
        geometry=[
            line((0, 0), (1000, 0)),
            line((0, 0), (500, 500), (1000, 0)),
            line((1000, 0), (2000, 0)),
        ],
        crs=4528,
    )
    places = gpd.GeoDataFrame(
        {"name": ["a", "b", "c"]},
        geometry=[shapely.Point(X + x, Y + 9) for x in (0, 1000, 2000)],
        crs=4528,
    )
    for name, frame in (("roads", roads), ("places", places)):
        frame.to_file(tmp_path / f"{name}.gpkg")
        load(database, tmp_path / f"{name}.gpkg", author="builder", rejects_dir=tmp_path)
    jobs_done(database, "network", "links", roads="roads")
    return database


def jobs_done(database, analysis, output=None, workers=None, **inputs):
    job = jobs.submit(database, analysis, inputs, AsOf(), OWNER, output)
    run(database, job, workers=workers)
    done = jobs.get(database, job, OWNER)
    assert done.status == "successful", done.message
    assert done.document()["certificate"]["holds"]
    layer = done.document()["outputs"]["layer"]
    return read_frame(database, layer, AsOf(), OWNER), done.document()["summary"]


def test_fastest_and_shortest(town):
    stops = f"{lonlat(0, 0)},{lonlat(1000, 3)},{lonlat(1990, 0)}"
    fast, summary = jobs_done(town, "route", network="links", stops=stops)
    detour = np.hypot(500, 500) * 2
    assert fast["length_m"].tolist() == pytest.approx([detour, 1000])
    assert fast["minutes"].tolist() == pytest.approx([detour / 2000, 1])
    assert summary["minutes"] == pytest.approx(detour / 2000 + 1)
    assert fast.geometry[0].equals(line((0, 0), (500, 500), (1000, 0)))
    short, _ = jobs_done(town, "route", network="links", stops=stops, by="distance")
    assert short["length_m"].tolist() == pytest.approx([1000, 1000])


def test_closed_roads_and_ways_that_do_not_lead_back(town):
    stops = f"{lonlat(0, 0)},{lonlat(1000, 0)}"
    left, _ = jobs_done(town, "route", network="links?filter=road <> 2", stops=stops)
    assert left["minutes"].tolist() == pytest.approx([2])
    with pytest.raises(AssertionError, match="no path leads from stop 1 to stop 2"):
        jobs_done(town, "route", network="links", stops=f"{lonlat(2000, 0)},{lonlat(0, 0)}")


def test_matrix_and_nearest(town):
    places = {"network": "links", "origins": "places", "destinations": "places"}
    table, summary = jobs_done(town, "od-matrix", by="distance", **places)
    assert (summary["asked"], summary["found"], summary["unreachable"]) == (9, 7, 2)
    costs = dict(
        zip(zip(table["origin"], table["destination"], strict=True), table["cost"], strict=True)
    )
    wanted = {
        (1, 1): 0,
        (1, 2): 1000,
        (1, 3): 2000,
        (2, 1): 1000,
        (2, 2): 0,
        (2, 3): 1000,
        (3, 3): 0,
    }
    assert costs == pytest.approx(wanted)
    far = places | {"destinations": "places?filter=name <> 'a'"}
    near, _ = jobs_done(town, "nearest-facility", **far)
    assert near["destination"].tolist() == [2, 2, 3]
    alone = places | {"destinations": "places?filter=name = 'a'"}
    near, summary = jobs_done(town, "nearest-facility", **alone)
    assert (near["origin"].tolist(), summary["unreachable"]) == ([1, 2], 1)


def test_what_can_be_reached(town):
    """Within 700 m of the end of the one-way street nothing; of (1000, 0) three arms."""
    inputs = {"network": "links", "origins": "places", "limit": 700, "by": "distance"}
    areas, _ = jobs_done(town, "service-area", width=1, **inputs)
    assert areas.geometry[2].area == pytest.approx(np.pi, rel=0.05)
    assert areas.geometry[1].area == pytest.approx(3 * 700 * 2, rel=0.01)
    assert areas.geometry[0].area == pytest.approx(2 * 700 * 2, rel=0.01)
    assert areas.geometry[0].covers(shapely.Point(X + 699, Y))


def test_what_is_near_and_who_shares_it(town):
    """Of a, b, c in a row, 1 km apart, c by a one-way street: all three places are also goals."""
    inputs = {"network": "links", "origins": "places", "opportunities": "places"}
    inputs |= {"limit": 1500, "by": "distance"}
    found, summary = jobs_done(town, "accessibility", **inputs)
    assert found["accessibility"].tolist() == [2, 3, 1]
    assert found["nearest"].tolist() == [0, 0, 0]
    assert summary["without"] == 0
    shared, _ = jobs_done(town, "accessibility", method="2sfca", **inputs)
    assert shared["accessibility"].tolist() == pytest.approx([1, 1.5, 0.5])
    with pytest.raises(AssertionError, match="'places' has no column 'beds'"):
        jobs_done(town, "accessibility", weight="beds", **inputs)
    with pytest.raises(AssertionError, match="'name' of 'places' must be numbers"):
        jobs_done(town, "accessibility", population="name", **inputs)


def test_parallel_is_serial(town, monkeypatch):
    pairs = {"network": "links", "origins": "places", "destinations": "places"}
    alone = jobs_done(town, "od-matrix", **pairs)[0]
    middle = jobs_done(town, "centrality", network="links")[0]
    for part in (reach, centrality):
        monkeypatch.setattr(part, "PART", 1)
    apart = jobs_done(town, "od-matrix", workers=2, **pairs)[0]
    assert apart.drop(columns="version").equals(alone.drop(columns="version"))
    found, summary = jobs_done(town, "centrality", workers=1, network="links")
    assert summary["parts"] == 3
    assert found["betweenness"].tolist() == middle["betweenness"].tolist()


@pytest.mark.parametrize("stops", ["120,31,121", "120,31", "a,b,c,d", "nan,1,2,3"])
def test_stops_that_are_no_places(database, stops):
    with pytest.raises(Invalid, match="stops"):
        jobs.submit(database, "route", {"network": "x", "stops": stops}, AsOf(), OWNER)
