"""Repair and refusal, on shapes whose right answer is worked out by hand."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from datasets.repair import METHOD, repair


def repaired(*texts):
    return repair(np.array([text and shapely.from_wkt(text) for text in texts], dtype=object))


@pytest.mark.parametrize(
    ("broken", "area"),
    [
        pytest.param("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))", 2, id="bowtie"),
        pytest.param(
            "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0), (9 9, 10 9, 10 10, 9 9))",
            16.5,  # a hole that lies wholly outside is a part of its own
            id="hole outside",
        ),
        pytest.param("POLYGON ((0 0, 4 0, 4 4, 4 9, 4 4, 0 4, 0 0))", 16, id="spike"),
        pytest.param(
            "MULTIPOLYGON (((0 0, 2 0, 2 2, 0 2, 0 0)), ((1 0, 3 0, 3 2, 1 2, 1 0)))",
            6,
            id="overlapping parts",
        ),
    ],
)
def test_polygons_are_mended_by_structure(broken, area):
    out = repaired(broken)
    assert out.methods[0] == METHOD
    assert out.reasons[0] is None
    assert out.geoms[0].is_valid
    assert out.geoms[0].area == pytest.approx(area)


def test_valid_geometries_stay_the_same_objects():
    geoms = shapely.from_wkt(["POINT (1 2)", "POLYGON ((0 0, 1 0, 1 1, 0 0))"])
    out = repair(geoms)
    assert out.geoms[0] is geoms[0]
    assert out.geoms[1] is geoms[1]
    assert out.methods.tolist() == [None, None]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (None, "no geometry"),
        ("POLYGON EMPTY", "the geometry is empty"),
        ("POLYGON ((0 0, 1 0, 0 0, 0 0))", "Too few points in geometry component at 0 0"),
        ("LINESTRING (1 1, 1 1)", "Too few points in geometry component at 1 1"),
        ("POINT (1 inf)", "Invalid Coordinate at 1 inf"),
        ("POLYGON ((0 0, 1 0, 1 inf, 0 0))", "Invalid Coordinate at 1 inf"),
        (
            "POLYGON ((0 0, 4 0, 4 4, 0 0), (0 0, 4 0, 4 4, 0 0))",
            "Self-intersection at 4 0",
        ),
    ],
)
def test_what_cannot_be_mended_is_refused_with_its_place(broken, reason):
    out = repaired(broken, "POINT (0 0)")
    assert out.reasons.tolist() == [reason, None]
    assert out.geoms[0] is None
    assert out.geoms[1] is not None


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=9))
def test_any_ring_is_valid_and_polygonal_or_refused(points):
    out = repair(np.array([shapely.Polygon(points)], dtype=object))
    if out.geoms[0] is None:
        assert out.reasons[0]
    else:
        assert out.geoms[0].is_valid
        assert out.geoms[0].geom_type in ("Polygon", "MultiPolygon")
