"""Faults of coverages: made by hand, counted by hand; and none in what has none."""

import numpy as np
import pytest
import shapely
from polygons import store, tessellation

from spatial.analyses import jobs
from spatial.analyses.runner import run
from spatial.asof import AsOf
from spatial.errors import Invalid
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.land_use.coverage import faults


def found(*shapes, **options):
    result = faults(np.arange(1, len(shapes) + 1), np.array(shapes, object), **options)
    assert result.certificate.holds, result.certificate
    area = shapely.area(result.geometry)
    return {
        (str(kind), int(one), int(two), round(float(size), 6))
        for kind, one, two, size in zip(
            result.kind, result.fid, result.other_fid, area, strict=True
        )
    }


def test_neighbours_are_no_fault():
    assert not found(shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10))


def test_an_overlap():
    assert found(shapely.box(0, 0, 10, 10), shapely.box(9, 0, 20, 10)) == {("overlap", 1, 2, 10)}


def test_a_duplicate_is_told_once_and_is_no_overlap():
    square = shapely.box(0, 0, 10, 10)
    turned = shapely.Polygon([(10, 10), (0, 10), (0, 0), (10, 0)])
    assert found(square, turned) == {("duplicate", 2, 1, 100)}


def test_a_gap_is_what_is_enclosed():
    ring = shapely.box(0, 0, 10, 10).difference(shapely.box(4, 4, 6, 6))
    assert found(ring) == {("gap", -1, -1, 4)}
    assert not found(ring, shapely.box(4, 4, 6, 6))
    assert not found(ring, least=4)


def test_a_sliver_by_its_width():
    strip = shapely.box(0, 0, 100, 0.05)  # mean width 2 * 5 / 200.1
    assert found(strip, sliver=0.1) == {("sliver", 1, -1, 5)}
    assert not found(strip, sliver=0.04)


def test_three_over_each_other_balance():
    assert len(found(*(shapely.box(x, 0, x + 10, 10) for x in (0, 1, 2)))) == 3


def test_lines_are_refused():
    with pytest.raises(Invalid):
        found(shapely.LineString([(0, 0), (1, 1)]))


def test_a_tessellation_has_none_until_it_is_moved(database):
    cells = tessellation(300, 5)
    moved = cells.copy()
    at = moved.geometry.bounds.minx.argmax() // 2
    moved.loc[at, "geometry"] = shapely.transform(moved.geometry[at], lambda xy: xy + 0.5)
    store(database, "whole", cells)
    store(database, "moved", moved)
    for name in ("whole", "moved"):
        job = jobs.submit(database, "coverage-check", {"layer": name, "least": 1e-3}, AsOf(), OWNER)
        run(database, job, workers=1)
        done = jobs.wait(database, job, OWNER, 60)
        assert done.status == "successful", done.message
        document = done.document()
        assert document["certificate"]["holds"]
        faulty = read_frame(database, document["outputs"]["layer"], AsOf(), OWNER)
        if name == "whole":
            assert faulty.empty
        else:
            told = faulty[faulty.kind == "overlap"]
            assert len(told) > 1
            assert ((told.fid_a == at + 1) | (told.fid_b == at + 1)).all()
            assert faulty.area_m2.sum() == pytest.approx(faulty.area.sum())
