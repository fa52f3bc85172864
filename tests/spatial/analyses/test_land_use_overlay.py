"""The overlay from layers to layer: parallel equals serial, and both equal geopandas."""

import geopandas as gpd
import pytest
from polygons import store, tessellation

from datasets.load import load
from spatial import bulk, catalogue
from spatial.analyses import jobs
from spatial.analyses.runner import run
from spatial.asof import AsOf, as_of
from spatial.edit import edit
from spatial.errors import NotFound
from spatial.frame import read_frame
from spatial.grant import OWNER, Access, Grant, Scope
from spatial.land_use import land_use_overlay
from spatial.layer import LayerSpec

HOWS = ["identity", "intersection", "union", "difference", "symmetric_difference"]
OURS = ["left_fid", "right_fid", "area_m2", "geometry"]


def overlay(database, workers=1, asof=AsOf(), grant=OWNER, output=None, **inputs):  # noqa: B008
    job = jobs.submit(database, "land-use-overlay", inputs, asof, grant, output)
    run(database, job, workers=workers)
    done = jobs.wait(database, job, grant, 60)
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


@pytest.mark.parametrize("how", HOWS)
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


def test_parallel_equals_serial(database, monkeypatch):
    left, right = tessellation(900, 3), tessellation(300, 4)
    left.geometry = left.buffer(3)
    store(database, "parcels", left)
    store(database, "zones", right[right.number % 7 != 0])
    serial, one = overlay(database, left="parcels", right="zones", how="union")
    monkeypatch.setattr(land_use_overlay, "FEATURES", 400)
    parallel, many = overlay(database, 2, left="parcels", right="zones", how="union")
    assert (one["summary"]["partitions"], many["summary"]["partitions"]) == (2, 8)
    plain = ["fid", "code_1", "number_1", "code_2", "number_2", "left_fid", "right_fid", "area_m2"]
    serial, parallel = (frame.sort_values("fid", ignore_index=True) for frame in (serial, parallel))
    assert serial[plain].equals(parallel[plain])
    assert (serial.geometry.to_wkb() == parallel.geometry.to_wkb()).all()
    first, second = one["certificate"], many["certificate"]
    assert first["left"] == pytest.approx(second["left"], rel=1e-12)
    assert first["balance"] == pytest.approx(second["balance"], rel=1e-9, abs=1e-6)


def test_columns_are_chosen_and_clashes_told_apart(database, pair):
    chosen, _ = overlay(database, left="parcels", right="zones", columns="code", output="first")
    assert list(chosen)[2:] == ["code_1", "code_2", *OURS]
    again, _ = overlay(database, left="first", right="zones", how="intersection")
    renamed = ["left_fid_1", "right_fid_1", "area_m2_1"]
    assert list(again)[2:] == ["code_1", "code_2", *renamed, "code", "number", *OURS]
    with pytest.raises(AssertionError, match="neither layer has a column colour"):
        overlay(database, left="parcels", right="zones", columns=["code", "colour"])


def test_the_layers_are_read_at_their_moment(database, pair):
    with database.begin() as tx:
        loaded = catalogue.find(tx.pg, "zones").last_recorded
    with edit(database, "zones", author="planner") as editor:
        for fid in range(1, 20):
            editor.correct_away(fid)
    past, document = overlay(database, asof=AsOf(known_at=loaded), left="parcels", right="zones")
    now, _ = overlay(database, left="parcels", right="zones")
    assert past["right_fid"].nunique() == now["right_fid"].nunique() + 19
    assert as_of(document["summary"]["as_of"]["known_at"]).valid_at == loaded


def test_another_crs_is_brought_into_the_left_one(database, pair):
    _, right = pair
    store(database, "zones_4549", right.to_crs(4549))
    store(database, "zones_degrees", right.to_crs(4490))
    same, _ = overlay(database, left="parcels", right="zones")
    for name in ("zones_4549", "zones_degrees"):
        moved, document = overlay(database, left="parcels", right=name)
        assert document["summary"]["reprojected"] == [name]
        assert document["summary"]["crs"].endswith("/4528")
        assert moved.area.sum() == pytest.approx(same.area.sum(), rel=1e-9)
        mine, theirs = (
            frame.groupby(["left_fid", "right_fid"])["area_m2"].sum() for frame in (moved, same)
        )
        theirs = theirs[theirs > 1]
        assert mine[theirs.index].to_numpy() == pytest.approx(theirs.to_numpy(), rel=1e-4, abs=1e-3)


def test_square_metres_where_coordinates_are_degrees(database, pair):
    left, _ = pair
    store(database, "parcels_degrees", left.to_crs(4490))
    planar, _ = overlay(database, left="parcels", right="zones")
    round_, document = overlay(database, left="parcels_degrees", right="zones")
    # Gauss-Krüger stretches areas by some 1e-5 so near to its central meridian.
    assert round_["area_m2"].sum() == pytest.approx(planar["area_m2"].sum(), rel=1e-4)
    assert document["certificate"]["unit"] == "degree²"


