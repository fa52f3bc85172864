"""The analysis from files to a layer of flows."""

import pytest

from citytwin.input_files import loaded
from citytwin.settings import settings
from datasets.load import load
from spatial import catalogue
from spatial.analyses import jobs, registry
from spatial.analyses.runner import run
from spatial.asof import AsOf
from spatial.errors import Rejected
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.traffic import assignment  # noqa: F401

# Braess 1968: six vehicles, two ways, and a shortcut that makes all of them slower.
NETWORK = """<NUMBER OF NODES> 4
<FIRST THRU NODE> 1
<NUMBER OF LINKS> 5
<END OF METADATA>
~ init term capacity length time b power speed toll type ;
1 3 1 100 0.00000001 1000000000 1 0 0 1 ;
1 4 1 100 50 0.02 1 0 0 1 ;
3 2 1 100 50 0.02 1 0 0 1 ;
3 4 1 100 10 0.1 1 0 0 1 ;
4 2 1 100 0.00000001 1000000000 1 0 0 1 ;
"""
TRIPS = """<TOTAL OD FLOW> 6.0
<END OF METADATA>
Origin 1
1 : 0.0; 2 : 6.0;
"""


@pytest.fixture
def files(tmp_path):
    network, trips = tmp_path / "braess_net.tntp", tmp_path / "braess_trips.tntp"
    network.write_text(NETWORK)
    trips.write_text(TRIPS)
    (tmp_path / "braess_node.tntp").write_text("node x y ;\n1 0 0 ;\n")
    return {"network": str(network), "trips": str(trips)}


def assign(database, **inputs):
    job = jobs.submit(database, "assignment", inputs, AsOf(), OWNER)
    run(database, job)
    return jobs.get(database, job, OWNER)


def test_files_become_layers_and_flows(database, files, tmp_path):
    chosen, known = settings({}, data_dir=tmp_path), registry.find("assignment")
    layers = loaded(database, chosen, known, files)
    assert layers == loaded(database, chosen, known, files)
    done = assign(database, **layers, gap=1e-12)
    assert done.status == "successful", done.message
    summary, balance = done.document()["summary"], done.document()["certificate"]
    assert summary["objective"] == pytest.approx(386.00000008)
    assert summary["tstt"] == pytest.approx(552)
    assert summary["relative_gap"] <= 1e-12
    assert {"iterations", "seconds"} <= set(summary)
    assert balance["holds"]
    assert balance["balance"]["unassigned"] == 0
    flows = read_frame(database, done.document()["outputs"]["layer"], AsOf(), OWNER)
    assert list(flows["from"]) == [1, 1, 3, 3, 4]
    assert list(flows["to"]) == [3, 4, 2, 4, 2]
    assert list(flows["flow"]) == pytest.approx([4, 2, 2, 2, 4])
    assert list(flows["cost"]) == pytest.approx([40, 52, 52, 12, 40])
    with database.begin() as tx:
        assert len(catalogue.layers(tx.pg, OWNER)) == 3


def test_selected_links_and_a_start(database, files, tmp_path):
    """Of Braess' six vehicles two pass the shortcut: a third of those on the first link."""
    layers = loaded(database, settings({}, data_dir=tmp_path), registry.find("assignment"), files)
    base = assign(database, **layers, gap=1e-12, select="4")
    outputs = base.document()["outputs"]
    flows = read_frame(database, outputs["layer"], AsOf(), OWNER)
    assert list(flows["selected"]) == pytest.approx([2, 0, 0, 2, 2])
    pairs = read_frame(database, outputs["selected"], AsOf(), OWNER)
    assert pairs[["origin", "destination", "trips"]].iloc[0].tolist() == pytest.approx([1, 2, 2])
    network = f"{layers['network']}?filter=fid <> 4"
    shut = assign(database, network=network, trips=layers["trips"], start=outputs["layer"])
    assert shut.status == "successful", shut.message
    summary = shut.document()["summary"]
    assert summary["warm"]
    assert summary["tstt"] == pytest.approx(498)
    for wrong, message in (
        ({"select": "9"}, "no link with one of the fids"),
        ({"start": layers["trips"]}, "is no result of an assignment"),
        ({"select": "4", "method": "frank-wolfe"}, "only the method 'bush' tells"),
    ):
        assert message in assign(database, **layers, **wrong).message


@pytest.mark.parametrize("method", ["all-or-nothing", "frank-wolfe", "conjugate", "bi-conjugate"])
def test_every_method(database, files, tmp_path, method):
    layers = loaded(database, settings({}, data_dir=tmp_path), registry.find("assignment"), files)
    done = assign(database, **layers, method=method, gap=1e-3, iterations=5000)
    assert done.status == "successful", done.message
    assert done.document()["certificate"]["holds"]
    if method != "all-or-nothing":
        assert done.document()["summary"]["objective"] == pytest.approx(386, rel=1e-3)


def test_a_layer_without_links_is_refused_with_what_it_lacks(database, plots):
    done = assign(database, network="plots", trips="plots")
    assert done.status == "failed"
    assert done.message == "there is no column capacity"


@pytest.mark.parametrize(
    "trips", ["Origin 1\n2 6.0\n", "2 : 6.0;\n", "Origin 1\n2 : x;\n", "Origin one\n2 : 1;\n"]
)
def test_trips_that_are_not_written_as_they_must_be(database, tmp_path, trips):
    path = tmp_path / "odd_trips.tntp"
    path.write_text(f"<TOTAL OD FLOW> 6.0\n<END OF METADATA>\n{trips}")
    with pytest.raises(Rejected, match=r"odd_trips\.tntp"):
        load(database, path, author="builder", rejects_dir=tmp_path)
