"""A file becomes layers in one transaction, or nothing does."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pytest
import shapely

from datasets.load import LoadReport, load
from spatial.asof import as_of
from spatial.errors import Conflict, NotFound, Rejected
from spatial.frame import read_frame
from spatial.grant import OWNER

SQUARE = shapely.box(528_000, 3_486_000, 528_010, 3_486_010)
BOWTIE = shapely.from_wkt("POLYGON ((528000 0, 528002 2, 528002 0, 528000 2, 528000 0))")


def plots(**columns):
    x = 528_000 + 20.0 * np.arange(len(next(iter(columns.values()))))
    squares = shapely.box(x, 3_486_000, x + 10, 3_486_010)
    return gpd.GeoDataFrame(columns, geometry=squares, crs=4549)


def take(database, path, **options):
    return load(database, path, author="surveyor", rejects_dir=path.parent / "rejects", **options)


def read(database, name, at=None):
    return read_frame(database, name, as_of(at), OWNER)


def test_a_file_is_loaded_repaired_and_accounted_for(database, tmp_path):
    frame = plots(code=["a", "b", "c", "d"], height=[1.5, None, 2.5, 3.5])
    frame.geometry = [SQUARE, BOWTIE, None, shapely.MultiPolygon([SQUARE])]
    frame.to_file(tmp_path / "plots.gpkg")
    (report,) = take(database, tmp_path / "plots.gpkg")
    rejects = tmp_path / "rejects" / "plots.rejects.geojson"
    assert report == LoadReport(
        "plots", 4, 3, 1, 1, rejects, 4549, False, ("make_valid/structure: 1",)
    )
    kept = read(database, "plots")
    assert kept["code"].tolist() == ["a", "b", "d"]
    assert kept.geometry.is_valid.all()
    assert kept.crs.to_epsg() == 4549
    assert gpd.read_file(rejects)["_reason"].tolist() == ["no geometry"]


def test_every_layer_or_none(database, tmp_path):
    path = tmp_path / "city.gpkg"
    plots(code=["a"]).to_file(path, layer="first")
    plots(code=["b"]).to_file(path, layer="second")
    assert [report.layer for report in take(database, path, layer="second")] == ["second"]
    with pytest.raises(Conflict, match="second"):
        take(database, path)
    with pytest.raises(NotFound):
        read(database, "first")
    assert not (tmp_path / "rejects").exists()


def test_a_file_that_breaks_off_leaves_nothing(database, tmp_path):
    path = tmp_path / "plots.gpkg"
    plots(value=np.arange(40_000)).to_file(path, SPATIAL_INDEX="NO")
    damaged = bytearray(path.read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 90_000] = b"x" * 90_000
    path.write_bytes(damaged)
    with pytest.raises(Rejected, match=r"plots\.gpkg"):
        take(database, path)
    with pytest.raises(NotFound):
        read(database, "plots")


def test_rows_of_one_key_are_states_of_one_feature(database, tmp_path):
    frame = plots(
        parcel=["p1", "p1", "p2", None],
        use=["耕地", "住宅", "林地", "?"],
        since=[2000, 2015, 2010, 2010],
        until=[2014, None, None, None],
    )
    path = tmp_path / "plots.gpkg"
    frame.to_file(path)
    (report,) = take(database, path, key="parcel", valid_from="since", valid_to="until")
    assert (report.loaded, report.rejected) == (3, 1)
    then, now = read(database, "plots", "2012"), read(database, "plots", "2020")
    assert dict(zip(then.fid, then.use, strict=True)) == {1: "耕地", 2: "林地"}
    assert dict(zip(now.fid, now.use, strict=True)) == {1: "住宅", 2: "林地"}
    assert read(database, "plots", "2005").use.tolist() == ["耕地"]


def test_overlapping_states_are_a_conflict(database, tmp_path):
    plots(parcel=["p1", "p1"]).to_file(tmp_path / "plots.gpkg")
    with pytest.raises(Conflict):
        take(database, tmp_path / "plots.gpkg", key="parcel")


def test_an_unknown_key_is_refused_before_anything_is_made(database, tmp_path):
    plots(parcel=["p1"]).to_file(tmp_path / "plots.gpkg")
    with pytest.raises(Rejected, match="no field 'owner' to be its key: it has fid, parcel"):
        take(database, tmp_path / "plots.gpkg", key="owner")


def test_every_type_arrives(database, tmp_path):
    moment = dt.datetime(2020, 1, 2, 8, tzinfo=dt.UTC)
    frame = gpd.GeoDataFrame(
        {
            "flag": [True],
            "small": np.array([1], "int16"),
            "big": [2**40],
            "real": [0.5],
            "day": [dt.date(2020, 1, 2)],
            "moment": [moment],
            "名称": ["太湖"],
            "tags": [["a", "b"]],
        },
        geometry=[shapely.Point(120, 31, 4.5)],
        crs=4490,
    )
    frame.to_parquet(tmp_path / "lamps.parquet")
    take(database, tmp_path / "lamps.parquet")
    (row,) = read(database, "lamps").to_dict("records")
    assert (row["flag"], row["small"], row["big"], row["real"]) == (True, 1, 2**40, 0.5)
    assert (row["名称"], row["tags"]) == ("太湖", '["a", "b"]')
    assert str(row["day"])[:10] == "2020-01-02"
    assert row["moment"] == moment
    assert shapely.get_z(read(database, "lamps").geometry[0]) == 4.5


def test_progress_is_told(database, tmp_path):
    plots(value=np.arange(40_000)).to_parquet(tmp_path / "plots.parquet")
    told = []
    take(database, tmp_path / "plots.parquet", progress=lambda *step: told.append(step))
    assert told == [("plots", n, 40_000) for n in (16_384, 32_768, 40_000)]


@pytest.mark.parametrize("name", ["roofs.gpkg", "roofs.geojson", "roofs.parquet"])
def test_heights_of_polygons_arrive(name, database, tmp_path):
    roof = shapely.force_3d(shapely.box(120, 31, 121, 32), 7.5)
    frame = gpd.GeoDataFrame(geometry=[roof, shapely.MultiPolygon([roof])], crs=4490)
    write = frame.to_parquet if name.endswith("parquet") else frame.to_file
    write(tmp_path / name)
    take(database, tmp_path / name)
    kept = read(database, "roofs").geometry
    assert {geom.geom_type for geom in kept} == {"MultiPolygon"}
    assert shapely.get_coordinates(kept, include_z=True)[:, 2].tolist() == [7.5] * 10
