"""What a run makes: layers, tables, rasters with states, documents; whole or not at all."""

import pytest
import shapely
import trial_analyses  # noqa: F401

from spatial import catalogue, rasters
from spatial.analyses import job_files, jobs
from spatial.analyses.runner import run
from spatial.asof import AsOf, as_of
from spatial.database import Database
from spatial.edit import edit
from spatial.errors import NotFound
from spatial.grant import OWNER


def making(database, store, output):
    job = jobs.submit(database, "trial-making", {"layer": "plots"}, AsOf(), OWNER, output)
    run(database, job, store=store)
    return jobs.get(database, job, OWNER)


@pytest.fixture
def made(database: Database, plots, tmp_path):
    return making(database, tmp_path, "flood")


def test_the_first_takes_the_name_and_the_others_their_own(made):
    assert made.status == "successful", made.message
    assert made.result["outputs"] == {
        "depth": "flood",
        "zones": "flood_zones",
        "table": "flood_table",
        "page": "页.html",
    }
    assert made.result["summary"]["features"] == 4


def test_layers_and_tables_keep_order_and_gaps(database, made):
    with database.begin() as tx:
        rows = tx.pg.execute(
            "SELECT fid, word, count, ST_GeometryType(geom) FROM layers.flood_zones ORDER BY fid"
        ).fetchall()
        places = tx.pg.execute("SELECT count(geom) FROM layers.flood_table").fetchone()
        zones = catalogue.find(tx.pg, "flood_zones")
    assert rows == [(1, "b", 1, "ST_MultiPolygon"), (2, None, 2, "ST_MultiPolygon")]
    assert places == (0,)
    assert zones.lineage["analysis"] == "trial-making"
    with edit(database, "flood_zones", author="Li") as editor:
        assert editor.insert({"word": "c"}, shapely.box(120, 31, 121, 32), 4326) == 3


def test_a_raster_has_its_states_its_datum_and_its_lineage(database, made, tmp_path):
    with database.begin() as tx:
        found = rasters.find_visible(tx.pg, "flood", OWNER)
    assert found.title_en == "Making: plots (depth)"
    assert found.vertical_datum == "EPSG:5737"
    assert found.lineage["job"] == str(made.id)
    assert sorted(one.file for one in found.editions) == sorted(
        file.name for file in tmp_path.glob("*.tif")
    )
    assert not list((tmp_path / ".runs").iterdir())


@pytest.mark.parametrize(("at", "cell"), [("2019", 1.0), ("2021", 2.0)])
def test_a_raster_is_read_at_the_runs_moment(database, made, tmp_path, at, cell):
    job = jobs.submit(database, "trial-reading", {"depth": "flood"}, as_of(at), OWNER)
    run(database, job, store=tmp_path)
    done = jobs.get(database, job, OWNER)
    assert done.result["summary"]["cell"] == cell
    assert done.result["outputs"] == {}


def test_a_document_is_kept_with_its_job(database, made):
    with database.begin() as tx:
        assert job_files.find(tx.pg, made.id, "page").content == b"<p>1</p>"
        assert job_files.kinds(tx.pg, made.id) == {"page": "text/html"}
        with pytest.raises(NotFound):
            job_files.find(tx.pg, made.id, "depth")


def test_a_name_that_was_taken_meanwhile_leaves_nothing(database, plots, tmp_path):
    first, second = (
        jobs.submit(database, "trial-making", {"layer": "plots"}, AsOf(), OWNER, "flood")
        for _ in range(2)
    )
    run(database, first, store=tmp_path)
    run(database, second, store=tmp_path)
    assert jobs.get(database, second, OWNER).status == "failed"
    assert len(list(tmp_path.glob("*.tif"))) == 2
