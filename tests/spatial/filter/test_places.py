"""Places in a layer's CRS, and the box within them that settles most features."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from spatial.filter.places import Place

SIDE = st.floats(1e-3, 1e6)
FAR = st.floats(-4e6, 4e6)


@given(FAR, FAR, SIDE, SIDE, st.floats(-1.5, 1.5))
def test_what_an_index_takes_to_lie_in_the_core_lies_in_the_place(
    x: float, y: float, width: float, height: float, turn: float
) -> None:
    square = shapely.box(x, y, x + width, y + height)
    lean = np.array([[1.0, turn], [0.0, 1.0]])
    place = shapely.transform(square, lambda xy: (xy - (x, y)) @ lean.T + (x, y))
    core = Place(place, 3857).core
    if core is not None:
        outward = np.nextafter(np.float32(core), np.float32([-np.inf, -np.inf, np.inf, np.inf]))
        assert shapely.contains(place, shapely.box(*outward.astype(float)))


@pytest.mark.parametrize("place", [shapely.Point(1, 2), shapely.LineString([(0, 0), (5, 0)])])
def test_what_has_no_area_has_no_core(place: shapely.Geometry) -> None:
    assert Place(place, 3857).core is None


def test_the_core_of_a_rectangle_is_nearly_all_of_it() -> None:
    core = Place(shapely.box(528_000, 3_486_000, 529_000, 3_487_000), 4549).core
    assert core is not None
    assert shapely.box(*core).area > 0.99e6
