"""Statutory areas: the published sheets, the geodesic beside them, the database's own sums."""

import numpy as np
import pyproj
import pytest
import shapely
from conftest import fresh_city
from deciding import decide, output, put, squares
from psycopg import sql

import spatial.analyses.known  # noqa: F401
from spatial.database import Database
from spatial.errors import Invalid
from spatial.land_use import statutory_area
from spatial.land_use.areas import area_method, area_sql, measure
from spatial.land_use.closing import adjust, close


@pytest.mark.parametrize(
    ("cell", "published"),
    [
        ((120, 0, 121, 1), 12_308_463_893.569),
        ((120, 30, 121, 31), 10_642_393_438.712),
        ((120, 50, 121, 51), 7_892_218_858.036),
        ((120, 30, 120 + 3.75 / 60, 30 + 2.5 / 60), 27_847_757.0265),
    ],
)
def test_published_cells_of_the_ellipsoid(cell, published):
    for crs in (4490, "EPSG:4490", pyproj.CRS(4490)):
        assert statutory_area([shapely.box(*cell)], crs) == pytest.approx(published, rel=1e-10)


def test_parts_add_up_holes_are_subtracted_and_nothing_is_nothing():
    outer, hole = shapely.box(120, 30, 120.2, 30.2), shapely.box(120.1, 30.1, 120.15, 30.15)
    other = shapely.box(121, 31, 121.1, 31.1)
    with_hole = shapely.Polygon(outer.exterior, [hole.exterior])
    several = shapely.MultiPolygon([with_hole, other])
    a, b, c, d, e, f, g = statutory_area(
        [outer, hole, other, with_hole, several, None, shapely.Polygon()], 4490
    )
    assert d == pytest.approx(a - b, rel=1e-13)
    assert e == pytest.approx(a - b + c, rel=1e-13)
    assert np.isnan(f)
    assert g == 0


def test_direction_start_meridian_and_antimeridian_do_not_matter():
    corners = np.array([(10, 45), (10.1, 45), (10.2, 45.1), (10.05, 45.2), (10, 45.1)])
    turned = np.roll(corners[::-1], 2, axis=0)
    moved = np.column_stack([(corners[:, 0] + 349.9) % 360 - 180, corners[:, 1]])
    one, two, three = statutory_area([shapely.Polygon(c) for c in (corners, turned, moved)], 4490)
    assert np.ptp(moved[:, 0]) > 300
    assert two == pytest.approx(one, rel=1e-13)
    assert three == pytest.approx(one, rel=1e-11)


def test_small_parcels_keep_their_digits_and_are_near_the_geodesic_area():
    zone = squares((0, 0, 20, 30), (500, 500, 501, 501))
    assert statutory_area(zone.geometry, 4549) == pytest.approx(
        measure(zone.geometry.to_numpy(), 4549, "geodesic"), rel=2e-7
    )


@pytest.mark.parametrize("shape", [shapely.Point(0, 0), shapely.LineString([(0, 0), (1, 1)])])
def test_only_polygons_have_one(shape):
    with pytest.raises(Invalid, match="only polygons"):
        statutory_area([shape], 4490)


def test_metres_taken_for_degrees_are_refused():
    with pytest.raises(Invalid, match="outside"):
        statutory_area([shapely.box(528_000, 3_486_000, 528_100, 3_486_100)], 4490)


def test_the_method_of_a_layer():
    assert area_method(None, 4549) == area_method(None, 4326) == "statutory"
    assert area_method(None, 28992) == "planar"
    assert area_method(None, 4289) == "geodesic"
    with pytest.raises(Invalid, match="in degrees"):
        area_method("planar", 4490)
    with pytest.raises(Invalid, match="choose another area"):
        area_method("statutory", 28992)


def test_figures_close_on_their_rounded_total_by_the_least_move():
    closed = close(np.array([1.4, 1.4, 1.4, 0.0, 1.4]), 0)
    assert closed.values.tolist() == [2, 2, 1, 0, 1]  # Σ 5.6 rounds to 6, of parts that sum to 4
    assert closed.adjusted.tolist() == [0, 1]
    assert close(np.array([0.5, 0.5]), 0).values.tolist() == [0, 1]
    assert close(np.array([0.125, 0.375]), 2).total == 0.5
    with pytest.raises(Invalid, match="more than rounding"):
        close(np.array([1.0]), 0, 5.0)


def test_an_adjustment_is_in_proportion():
    assert adjust(np.array([100.0, 300.0]), 404.0).tolist() == [101.0, 303.0]
    with pytest.raises(Invalid, match="no area"):
        adjust(np.zeros(2), 1.0)


@pytest.fixture(scope="module")
def city(cluster):
    with fresh_city(cluster) as conninfo:
        database = Database(conninfo)
        put(
            database, "fields",
            squares((0, 0, 100, 100), (100, 0, 200, 300), village=["A", "B"], kcxs=[0.1, None]),
        )  # fmt: skip
        yield database
        database.close()


@pytest.mark.parametrize("srid", [4549, 4490, 32650])
@pytest.mark.parametrize("method", ["planar", "geodesic", "statutory"])
def test_the_database_measures_alike(city, srid, method):
    if method == "planar" and srid == 4490:
        return
    frame = squares((0, 0, 100, 100), (-9e4, 0, -8e4, 300)).to_crs(srid)
    shapes = frame.geometry.to_numpy()
    place = sql.SQL("ST_GeomFromWKB(w, {})").format(srid)
    query = sql.SQL("SELECT {} FROM unnest(%s::bytea[]) w").format(area_sql(srid, method, place))
    with city.begin() as tx:
        found = [row[0] for row in tx.pg.execute(query, [list(shapely.to_wkb(shapes))])]
    assert measure(shapes, srid, method) == pytest.approx(found, rel=1e-10)


def test_parcels_are_adjusted_and_their_ridges_deducted(city):
    document = decide(
        city, "statutory-area", parcels="fields", ridges="kcxs", control_by="village",
        control={"A": 10_100.0, "B": 30_300.0},
    )  # fmt: skip
    made = output(city, document)
    assert made["adjusted_m2"].tolist() == pytest.approx([10_100, 30_300], rel=1e-12)
    assert made["ridge_m2"].tolist() == pytest.approx([1_010, 0], rel=1e-12)
    assert made["net_m2"].tolist() == pytest.approx([9_090, 30_300], rel=1e-12)
    assert made["planar_m2"].tolist() == pytest.approx([10_000, 30_000])
    assert document["certificate"]["holds"]
    assert document["summary"]["area"] == "statutory"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"control": {"A": 1.0}}, "by control_by which column"),
        ({"control": {"A": 1.0}, "control_by": "village"}, "'B' has no controlled total"),
        ({"control": {"A": 1, "B": 1, "C": 1}, "control_by": "village"}, "'C' has no parcels"),
        ({"ridges": "village2"}, "no column village2"),
    ],
)
def test_what_does_not_fit_is_refused(city, given, reason):
    with pytest.raises(AssertionError, match=reason):
        decide(city, "statutory-area", parcels="fields", **given)
