"""Every feature is in exactly one part, however its layer is spread."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from polygons import CRS, ORIGIN, store

from spatial.asof import AsOf
from spatial.grant import OWNER
from spatial.partition import partition
from spatial.query import reading


def layer(corners):
    corners = np.asarray(corners, dtype=float) + ORIGIN
    return gpd.GeoDataFrame(
        {"number": np.arange(len(corners))},
        geometry=shapely.box(*corners.T, *(corners + 1).T),
        crs=CRS,
    )


def spread(kind, count=3_000):
    rng = np.random.default_rng(5)
    if kind == "evenly":
        return rng.uniform(0, 10_000, (count, 2))
    if kind == "on a lattice":
        return rng.integers(0, 65, (count, 2)) * 100.0
    if kind == "in one crowd":
        return np.concatenate([rng.uniform(0, 1, (count - 2, 2)), [[0, 0], [90_000, 90_000]]])
    if kind == "in a line":
        return np.stack([rng.uniform(0, 10_000, count), np.zeros(count)], axis=1)
    return np.zeros((count, 2))


@pytest.mark.parametrize(
    "kind", ["evenly", "on a lattice", "in one crowd", "in a line", "at one point"]
)
def test_parts_share_out_the_features(database, kind):
    store(database, "squares", layer(spread(kind)))
    with reading(database, "squares", AsOf(), OWNER) as (pg, view):
        parts = partition(pg, view, 200)
        sizes = [pg.execute(part.of(view).count()).fetchone()[0] for part in parts]
    assert sum(sizes) == 3_000
    assert min(sizes) > 0
    if kind == "at one point":
        assert len(parts) == 1
    else:
        assert max(sizes) <= 200
        assert len(parts) < 2.5 * 3_000 / 200


def test_where_there_is_nothing_there_are_no_parts(database):
    store(database, "squares", layer(np.zeros((1, 2))))
    with reading(database, "squares", AsOf(), OWNER) as (pg, view):
        assert partition(pg, view.within((0, 0, 1, 1), CRS)) == []
