"""Geometries over the 180th meridian keep their area and come to lie on the map."""

import numpy as np
import pytest
import shapely
from shapely import wkt

from datasets import antimeridian


def cut(text):
    geoms = np.array([wkt.loads(text)], object)
    if not antimeridian.crossing(geoms)[0]:
        return None
    return antimeridian.cut(geoms)[0]


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("POLYGON ((179 0, -179 0, -179 1, 179 1, 179 0))", 2),
        ("POLYGON ((170 0, 190 0, 190 1, 170 1, 170 0))", 20),
        ("POLYGON ((-190 0, -170 0, -170 1, -190 1, -190 0))", 20),
        (
            "POLYGON ((178 0, -178 0, -178 4, 178 4, 178 0),"
            " (-179.5 1, -179 1, -179 2, -179.5 2, -179.5 1))",
            15.5,
        ),
        ("MULTIPOLYGON (((179 0, -179 0, -179 1, 179 1, 179 0)), ((0 0, 1 0, 1 1, 0 1, 0 0)))", 3),
    ],
)
def test_areas_stay(text, area):
    geom = cut(text)
    west, _, east, _ = geom.bounds
    assert geom.is_valid
    assert geom.area == pytest.approx(area)
    assert -180 <= west < east <= 180


def test_a_ring_round_the_pole_is_closed_by_it():
    ring = ", ".join(f"{x} 80" for x in (*range(-180, 181, 30), -180))
    assert cut(f"POLYGON (({ring}))").area == pytest.approx(3600)


def test_lines_and_points():
    line = cut("LINESTRING Z (179 0 5, -179 2 7)")
    assert line.length == pytest.approx(np.hypot(2, 2))
    assert {z for _, _, z in line.geoms[0].coords} == {5, 6}
    assert cut("POINT (181 3)").equals(shapely.Point(-179, 3))


@pytest.mark.parametrize(
    "text",
    [
        "POLYGON ((-180 -90, 180 -90, 180 90, -180 90, -180 -90))",
        "POLYGON ((-170 0, 0 0, 170 0, 170 1, 0 1, -170 1, -170 0))",
        "POINT (180 0)",
        "POLYGON ((400 0, 401 0, 401 1, 400 0))",
        "POLYGON EMPTY",
    ],
)
def test_what_does_not_cross_is_left_alone(text):
    assert cut(text) is None


def test_what_lies_beyond_the_poles_is_not_cut():
    far = shapely.Polygon([(170, 1e300), (-170, -1e300), (-170, 2), (170, 3)])
    shapes = np.array([far, shapely.Point(190, 91), shapely.Point(np.inf, 0), None], object)
    assert not antimeridian.crossing(shapes).any()
