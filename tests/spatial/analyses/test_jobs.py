"""Jobs: submitted with a grant, seen by their owner, finished with all of their output or none."""

import pytest
import trial_analyses  # noqa: F401
from worlds import make_layer

from spatial import catalogue
from spatial.analyses import jobs
from spatial.analyses.runner import run
from spatial.asof import AsOf, as_of
from spatial.errors import Conflict, Denied, Invalid, NotFound
from spatial.grant import ANONYMOUS, OWNER, Access, Grant, Scope

PUBLIC = frozenset({Access.PUBLIC})
PLANNER = Grant("planner", Scope.WRITE, frozenset(Access), authenticated=True)
VISITOR = Grant("visitor", Scope.WRITE, PUBLIC, authenticated=True)


def submit(database, grant=PLANNER, asof=AsOf(), output=None, **inputs):  # noqa: B008
    return jobs.submit(database, "trial", {"layer": "plots"} | inputs, asof, grant, output)


def done(database, job, grant=PLANNER):
    run(database, job)
    return jobs.get(database, job, grant)


def names(database):
    with database.begin() as tx:
        return [layer.name for layer in catalogue.layers(tx.pg, OWNER)]


def staged(database):
    with database.begin() as tx:
        found = tx.pg.execute("SELECT tablename FROM pg_tables WHERE tablename ~ '^staging_'")
        return found.fetchall()


def test_a_job_becomes_a_layer_with_its_lineage(database, plots):
    job = submit(database, output="points", asof=as_of("2020"))
    assert jobs.get(database, job, PLANNER).status == "accepted"
    finished = done(database, job)
    document = finished.document()
    assert list(document) == ["job", "status", "outputs", "summary", "certificate"]
    assert (document["job"], document["status"]) == (str(job), "successful")
    assert document["outputs"] == {"layer": "points"}
    assert document["summary"]["features"] == 1
    assert document["summary"]["as_of"]["datetime"] == "2020-12-31T15:59:59.999999Z"
    assert document["summary"]["as_of"]["known_at"] is not None
    assert document["certificate"]["holds"]
    with database.begin() as tx:
        layer = catalogue.find(tx.pg, "points")
    assert layer.title_en == "Trial: plots"
    assert layer.lineage["inputs"]["layer"] == "plots"
    assert layer.lineage["as_of"] == document["summary"]["as_of"]
    assert staged(database) == []
    run(database, job)
    assert jobs.count(database, PLANNER) == 1


def test_known_at_is_fixed_when_the_job_is_submitted(database, plots):
    job = submit(database)
    with database.begin() as tx:
        layer = catalogue.find(tx.pg, "plots")
    make_layer(database, "later")
    assert jobs.get(database, job, PLANNER).asof.known_at == layer.last_recorded


def test_who_may_submit_what(database):
    make_layer(database, "plots", access="restricted")
    with pytest.raises(Denied, match="write"):
        submit(database, ANONYMOUS)
    with pytest.raises(Denied, match="write"):
        submit(database, Grant("reader", Scope.READ, frozenset(Access), authenticated=True))
    with pytest.raises(NotFound, match="no layer 'plots'"):
        submit(database, VISITOR)
    with pytest.raises(Invalid, match="interval"):
        submit(database, asof=as_of("2020/2021"))
    with pytest.raises(NotFound, match="no scenario"):
        submit(database, asof=as_of(scenario="atlantis"))
    with pytest.raises(Conflict, match="'plots' exists"):
        submit(database, output="plots")
    with pytest.raises(Invalid, match="cannot name a layer"):
        submit(database, output="My Layer")
    assert jobs.every(database, OWNER) == []


def test_jobs_are_seen_by_their_subject_and_by_administrators(database, plots):
    job = submit(database)
    assert [one.id for one in jobs.every(database, PLANNER)] == [job]
    assert [one.id for one in jobs.every(database, OWNER, jobs.Sought(["accepted"]))] == [job]
    assert jobs.every(database, OWNER, jobs.Sought(["failed"])) == []
    assert jobs.every(database, VISITOR) == []
    assert jobs.count(database, VISITOR) == 0
    narrower = Grant("planner", Scope.WRITE, PUBLIC, authenticated=True)
    for forbidden in (jobs.get, jobs.dismiss):
        for grant in (VISITOR, narrower):
            with pytest.raises(NotFound, match="no job"):
                forbidden(database, job, grant)
    jobs.dismiss(database, job, OWNER)
    assert done(database, job).status == "dismissed"


def test_what_is_derived_is_as_closed_as_its_source(database):
    make_layer(database, "plots", access="restricted", area="320214")
    done(database, submit(database, output="derived"))
    with database.begin() as tx:
        layer = catalogue.find(tx.pg, "derived")
        assert (layer.access, layer.area) == ("restricted", "320214")
        with pytest.raises(NotFound):
            catalogue.find_visible(tx.pg, "derived", VISITOR)


@pytest.mark.parametrize(
    ("ends", "message"),
    [("badly", "the trial was to fail"), ("oddly", "the analysis failed unexpectedly")],
)
def test_a_failure_says_why_and_leaves_nothing(database, plots, ends, message):
    failed = done(database, submit(database, ends=ends))
    assert (failed.status, failed.message, failed.result) == ("failed", message, None)
    assert names(database) == ["plots"]
    assert staged(database) == []


def test_an_output_taken_meanwhile_fails_the_job(database, plots):
    job = submit(database, output="points")
    make_layer(database, "points")
    failed = done(database, job)
    assert failed.status == "failed"
    assert "'points' exists" in failed.message
    assert staged(database) == []


def test_a_finished_job_cannot_be_dismissed(database, plots):
    job = submit(database)
    done(database, job)
    with pytest.raises(Conflict, match="finished"):
        jobs.dismiss(database, job, PLANNER)
