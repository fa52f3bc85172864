"""TNTP, GTFS, EPANET and SWMM against what their publishers count."""

import pytest
import shapely
from reading import given, only

from spatial.errors import Rejected

EPANET = """[JUNCTIONS]
;ID Elev Demand
 J1 10 5 ;a comment
 J2 11 0
[RESERVOIRS]
 R1 50
[PIPES]
 P1 R1 J1 100 300 120 0 Open
 P2 J1 J2 80.5 200 120 0 CV
 P3 J1 nowhere 1 1 1
[COORDINATES]
 R1 0 0
 J1 100 0
 J2 100 80
[VERTICES]
 P1 50 10
[OPTIONS]
 Units LPS
[TITLE]
 A title of words
"""


def test_an_epanet_network(tmp_path):
    path = tmp_path / "net.inp"
    path.write_text(EPANET)
    found = given(path, crs="EPSG:4549")
    assert set(found) == {"net_junctions", "net_reservoirs", "net_pipes", "net_options"}
    pipes = found["net_pipes"]
    assert [row["status"] for row in pipes.rows] == ["Open", "CV"]
    assert pipes.rows[1]["length"] == 80.5
    assert list(pipes.geoms[0].geoms[0].coords) == [(0, 0), (50, 10), (100, 0)]
    assert pipes.reasons == ["link 'P3' ends at 'nowhere', which has no place"]
    assert found["net_options"].layer.geometry_type == "None"
    with pytest.raises(Rejected, match="--crs"):
        given(path)


def test_swmm_has_areas(shared_data):
    path = shared_data / "utilities" / "sewer_swmm" / "Example1.inp"
    found = given(path, crs="EPSG:4549")
    counts = {name.removeprefix("example1_"): len(one.geoms) for name, one in found.items()}
    told = {"subcatchments": 8, "junctions": 13, "outfalls": 1, "conduits": 13}
    assert told.items() <= counts.items()
    assert all(geom.area > 0 for geom in found["example1_subcatchments"].geoms)


def test_trips_add_up_to_what_their_publisher_tells(shared_data):
    anaheim = shared_data / "traffic" / "tntp" / "Anaheim"
    trips = only(anaheim / "Anaheim_trips.tntp")
    assert sum(row["trips"] for row in trips.rows) == pytest.approx(104694.40)
    links = only(anaheim / "Anaheim_net.tntp")
    assert len(links.rows) == 914
    flows = only(anaheim / "Anaheim_flow.tntp")
    ends = [{(row["init_node"], row["term_node"]) for row in links.rows}]
    ends += [{(row["from"], row["to"]) for row in flows.rows}]
    assert ends[0] == ends[1]


def test_links_lie_between_their_nodes(shared_data):
    falls = shared_data / "traffic" / "tntp" / "SiouxFalls"
    links = only(falls / "SiouxFalls_net.tntp", crs="EPSG:4326")
    nodes = only(falls / "SiouxFalls_node.tntp", crs="EPSG:4326")
    place = dict(zip((row["node"] for row in nodes.rows), nodes.geoms, strict=True))
    for row, geom in zip(links.rows, links.geoms, strict=True):
        ends = shapely.MultiPoint([place[row["init_node"]], place[row["term_node"]]])
        assert geom.boundary.equals(ends)


def test_a_network_that_lies_about_its_links(shared_data, tmp_path):
    braess = shared_data / "traffic" / "tntp" / "Braess-Example" / "Braess_net.tntp"
    path = tmp_path / "lying_net.tntp"
    path.write_text(braess.read_text().replace("LINKS> 5", "LINKS> 6"))
    with pytest.raises(Rejected, match="tells of 6 links and holds 5"):
        only(path)


def test_a_feed(shared_data):
    found = given(shared_data / "mobility" / "gtfs" / "cairns_gtfs.zip")
    counts = {name.removeprefix("cairns_gtfs_"): len(one.rows) for name, one in found.items()}
    told = {"stops": 416, "routes": 22, "trips": 1339, "stop_times": 37_790}
    assert told.items() <= counts.items()
    stops, routes = found["cairns_gtfs_stops"], found["cairns_gtfs_routes"]
    assert stops.layer.geometry_type == "Point"
    assert routes.layer.geometry_type == "MultiLineString"
    _, apart = shapely.STRtree(routes.geoms).query_nearest(
        stops.geoms, return_distance=True, all_matches=False
    )
    assert (apart < 0.01).mean() > 0.99  # stops are along routes
