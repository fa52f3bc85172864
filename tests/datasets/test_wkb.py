"""Header surgery on WKB, held against shapely's own writer."""

import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from datasets import wkb

SAMPLES = [
    "POINT (1 2)",
    "POINT Z (1 2 3)",
    "LINESTRING (0 0, 1 1)",
    "POLYGON Z ((0 0 1, 1 0 1, 1 1 1, 0 0 1))",
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
    "MULTIPOINT ((1 1))",
    "GEOMETRYCOLLECTION (POINT (1 1), LINESTRING (0 0, 1 1))",
]
PROMOTED = {"Point": "MultiPoint", "LineString": "MultiLineString", "Polygon": "MultiPolygon"}


@given(
    picks=st.lists(st.sampled_from(SAMPLES), min_size=1, max_size=12),
    flavor=st.sampled_from(["iso", "extended"]),
    large=st.booleans(),
    multi=st.booleans(),
    skip=st.integers(0, 3),
)
def test_ewkb_holds_the_same_geometries(picks, flavor, large, multi, skip):
    geoms = shapely.from_wkt(picks)
    column = pa.array(shapely.to_wkb(geoms, flavor=flavor), pa.binary())
    column = (column.cast(pa.large_binary()) if large else column)[skip:]
    out = shapely.from_wkb(wkb.to_ewkb(column, 4528, multi=multi).to_pylist())
    assert set(shapely.get_srid(out)) <= {4528}
    for before, after in zip(geoms[skip:], out, strict=True):
        kind = PROMOTED.get(before.geom_type, before.geom_type) if multi else before.geom_type
        assert after.geom_type == kind
        assert after.has_z == before.has_z
        assert shapely.get_coordinates(after, include_z=after.has_z).tolist() == (
            shapely.get_coordinates(before, include_z=before.has_z).tolist()
        )


@pytest.mark.parametrize("byte_order", [0, 1])
def test_kinds_read_the_header_in_either_byte_order(byte_order):
    values = [*shapely.to_wkb(shapely.from_wkt(SAMPLES), byte_order=byte_order), None, b"\1"]
    found = wkb.kinds(pa.array(values, pa.binary()))
    assert found.types.tolist() == [1, 1, 2, 3, 6, 4, 7, 0, 0]
    assert found.has_z.tolist() == [False, True, False, True] + [False] * 5
    assert found.is_odd.tolist() == [byte_order == 0] * 7 + [False] * 2


@pytest.mark.parametrize("geometry", ["POINT M (1 2 3)", "POINT ZM (1 2 3 4)"])
@pytest.mark.parametrize("flavor", ["iso", "extended"])
def test_measures_are_odd(geometry, flavor):
    values = [shapely.to_wkb(shapely.from_wkt(geometry), output_dimension=4, flavor=flavor)]
    found = wkb.kinds(pa.array(values, pa.binary()))
    assert found.is_odd.all()
    assert found.has_z.tolist() == ["Z" in geometry]
