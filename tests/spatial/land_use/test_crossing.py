"""The clipping kernel against GEOS, and what it must leave to GEOS."""

import numpy as np
import pytest
import shapely

from spatial.land_use.clipping import APART, CUT, HOLDS, INSIDE, UNSURE
from spatial.land_use.crossing import cross

SQUARE = shapely.box(0, 0, 4, 4)


def star(rng: np.random.Generator, centre: np.ndarray, size: float) -> shapely.Polygon:
    """A polygon whose boundary jumps in and out, so that two of them cross many times."""
    turn = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 40)))
    reach = size * rng.uniform(0.2, 1, len(turn))
    ring = centre + np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=-1)
    return shapely.Polygon(ring[:: rng.choice([1, -1])])


def kind_of(left: shapely.Polygon, right: shapely.Polygon) -> int:
    both = np.array([left], dtype=object), np.array([right], dtype=object)
    return int(cross(*both, np.array([0]), np.array([0]))[0][0])


@pytest.mark.parametrize("origin", [0.0, 3_486_000.0])
def test_random_stars_as_geos_has_them(origin: float) -> None:
    rng = np.random.default_rng(7)
    centres = origin + rng.uniform(0, 3, (2, 6000, 2))
    left, right = (
        np.array([star(rng, c, s) for c, s in zip(side, sizes, strict=True)], dtype=object)
        for side, sizes in zip(centres, 10 ** rng.uniform(-1, 0.5, (2, 6000)), strict=True)
    )
    good = shapely.is_valid(left) & shapely.is_valid(right)
    left, right = left[good], right[good]
    rows = np.arange(len(left))
    kind, shared = cross(left, right, rows, rows)
    assert (kind != UNSURE).mean() > 0.99
    assert set(kind) >= {APART, INSIDE, HOLDS, CUT}
    assert not shapely.intersects(left[kind == APART], right[kind == APART]).any()
    assert shapely.covers(right[kind == INSIDE], left[kind == INSIDE]).all()
    assert shapely.covers(left[kind == HOLDS], right[kind == HOLDS]).all()
    cut = kind == CUT
    assert shapely.is_missing(shared[~cut]).all()
    assert shapely.is_valid(shared[cut]).all()
    geos = shapely.intersection(left[cut], right[cut])
    assert np.abs(shapely.area(geos) - shapely.area(shared[cut])).max() < 1e-8
    assert (shapely.get_num_geometries(geos) == shapely.get_num_geometries(shared[cut])).all()
    assert shapely.get_num_geometries(geos).max() > 3


@pytest.mark.parametrize(
    "other",
    [
        shapely.box(4, 0, 8, 4),  # a common edge
        shapely.box(4, 4, 8, 8),  # a common corner
        shapely.box(0, 0, 4, 4),  # the same
        shapely.box(1, 0, 3, 2),  # inside, touching an edge
        shapely.Polygon([(4, 2), (8, 0), (8, 4)]),  # a corner on an edge
        shapely.Polygon([(2, 4 + 1e-15), (0, 8), (4, 8)]),  # nearer than can be told
        shapely.box(1, 1, 6, 6).difference(shapely.box(2, 2, 3, 3)),  # a hole
        shapely.MultiPolygon([shapely.box(1, 1, 6, 2), shapely.box(1, 3, 6, 3.5)]),
    ],
)
def test_what_touches_or_is_not_plain_is_left_to_geos(other: shapely.Polygon) -> None:
    assert kind_of(SQUARE, other) == UNSURE
    assert kind_of(other, SQUARE) == UNSURE


def test_a_cross_of_two_bars_is_a_square() -> None:
    left = np.array([shapely.box(0, 1, 3, 2)], dtype=object)
    right = np.array([shapely.box(1, 0, 2, 3)], dtype=object)
    kind, shared = cross(left, right, np.array([0]), np.array([0]))
    assert kind[0] == CUT
    assert shared[0].equals(shapely.box(1, 1, 2, 2))


def test_a_comb_over_a_bar_gives_its_teeth() -> None:
    teeth = [(x + dx, y) for x in range(5) for dx, y in ((0.2, 5), (0.4, 0), (0.6, 0), (0.8, 5))]
    comb = np.array([shapely.Polygon([*teeth, (5, 6), (0, 6)])], dtype=object)
    bar = np.array([shapely.box(-1, 1, 6, 2)], dtype=object)
    kind, shared = cross(comb, bar, np.array([0]), np.array([0]))
    assert kind[0] == CUT
    assert shapely.get_num_geometries(shared[0]) == 5
    assert shapely.area(shared[0]) == pytest.approx(5 * (0.2 + 2 * 1.5 * 0.2 / 5))