def test_only_polygons(database, pair):
    spec = LayerSpec("lamps", "Point", 4528, ())
    with database.begin() as tx, bulk.load(tx, spec, author="builder"):
        pass
    with pytest.raises(AssertionError, match="'lamps' holds Point, not Polygons"):
        overlay(database, left="parcels", right="lamps")


@pytest.mark.parametrize("how", HOWS)
def test_layers_that_do_not_meet_or_are_empty(database, pair, how):
    left, _ = pair
    store(database, "far", left.assign(geometry=left.translate(50_000)))
    with database.begin() as tx, bulk.load(tx, LayerSpec("none", "Polygon", 4528, ()), author="a"):
        pass
    for one, other in (("parcels", "far"), ("parcels", "none"), ("none", "parcels")):
        made, document = overlay(database, left=one, right=other, how=how)
        alone = {"identity": 1, "difference": 1, "intersection": 0}.get(how, 2)
        expected = len(left) * sum(name != "none" for name in (one, other)[:alone])
        assert len(made) == document["summary"]["features"] == expected
        assert document["certificate"]["holds"]


def test_what_the_grant_may_not_see_is_not_overlaid(database, pair):
    left, _ = pair
    store(database, "secret", left, access="restricted", area_field="code")
    ward = Grant("ward", Scope.WRITE, frozenset(Access), areas=("c1",), authenticated=True)
    everyone = Grant("clerk", Scope.WRITE, authenticated=True)
    made, _ = overlay(database, grant=ward, left="secret", right="zones", output="seen")
    assert set(made["code_1"]) == {"c1"}
    assert made["left_fid"].nunique() == (left["code"] == "c1").sum()
    with database.begin() as tx:
        layer = catalogue.find_visible(tx.pg, "seen", ward)
        assert (layer.access, layer.area) == ("restricted", "c1")
    with pytest.raises(NotFound, match="no layer 'secret'"):
        overlay(database, grant=everyone, left="zones", right="secret")


def by_class(frame, *keys):
    areas = frame.assign(area=frame.area).groupby(list(keys))["area"].sum()
    return areas[areas > 0]


def take(database, path, name, rejects):
    (report,) = load(
        database, path, author="surveyor", rejects_dir=rejects, layer=name, access="public"
    )
    return report.layer


def test_xinwu_land_use_by_grid_is_what_geopandas_says(database, shared_data, tmp_path):
    xinwu = shared_data / "china/xinwu_wuxi"
    land = take(database, xinwu / "xinwu_land_use.gpkg", "land_use", tmp_path)
    grid = take(database, xinwu / "xinwu_grid_250m.gpkg", "grid_250m", tmp_path)
    ours, document = overlay(database, left=land, right=grid, how="intersection")
    theirs = gpd.overlay(
        gpd.read_file(xinwu / "xinwu_land_use.gpkg"),
        gpd.read_file(xinwu / "xinwu_grid_250m.gpkg"),
        how="intersection",
    )
    ours = ours.rename(columns={"class": "Class"})
    one, two = (by_class(frame, "Class", "row_raw", "col_raw") for frame in (ours, theirs))
    assert ours.crs == theirs.crs == 32650
    assert len(two) > 3000
    assert one[two.index].to_numpy() == pytest.approx(two.to_numpy(), rel=1e-9, abs=1e-6)
    assert one.sum() == pytest.approx(two.sum(), rel=1e-9)
    assert document["certificate"]["holds"]


def test_kampen_buildings_by_land_use_are_what_geopandas_says(database, shared_data, tmp_path):
    kampen = shared_data / "landuse/kampen_nl"
    buildings = take(database, kampen / "kampen_osm_rd.gpkg", "buildings", tmp_path)
    land = take(database, kampen / "landuse.gpkg", None, tmp_path)
    ours, document = overlay(database, left=buildings, right=land, how="intersection")
    theirs = gpd.overlay(
        gpd.read_file(kampen / "kampen_osm_rd.gpkg", layer="buildings"),
        gpd.read_file(kampen / "landuse.gpkg"),
        how="intersection",
    )
    one, two = (by_class(frame, "landuse") for frame in (ours, theirs))
    assert one[two.index].to_numpy() == pytest.approx(two.to_numpy(), rel=1e-9)
    assert document["certificate"]["holds"]
    assert document["summary"]["area_m2"]["shared"] == pytest.approx(two.sum(), rel=1e-9)


def test_selected_features_are_cut_alone(database, pair):
    left, _ = pair
    ours, document = overlay(
        database,
        workers=2,
        left={"layer": "parcels", "filter": "code = 'c1'"},
        right="zones?filter=number < 30",
        how="identity",
    )
    assert set(ours["code_1"]) == {"c1"}
    assert ours["number_2"].max() < 30
    assert ours["area_m2"].sum() == pytest.approx(left[left.code == "c1"].area.sum(), rel=1e-9)
    assert document["certificate"]["holds"]
