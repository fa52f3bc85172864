"""A plan and a flood on two roads between two places, worked out by hand."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from datasets.load import load
from spatial.analyses import jobs, known  # noqa: F401
from spatial.analyses.runner import run
from spatial.asof import AsOf
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.traffic.impact import met
from spatial.traffic.level_of_service import levels

X, Y = 40_528_000, 3_486_000


def test_levels_by_the_manual():
    """HCM 2000, exhibit 15-2: class I is A above 42 mph, F at 16 and below; IV A above 25."""
    kinds = pd.Series(["expressway", "expressway", "expressway", "motorway_link", None, "local"])
    mph = np.array([42.1, 42.0, 16.0, 20.0, 25.1, np.nan])
    assert levels(kinds, 1.609344 * mph).tolist() == ["A", "B", "F", "E", "A", None]


def test_what_a_flood_meets():
    lines = np.array([shapely.LineString([(0, y), (100, y)]) for y in (0, 10, 20)])
    areas = np.array([shapely.box(0, -1, 50, 1), shapely.box(-10, 9, 0.5, 11), None])
    assert met(lines, areas, 1.0).tolist() == [True, False, False]
    assert met(lines, areas, 0.0).tolist() == [True, True, False]
    assert met(lines, np.array([shapely.Point(7, 20)]), 1.0).tolist() == [False, False, True]


@pytest.fixture
def valley(database, tmp_path):
    """Roads north and south of 10 km, 10 + flow / 10 minutes each, from node 1 to 2."""
    ways = [[(0, 0), (5000, y), (10_000, 0)] for y in (900, -900)]
    links = gpd.GeoDataFrame(
        {"from_node": [1, 1], "to_node": [2, 2], "minutes": 10.0, "length_m": 10_000.0, "b": 1.0,
         "power": 1.0, "capacity": 100.0, "class": "arterial"},
        geometry=[shapely.LineString([(X + x, Y + y) for x, y in way]) for way in ways], crs=4528,
    )  # fmt: skip
    flood = gpd.GeoDataFrame(
        {"depth": [0.6]}, geometry=[shapely.box(X + 4900, Y - 950, X + 5100, Y - 800)], crs=4528
    )
    dry = flood.set_geometry(flood.translate(0, 9000))
    for name, frame in (("links", links), ("flood", flood), ("dry", dry)):
        frame.to_file(tmp_path / f"{name}.gpkg")
        load(database, tmp_path / f"{name}.gpkg", author="builder", rejects_dir=tmp_path)
    for name, size in (("trips", 100.0), ("added", 60.0)):
        table = pd.DataFrame({"origin": [1], "destination": [2], "trips": [size]})
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        load(database, tmp_path / f"{name}.csv", author="builder", rejects_dir=tmp_path)
    return database


def done(database, analysis, **inputs):
    job = jobs.submit(database, analysis, {"network": "links", "trips": "trips"} | inputs,
                      AsOf(), OWNER)  # fmt: skip
    run(database, job)
    return jobs.get(database, job, OWNER)


def found(database, job):
    assert job.status == "successful", job.message
    document = job.document()
    assert document["certificate"]["holds"]
    rows = [read_frame(database, document["outputs"][key], AsOf(), OWNER)
            for key in ("layer", "junctions")]  # fmt: skip
    return *rows, document["summary"]


def test_a_project_adds_trips(valley):
    """50 on each road take 15 minutes, 40 km/h: level C; 80 take 18, 33.3 km/h: D."""
    links, nodes, summary = found(valley, done(valley, "traffic-impact", added="added"))
    assert links["flow_change"].tolist() == pytest.approx([30, 30])
    assert links["minutes_change"].tolist() == pytest.approx([3, 3])
    assert links["kmh"].tolist() == pytest.approx([40, 40])
    assert links["level"].tolist() == ["C", "C"]
    assert links["level_after"].tolist() == ["D", "D"]
    assert (summary["worse_links"], summary["worst_junctions"]) == (2, [2])
    assert summary["tstt"] == pytest.approx([1500, 160 * 18])
    assert nodes["delay_change"].tolist() == pytest.approx([160 * 18 - 1500])


def test_a_flood_closes_a_road(valley):
    links, _, summary = found(valley, done(valley, "closure", closed="flood"))
    assert links["closed"].tolist() == [False, True]
    assert links["flow_after"].tolist() == pytest.approx([100, 0])
    assert links["minutes_after"].iloc[0] == pytest.approx(20)
    assert links["level_after"].iloc[0] == "D"
    assert summary["closed_links"] == 1
    assert summary["unassigned"] == [0, 0]


def test_nothing_changes(valley):
    assert "say what changes" in done(valley, "traffic-impact").message
    assert "no link of the network is met" in done(valley, "closure", closed="dry").message
