"""GCJ-02 and BD-09 against published values, their own inverse, and real boundaries."""

import numpy as np
import pytest
import shapely

from datasets import offsets
from datasets.vector import open_source

# the values that the library coordtransform documents for 116.404, 39.915
HERE = (np.array([116.404]), np.array([39.915]))


def flat(pair):
    return [float(value[0]) for value in pair]


def test_published_values():
    assert flat(offsets.to_gcj02(*HERE)) == pytest.approx([116.41024449916938, 39.91640428150164])
    assert flat(offsets._gcj02_to_bd09(*HERE)) == pytest.approx(
        [116.41036949371029, 39.92133699351021]
    )


@pytest.mark.parametrize("name", ["gcj02", "bd09"])
def test_back_and_forth_is_within_a_millimetre(name):
    generator = np.random.default_rng(1)
    lon, lat = generator.uniform(74, 134, 10_000), generator.uniform(19, 53, 10_000)
    there = offsets.FROM[name](*offsets.TO[name](lon, lat))
    metres = np.hypot((there[0] - lon) * np.cos(np.radians(lat)), there[1] - lat) * 111_320
    assert metres.max() < 1e-3


def test_outside_of_china_nothing_moves():
    assert flat(offsets.to_gcj02(np.array([2.35]), np.array([48.85]))) == [2.35, 48.85]


def test_real_boundaries_come_back_to_where_they_are(shared_data):
    """The same district as map services shift it, and as its packager moved it back."""
    shifted = shared_data / "china" / "cnmaps_amap" / "320211.geojson"
    (layer,) = open_source(shifted, crs="gcj02")
    geom = shapely.union_all(
        [shapely.from_wkb(b.table["geom"].to_numpy(zero_copy_only=False)) for b in layer.batches()]
    )
    true = shared_data / "china" / "admin_jiangsu_amap.gpkg"
    (districts,) = open_source(true, layer="district")
    found = shapely.from_wkb(
        np.concatenate([b.table["geom"].to_numpy() for b in districts.batches()])
    )
    best = found[np.argmin(shapely.distance(shapely.centroid(found), geom.centroid))]
    overlap = best.intersection(geom).area / best.union(geom).area
    assert overlap > 0.99
    assert layer.notes == ("moved from gcj02 to WGS 84",)
    assert layer.storage.srid == 4326
