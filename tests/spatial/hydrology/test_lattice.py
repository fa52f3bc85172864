"""Where cells lie and how large they are: published areas, geodesics, points and corners."""

import numpy as np
import pyproj
import pytest
from rasterio.transform import from_origin

from spatial.errors import Invalid
from spatial.hydrology.lattice import Lattice

# cells of one degree on the ellipsoid of CGCS2000, from latitude 50, 30 and 0
STATUTORY = {50: 7_892_218_858.036, 30: 10_642_393_438.712, 0: 12_308_463_893.569}


def test_areas_in_degrees_are_statutory():
    lattice = Lattice(from_origin(120, 51, 1, 1), (51, 2), 4490)
    for latitude, area in STATUTORY.items():
        assert lattice.area[50 - latitude] == pytest.approx(area, rel=1e-12)


def test_sizes_in_degrees_are_geodesics():
    step = 1 / 3600
    lattice = Lattice(from_origin(120, 31.5, step, step), (3, 3), 4490)
    geod = pyproj.Geod(ellps="GRS80")
    middle = 31.5 - 1.5 * step
    _, _, across = geod.inv(120, middle, 120 + step, middle)
    _, _, along = geod.inv(120, middle - step / 2, 120, middle + step / 2)
    assert lattice.dx[1] == pytest.approx(across, rel=1e-6)
    assert lattice.dy[1] == pytest.approx(along, rel=1e-6)


def test_feet_are_counted_in_metres():
    lattice = Lattice(from_origin(0, 0, 10, 10), (2, 2), 2263)  # US survey feet
    np.testing.assert_allclose(lattice.area, (10 * 1200 / 3937) ** 2)


def test_web_mercator_is_refused(tmp_path):
    with pytest.raises(Invalid, match="web mercator"):
        Lattice.of(tmp_path / "none.tif", 3857)


def test_points_mean_cells():
    lattice = Lattice(from_origin(100, 50, 10, 10), (5, 6), 4549)
    assert lattice.cell(100, 50) == (0, 0)
    assert lattice.cell(119.9, 30.1) == (1, 1)
    assert lattice.cell(119.9, 30.1, "corner") == (2, 2)
    np.testing.assert_allclose(lattice.centres(1, 1), (115, 35))
    for x, y in ((99.9, 40), (160, 40), (110, 50.1), (110, 0)):
        with pytest.raises(Invalid, match="outside the raster"):
            lattice.cell(x, y)
