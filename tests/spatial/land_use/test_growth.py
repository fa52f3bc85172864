"""Growth of a row of plots that are built on one after another, from their states in time."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import rasterio
from conftest import fresh_city
from deciding import output, put, squares

import spatial.analyses.known  # noqa: F401
from spatial import rasters, scenario
from spatial.analyses import jobs, registry
from spatial.analyses.runner import run
from spatial.asof import as_of
from spatial.database import Database
from spatial.errors import Invalid
from spatial.frame import read_frame
from spatial.grant import OWNER

ASK = {"parcels": "plots", "since": 2000, "horizon": 2009, "cell": 100, "chance": 0}
NEAR = {"name": "near", "measure": "distance", "layer": "church",
        "standard": {"function": "linear", "low": 3000, "high": 0}}  # fmt: skip


def year(number):
    return datetime(number, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def place(cluster, tmp_path_factory):
    """Twenty plots of 100 m: the first two built ever since, then one a year from 2001 to 2006."""
    home = tmp_path_factory.mktemp("growing")
    with fresh_city(cluster) as conninfo:
        database = Database(conninfo)
        plots = [(100 * n, 0, 100 * n + 100, 100) for n in range(20)]
        before = squares(*plots[2:], fid=np.arange(3, 21), land_code=["0101"] * 18)
        before["valid_from"] = None
        before["valid_to"] = [year(2001 + n) if n < 6 else None for n in range(18)]
        after = squares(*plots[:8], fid=np.arange(1, 9), land_code=["070102"] * 8)
        after["valid_from"] = [None, None, *[year(2001 + n) for n in range(6)]]
        after["valid_to"] = None
        put(database, "plots", pd.concat([before, after], ignore_index=True))
        put(database, "church", squares((0, 40, 10, 50)))
        put(database, "marsh", squares((1000, 0, 1100, 100)))
        years, floors = [1950, 2001, 2001], [1.0, 3.0, None]
        boxes = [(10, 10, 20, 20), (210, 10, 230, 20), (220, 10, 230, 20)]
        put(database, "houses", squares(*boxes, built_year=years, floors=floors))
        yield database, home
        database.close()


def grown(place, at="2006", **inputs):
    database, store = place
    job = jobs.submit(database, "growth", ASK | inputs, as_of(at), OWNER)
    run(database, job, workers=1, store=store)
    done = jobs.get(database, job, OWNER)
    assert done.status == "successful", done.message
    return done.document()


def cells(place, document, key):
    database, store = place
    with database.begin() as tx:
        found = rasters.find_visible(tx.pg, document["outputs"][key], OWNER)
    made = []
    for edition in sorted(found.editions, key=lambda one: str(one.valid.start)):
        with rasterio.open(store / edition.file) as data:
            made.append(data.read(1)[0])
    return made


def test_the_row_goes_on_as_it_did(place):
    document = grown(place, buildings="houses", criteria=[NEAR])
    rows = output(place[0], document, "years").set_index("year")
    assert rows["built_m2"].to_list() == [20_000 + 10_000 * n for n in range(10)]
    assert rows["cells"].to_list() == list(range(2, 12))
    assert rows["new_cells"].to_list() == [0, *[1] * 9]
    assert rows["kind_en"].to_list() == ["observed"] * 7 + ["forecast"] * 3
    assert rows["buildings"][2001] == 2
    assert rows["floor_area_m2"][2001] == pytest.approx(600)
    assert rows["buildings"][2000] == 0
    (built,) = cells(place, document, "layer")
    told = [2000, 2000, *range(2001, 2010), *[np.nan] * 9]
    assert built == pytest.approx(np.array(told), nan_ok=True)
    states = cells(place, document, "forecast")
    assert [int(one.sum()) for one in states] == [9, 10, 11]
    assert document["certificate"]["holds"]
    assert document["summary"]["forecast_m2"] == 110_000


def test_the_years_held_out_are_found_where_the_rule_holds(place):
    document = grown(place, holdout=2003, criteria=[NEAR])
    test = document["summary"]["back_test"]
    assert (test["hits"], test["misses"], test["false_alarms"]) == (3, 0, 0)
    assert test["figure_of_merit"] == 1
    assert 0 < test["by_chance"] < 0.2


def test_the_forecast_is_a_scenario_of_a_layer(place):
    database, _ = place
    document = grown(place, criteria=[NEAR], plan="grown_2009")
    name = document["outputs"]["land"]

    def at(when, scenario="main"):
        rows = read_frame(database, name, as_of(when, scenario=scenario), OWNER)
        return sorted(rows["year"].tolist()), rows["area_m2"].sum()

    known = [2000, *range(2001, 2007)]
    assert at("1900") == ([2000], 20_000)
    assert at("2003") == ([2000, 2001, 2002, 2003], 50_000)
    assert at("2006") == at("2030") == (known, 80_000)
    assert at("2007", "grown_2009") == ([*known, 2007], 90_000)
    assert at("2030", "grown_2009") == ([*known, 2007, 2008, 2009], 110_000)
    assert document["summary"]["scenario"] == "grown_2009"
    assert [one.kind for one in scenario.diff(database, "grown_2009")] == ["added"] * 3
    with pytest.raises(AssertionError, match="'grown_2009' exists: choose another"):
        grown(place, criteria=[NEAR], plan="grown_2009")
    scenario.adopt(database, "grown_2009", author="planner")  # the plan becomes the city
    assert at("2030") == ([*known, 2007, 2008, 2009], 110_000)


def test_nothing_grows_where_it_may_not(place):
    (built,) = cells(place, grown(place, keep_free="marsh", criteria=[NEAR]), "layer")
    assert np.isnan(built[10])
    assert list(built[8:12])[:2] == [2007, 2008]
    assert built[11] == 2009
    full = grown(place, criteria=[NEAR | {"at_most": 850}])
    assert full["summary"]["cells_without_place"] == 2
    assert full["certificate"]["holds"]


def test_the_past_is_read_as_it_was_and_the_seed_decides(place):
    one, two = (grown(place, chance=2, seed=seed, horizon=2015) for seed in (7, 8))
    again = grown(place, chance=2, seed=7, horizon=2015)
    assert cells(place, one, "layer")[0] == pytest.approx(
        cells(place, again, "layer")[0], nan_ok=True
    )
    assert str(cells(place, one, "layer")[0]) != str(cells(place, two, "layer")[0])
    early = grown(place, at="2003", criteria=[NEAR])
    assert early["summary"]["years"] == [2000, 2003]
    assert early["summary"]["built_m2"] == 50_000


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"since": 2005}, "three years at least: 2005 to 2006"),
        ({"horizon": 2006}, "within a century after 2006"),
        ({"holdout": 2001}, "must lie from 2002 to 2005"),
        ({"code": "landcode"}, "has no column landcode: it has land_code"),
        ({"built": "99"}, "has a land_code of built land: 99"),
        ({"parcels": "plots?datetime=2003"}, "leave out their datetime"),
        ({"buildings": "houses", "built_year": "age"}, "no column age"),
    ],
)
def test_what_makes_no_sense_is_told_in_a_line(place, inputs, reason):
    with pytest.raises(AssertionError, match=reason):
        grown(place, **inputs)


def test_suitability_comes_from_one_source():
    both = ASK | {"suitability": "fit", "criteria": [NEAR]}
    with pytest.raises(Invalid, match="not both"):
        registry.find("growth").parse(both)
