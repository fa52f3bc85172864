"""Inputs that select features of a layer, in the words of items."""

from datetime import UTC
from typing import Any

import pytest
import shapely
import trial_analyses  # noqa: F401
from psycopg import sql
from worlds import make_layer

from spatial.analyses import jobs, registry
from spatial.analyses.reading import readings
from spatial.analyses.runner import run
from spatial.analyses.selection import Selection
from spatial.asof import AsOf, as_of
from spatial.database import Database
from spatial.edit import edit
from spatial.errors import Invalid, NotFound
from spatial.grant import ANONYMOUS, OWNER
from spatial.period import parse_bounds

GK39 = "http://www.opengis.net/def/crs/EPSG/0/4549"


def found(database: Database, chosen: Any, asof: AsOf = AsOf()) -> list[int]:  # noqa: B008
    with readings(database, [chosen], asof, OWNER) as (pg, (view,)):
        return sorted(row[0] for row in pg.execute(view.select(sql.SQL("fid"))).fetchall())


def parsed(value: Any) -> Any:
    return registry.find("trial").parse({"layer": value}).layer  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("value", "fids"),
    [
        ("plots", [1, 2, 3]),
        ({"layer": "plots"}, [1, 2, 3]),
        ({"layer": "plots", "filter": "height > 0"}, [2, 3]),
        ("plots?filter=height > 0", [2, 3]),
        ("plots?filter=height%20%3E%200", [2, 3]),
        ('{"layer": "plots", "filter": {"op": ">", "args": [{"property": "height"}, 1]}}', [3]),
        ({"layer": "plots", "bbox": [3486000, 528009, 3486001, 528012], "bbox-crs": GK39}, [2]),
        ({"layer": "plots", "bbox": "0,0,1,1"}, []),
        ({"layer": "plots", "known_at": "2000"}, []),
    ],
)
def test_a_selection_reads_as_items_would(
    database: Database, plots: list[int], value: Any, fids: list[int]
) -> None:
    assert found(database, parsed(value)) == fids


def test_a_name_alone_stays_a_name() -> None:
    assert parsed("plots") == "plots"


def test_its_own_time_goes_before_the_runs(database: Database, plots: list[int]) -> None:
    with edit(database, "plots", author="ada") as editor:
        period = parse_bounds("2010", "2015", UTC)
        fid = editor.insert({}, shapely.box(0, 0, 1, 1), 4549, period)
    then = parsed({"layer": "plots", "datetime": "2012"})
    assert then.datetime == "2012-12-31T15:59:59.999999Z"  # the city's year, kept as an instant
    assert fid in found(database, then)
    assert fid not in found(database, "plots")
    assert fid in found(database, "plots", as_of("2012"))
    assert fid not in found(database, parsed({"layer": "plots", "datetime": "2030"}), as_of("2012"))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"layer": "plots", "filter": "height >"}, "layer"),
        ({"layer": "plots", "bbox": [1, 2]}, "four numbers"),
        ({"layer": "plots", "datetime": "2010/2020"}, "one instant"),
        ({"layer": "plots", "datetime": 2010}, "must be texts"),
        ({"layer": "plots", "wings": 2}, "layer"),
        ("{plots", "not JSON"),
    ],
)
def test_what_makes_no_sense_is_refused(value: Any, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        parsed(value)


def test_a_job_checks_and_keeps_what_was_selected(database: Database, plots: list[int]) -> None:
    wanted = {"layer": {"layer": "plots", "filter": "height > 0", "filter-lang": "cql2-text"}}
    job = jobs.submit(database, "trial", wanted, AsOf(), OWNER)
    assert jobs.get(database, job, OWNER).inputs["layer"] == wanted["layer"]
    run(database, job)
    assert jobs.get(database, job, OWNER).status == "successful"
    with pytest.raises(Invalid, match="wings"):
        jobs.submit(
            database, "trial", {"layer": {"layer": "plots", "filter": "wings = 2"}}, AsOf(), OWNER
        )


def test_what_may_not_be_seen_is_not_there(database: Database) -> None:
    make_layer(database, "plots", access="restricted")
    chosen = Selection.model_validate({"layer": "plots", "filter": "height > 0"})
    with pytest.raises(NotFound), readings(database, [chosen], AsOf(), ANONYMOUS):
        pass


def test_the_schema_says_both_ways() -> None:
    (layer, *_) = registry.find("trial").inputs()
    kinds = {one["type"] for one in layer.schema["anyOf"]}
    assert kinds == {"string", "object"}
    assert layer.schema["x-input-kind"] == "layer"
