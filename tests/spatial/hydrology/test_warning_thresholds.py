"""Warning levels by hand; the rules that the analysis writes say the same when judged live."""

import json
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pytest
import shapely

import twin_model.known  # noqa: F401
from datasets.load import load
from spatial.analyses import job_files, jobs
from spatial.analyses.runner import run
from spatial.asof import AsOf
from spatial.errors import Invalid
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.hydrology.thresholds import RAIN, fallen, rain_ranks, stage_ranks, turns
from spatial.query import snapshot
from twin_model import assets
from twin_model.alerts.back_test import back_test
from twin_model.alerts.rule import parse
from twin_model.decode import CSV, decode
from twin_model.store import store

HOUR = 3600.0
STAGES, RAINS = "stations?property=water_level", "stations?property=rainfall"
STAGE_M = [3.0, 3.3, 3.9, 4.2, 3.6, 3.1]
RAIN_MM = [10.0, 25, 20, 60, 0, 0]


def test_stages_reach_the_highest_limit_that_they_are_not_below():
    limits = np.array([3.2, np.nan, 3.8, 4.5])
    assert stage_ranks(np.array([3.1, 3.2, 3.7, 3.8, 5.0]), limits).tolist() == [0, 1, 1, 3, 4]
    for wrong in ([3.2, 3.1, np.nan, np.nan], [np.nan] * 4, [1, 1, 2, 3]):
        with pytest.raises(Invalid):
            stage_ranks(np.zeros(1), np.array(wrong, float))


def test_rain_of_some_hours_counts_a_reading_in_part():
    at = np.array([0.0, 1, 2, 4]) * HOUR
    rain = np.array([4.0, 6, 10, 8])
    assert fallen(at, rain, 1).tolist() == [4, 6, 10, 4]
    assert fallen(at, rain, 3).tolist() == [4, 10, 20, 18]
    for wrong_at, wrong in (([0, 0], [1, 1]), ([0, 1], [1, -1]), ([0, 1], [1, np.nan])):
        with pytest.raises(Invalid):
            fallen(np.array(wrong_at, float), np.array(wrong, float), 1)


def test_the_rainstorm_signals():
    """50 mm in 12, 6 and 3 hours are blue, yellow and orange; 100 mm in 3 hours are red."""
    at = np.arange(14) * HOUR
    for spread, rank in ((10, 1), (5, 2), (3, 3)):
        rain = np.zeros(14)
        rain[1 : 1 + spread] = 50 / spread
        assert rain_ranks(at, rain, RAIN).max() == rank
    assert turns(np.array([0, 1, 1, 4, 0])).tolist() == [1, 3, 4]


@pytest.fixture
def city(database, tmp_path):
    def put(name, points, **columns):
        frame = gpd.GeoDataFrame(columns, geometry=points, crs=4549)
        frame.to_file(tmp_path / f"{name}.gpkg", layer=name, engine="pyogrio")
        load(database, tmp_path / f"{name}.gpkg", author="test", rejects_dir=tmp_path / "rejects")

    put(
        "stations", [shapely.Point(528_000 + n, 3_486_000) for n in range(3)],
        code=["SW1", "YL1", "SW2"], 汛限水位=[3.2, None, 3.0], 警戒水位=[3.5, None, None],
        保证水位=[4.0, None, 2.0], vertical_datum=["EPSG:5737", None, None],
    )  # fmt: skip
    assets.register(database, "stations", {"id": "code"})
    lines = ["asset,property,at,value"]
    for hour, (stage, rain) in enumerate(zip(STAGE_M, RAIN_MM, strict=True)):
        lines += [f"SW1,water_level,2026-06-01T{hour:02}:00:00Z,{stage}"]
        lines += [f"YL1,rainfall,2026-06-01T{hour:02}:00:00Z,{rain}"]
    store(database, decode("\n".join(lines).encode(), CSV, ZoneInfo("UTC")), OWNER, key="all")

    def work(**inputs):
        given = {"stations": "stations?filter=code <> 'SW2'"} | inputs
        job = jobs.submit(database, "warning-thresholds", given, AsOf(), OWNER)
        run(database, job)
        return jobs.get(database, job, OWNER)

    work.database = database
    return work


def test_stations_their_changes_and_rules_that_say_the_same_live(city):
    done = city(stages=STAGES, rain=RAINS, vertical_datum="EPSG:5737")
    assert done.status == "successful", done.message
    assert done.result["certificate"]["holds"]
    rows = read_frame(city.database, done.output, AsOf(), OWNER).set_index("station")
    assert rows.loc["SW1", ["level", "peak_level", "peak"]].tolist() == ["none", "orange", 4.2]
    # 55, 105, 80 and 60 mm within 3 h from the third hour on
    assert rows.loc["YL1", ["level", "peak_level"]].tolist() == ["orange", "red"]
    name = done.result["outputs"]["events"]
    events = read_frame(city.database, name, AsOf(), OWNER).sort_values("at")
    told = {
        kind: list(zip(mine["at"].dt.hour, mine["after"], strict=True))
        for kind, mine in events.groupby("kind")
    }
    assert told["stage"] == [(1, "blue"), (2, "yellow"), (3, "orange"), (4, "yellow"), (5, "none")]
    assert told["rain"] == [(2, "orange"), (3, "red"), (4, "orange")]
    with snapshot(city.database) as pg:
        rules = json.loads(job_files.find(pg, done.id, "rules").content)
    assert set(rules) == {"stage-SW1", "rain-3h", "rain-6h", "rain-12h", "rain"}
    parsed = {name: parse(one) for name, one in rules.items()}
    for name, values, kind in (("stage-SW1", STAGE_M, "stage"), ("rain-3h", RAIN_MM, "rain")):
        at = (np.arange(6) * HOUR * 1e6).astype(np.int64)
        live = back_test(
            parsed[name], np.ones(6, np.int64), at, np.array(values), np.full(6, np.nan), since=0,
            until=int(5 * HOUR * 1e6), zone=ZoneInfo("UTC"), wanted=np.array([1]),
        ).events  # fmt: skip
        names = np.array(["none", "blue", "yellow", "orange", "red"])
        assert list(zip(live.at // 3_600_000_000, names[live.after], strict=True)) == told[kind]


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"stages": STAGES, "vertical_datum": "WUSONG"}, "cannot be mixed"),
        ({"stations": "stations", "stages": STAGES}, "station 'SW2'"),
        ({"rain": "stations"}, "name the one"),
        ({"stations": "stations?filter=code = 'SW2'", "rain": RAINS}, "no station"),
        ({"stages": STAGES, "station": "id"}, "no column 'id'"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told(city, inputs, reason):
    assert reason in city(**inputs).message
