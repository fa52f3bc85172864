"""Where roads meet and where they only cross."""

import numpy as np
import pytest
import shapely

from spatial.traffic.junctions import pieces


def cut(*roads, level=None, snap=0.01):
    lines = shapely.from_wkt([f"LINESTRING ({road})" for road in roads])
    return pieces(lines, level or [0] * len(roads), snap)


def test_ends_on_a_road_cut_it():
    made = cut("0 0, 10 0", "4 0.005, 4 8")
    assert made.road.tolist() == [0, 0, 1]
    assert made.degree.max() == 3
    assert len(made.dangling()) == 3
    assert shapely.length(made.line).sum() == pytest.approx(18, abs=0.02)


def test_roads_that_only_cross_do_not_meet():
    made = cut("0 0, 10 0", "5 -5, 5 5")
    assert len(made.line) == 2
    assert made.islands == 1


def test_roads_with_a_vertex_in_common_meet_on_one_level():
    crossing = ("0 0, 5 0, 10 0", "5 -5, 5 0, 5 5")
    assert len(cut(*crossing).line) == 4
    assert len(cut(*crossing, level=["street", "bridge"]).line) == 2


def test_duplicates_points_and_islands_are_told():
    made = cut("0 0, 10 0", "10 0, 0 0", "0 9, 1 9", "3 3, 3 3")
    assert (len(made.again), made.points, made.islands) == (1, 1, 1)
    assert made.island[[made.start[0] - 1, made.start[1] - 1]].tolist() == [0, 1]


def test_a_ring_keeps_its_own_node():
    made = cut("0 0, 4 0, 4 4, 0 0")
    assert (made.start == made.end).all()


def test_nothing_at_all():
    made = pieces(np.array([], object), [], 1.0)
    assert len(made.line) == len(made.place) == 0


def test_a_real_district_keeps_its_length(shared_data):
    import geopandas as gpd

    roads = gpd.read_file(shared_data / "china" / "xinwu_wuxi" / "xinwu_road_centerlines.gpkg")
    made = pieces(np.asarray(roads.geometry, object), [0] * len(roads), 0.5)
    assert shapely.length(made.line).sum() == pytest.approx(roads.length.sum(), rel=1e-3)
    assert (made.island == 0).mean() > 0.9
