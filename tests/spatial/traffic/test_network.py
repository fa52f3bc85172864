"""From a road layer to links, and what a road's attributes are taken to say."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from datasets.load import load
from spatial.analyses import jobs
from spatial.analyses.runner import run
from spatial.asof import AsOf
from spatial.crs import transformer
from spatial.errors import Invalid
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.traffic import network, paths  # noqa: F401
from spatial.traffic.roads import driving, travelling


@pytest.fixture
def store(database, tmp_path):
    def put(name, frame):
        frame.to_file(tmp_path / f"{name}.gpkg")
        load(database, tmp_path / f"{name}.gpkg", author="builder", rejects_dir=tmp_path)

    return put


def made(database, analysis, **inputs):
    job = jobs.submit(database, analysis, inputs, AsOf(), OWNER)
    run(database, job)
    done = jobs.get(database, job, OWNER)
    assert done.status == "successful", done.message
    document = done.document()
    return read_frame(database, document["outputs"]["layer"], AsOf(), OWNER), document


def test_links_of_roads(database, store):
    x, y = 40_528_000, 3_486_000
    lines = [
        shapely.LineString([(x, y), (x + 1000, y)]),
        shapely.LineString([(x + 500, y), (x + 500, y + 600)]),
        shapely.LineString([(x, y - 9), (x, y)]),
    ]
    roads = gpd.GeoDataFrame(
        {"oneway": ["no", "yes", "-1"], "maxspeed": ["60", "30 km/h", None], "highway": "local"},
        geometry=lines, crs=4528,
    )  # fmt: skip
    store("roads", roads)
    links, document = made(database, "network", roads="roads")
    assert document["certificate"]["holds"]
    summary = document["summary"]
    wanted = {"nodes": 5, "links": 6, "dangling": 3, "islands": 0, "speeds_assumed": 1}
    assert wanted.items() <= summary.items()
    assert sorted(links["minutes"]) == pytest.approx([0.018, 0.5, 0.5, 0.5, 0.5, 1.2])
    back = links[links["road"] == 3].geometry.iloc[0]
    assert back.coords[0] == (x, y)


def test_a_forbidden_turn_is_kept(database, store, tmp_path):
    """From the south one may not turn west: the way there turns round in the east."""
    x, y = 40_528_000, 3_486_000
    arms = [(x - 1000, y), (x, y - 1000), (x + 1000, y)]
    lines = [shapely.LineString([arm, (x, y)]) for arm in arms]
    store("roads", gpd.GeoDataFrame({"speed": [60.0] * 3}, geometry=lines, crs=4528))
    (tmp_path / "turns.csv").write_text("from_road,to_road\n2,1\n")
    load(database, tmp_path / "turns.csv", author="builder", rejects_dir=tmp_path)
    links, document = made(database, "network", roads="roads", turns="turns")
    assert document["certificate"]["holds"]
    assert document["summary"]["forbidden_turns"] == 1
    assert (links["class"] == "turn").sum() == 3 * 3 - 1 + 3 + 3
    move = transformer(4528, 4326)
    stops = [*move.transform(x, y - 1000), *move.transform(x - 1000, y)]
    _, found = made(
        database, "route", network=document["outputs"]["layer"], stops=",".join(map(str, stops))
    )
    assert found["summary"]["length_m"] == pytest.approx(4000)


def test_what_is_wrong_is_shown(database, store):
    """A road drawn twice, and one that no other meets."""
    x, y = 40_528_000, 3_486_000
    lines = [shapely.LineString([(x, y + dy), (x + 100, y + dy)]) for dy in (0, 0, 500)]
    store("roads", gpd.GeoDataFrame({"speed": [60.0] * 3}, geometry=lines, crs=4528))
    _, document = made(database, "network", roads="roads")
    assert document["certificate"]["holds"]
    named = document["outputs"]
    faults = read_frame(database, named["faults"], AsOf(), OWNER)
    assert sorted(zip(faults["fault"], faults["road"], faults["length_m"], strict=True)) == [
        ("duplicate", 2, 100.0), ("island", 3, 100.0),
    ]  # fmt: skip
    ends = read_frame(database, named["dangling"], AsOf(), OWNER)
    assert sorted((one.x - x, one.y - y) for one in ends.geometry) == [
        (0, 0), (0, 500), (100, 0), (100, 500),
    ]  # fmt: skip


def test_what_attributes_say():
    found = driving(pd.DataFrame({
        "highway": ["primary", "primary_link", "footway", None],
        "oneway": [True, "no", "-1", None],
        "lanes": [3, "4", None, 1],
        "bridge": ["yes", None, None, None],
    }))  # fmt: skip
    assert found.along.tolist() == [True, True, False, True]
    assert found.against.tolist() == [False, True, True, True]
    assert found.speed.tolist() == [50, 50, 30, 30]
    assert found.capacity.tolist() == [3000, 2000, 500, 500]
    assert found.level[0] != found.level[1] == found.level[2]
    assert found.assumed == 4


def test_who_may_go_where():
    rows = pd.DataFrame({
        "highway": ["motorway", "footway", "residential", "residential"],
        "oneway": ["yes", None, "yes", "yes"], "oneway:bicycle": [None, None, "no", None],
    })  # fmt: skip
    modes = {mode: travelling(rows, mode) for mode in ("drive", "cycle", "walk")}
    assert {mode: found.along.tolist() for mode, found in modes.items()} == {
        "drive": [True, False, True, True],
        "cycle": [False, True, True, True],
        "walk": [False, True, True, True],
    }
    assert {mode: found.against.tolist() for mode, found in modes.items()} == {
        "drive": [False, False, False, False],
        "cycle": [False, True, True, False],
        "walk": [False, True, True, True],
    }
    assert modes["walk"].speed.tolist() == [5] * 4


@pytest.mark.parametrize("wrong", [{"speed": [0]}, {"maxspeed": ["-5"]}, {"lanes": [-1]}])
def test_roads_that_make_no_sense(wrong):
    with pytest.raises(Invalid):
        driving(pd.DataFrame(wrong))


def test_only_lines(database, plots):
    with pytest.raises(AssertionError, match="'plots' holds MultiPolygon, not LineStrings"):
        made(database, "network", roads="plots")


def test_degrees_are_measured_in_metres(database, store):
    line = shapely.LineString([(120.3, 31.5), (120.31, 31.5)])
    store("roads", gpd.GeoDataFrame({"speed": [60.0]}, geometry=[line], crs=4490))
    links, _ = made(database, "network", roads="roads")
    assert links["length_m"].to_numpy() == pytest.approx(np.full(2, 950.0), rel=1e-3)
