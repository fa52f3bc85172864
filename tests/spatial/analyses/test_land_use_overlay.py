"""The overlay from layers to layer: parallel equals serial, and both equal geopandas."""

import geopandas as gpd
import pytest
from polygons import store, tessellation

from spatial.analyses import jobs
from spatial.analyses.runner import run
from spatial.asof import AsOf
from spatial.frame import read_frame
from spatial.grant import OWNER


def overlay(database, workers=1, asof=AsOf(), output=None, **inputs):  # noqa: B008
    job = jobs.submit(database, "land-use-overlay", inputs, asof, OWNER, output)
    run(database, job, workers=workers)
    done = jobs.wait(database, job, OWNER, 60)
    assert done.status == "successful", done.message
    document = done.document()
    return read_frame(database, document["outputs"]["layer"], AsOf(), OWNER), document


@pytest.fixture
def pair(database):
    left, right = tessellation(400, 1), tessellation(60, 2)
    right = right[right.number % 5 != 0]
    store(database, "parcels", left)
    store(database, "zones", right)
    return left, right


@pytest.mark.parametrize(
    "how", ["identity", "intersection", "union", "difference", "symmetric_difference"]
)
def test_like_geopandas(database, pair, how):
    left, right = pair
    ours, document = overlay(database, left="parcels", right="zones", how=how)
    theirs = gpd.overlay(left, right, how=how, keep_geom_type=True)
    assert ours.area.sum() == pytest.approx(theirs.area.sum(), rel=1e-9)
    assert ours["area_m2"].to_numpy() == pytest.approx(ours.area.to_numpy(), rel=1e-9)
    keys = (
        ["code", "number"] if how == "difference" else ["code_1", "number_1", "code_2", "number_2"]
    )
    one, two = (
        frame.assign(area=frame.area).fillna({key: "-" for key in keys if "code" in key}).fillna(-1)
        .groupby(keys)["area"].sum()
        for frame in (ours, theirs)
    )  # fmt: skip
    two = two[two > 1e-6]
    assert one[two.index].to_numpy() == pytest.approx(two.to_numpy(), rel=1e-9, abs=1e-6)
    assert document["certificate"]["holds"]
    assert document["summary"]["features"] == len(ours)
    assert sum(document["summary"]["area_m2"].values()) == pytest.approx(ours.area.sum())
