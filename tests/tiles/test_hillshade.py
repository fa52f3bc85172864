"""Hillshade against planes, of which the light is known."""

import numpy as np
import pytest

from tiles.hillshade import hillshade


def plane(east: float, south: float, cell: float = 10.0) -> np.ma.MaskedArray:
    """Heights that rise by these slopes."""
    row, column = np.indices((7, 9))
    return np.ma.array(100 + cell * (east * column + south * row))


@pytest.mark.parametrize(
    ("east", "south", "light"),
    [
        (0, 0, np.sqrt(0.5)),  # level: the sine of the sun's altitude
        (np.sqrt(0.5), np.sqrt(0.5), 1.0),  # rises to the south-east by 45 degrees: faces the sun
        (-np.sqrt(0.5), -np.sqrt(0.5), 0.0),  # the sun's light grazes it
        (-3, -3, 0.0),  # in the shade
        (1, 0, (0.5 + np.sqrt(0.5)) / np.sqrt(2)),  # rises to the east: faces west
    ],
)
def test_a_plane_has_the_light_of_its_normal(east: float, south: float, light: float) -> None:
    made = hillshade(plane(east, south), 10.0)
    assert made.shape == (5, 7)
    np.testing.assert_allclose(made, 255 * light, atol=1e-9)


def test_the_sun_may_stand_elsewhere() -> None:
    np.testing.assert_allclose(hillshade(plane(0, -1), 10.0, 180, 45), 255, atol=1e-9)


def test_a_gap_stays_one_and_its_neighbours_count_it_as_level() -> None:
    heights = plane(0, 0)
    heights[3, 4] = np.ma.masked
    made = hillshade(heights, 10.0)
    assert made.mask.sum() == 1
    assert made.mask[2, 3]
    np.testing.assert_allclose(made.compressed(), 255 * np.sqrt(0.5))
