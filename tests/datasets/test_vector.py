"""Files of every format become the same valid batches, whatever is wrong with their rows."""

import datetime as dt
import json
import math
import struct
import zipfile
from contextlib import suppress
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyogrio
import pyproj
import pytest
import shapely

from datasets.ahead import ahead
from datasets.formats.raw import RawLayer
from datasets.vector import open_source
from spatial.errors import Invalid, Rejected

SQUARE = shapely.box(528_000, 3_486_000, 528_010, 3_486_010)
FORMATS = ["plots.gpkg", "plots.shp", "plots.geojson", "plots.parquet", "plots.fgb"]


def plots(crs="EPSG:4549"):
    return gpd.GeoDataFrame(
        {
            "地类": ["耕地", "林地", None],
            "height": [1.5, 2.5, None],
            "floors": [1, 2, 3],
            "surveyed": [dt.date(2020, 1, 2)] * 3,
        },
        geometry=[SQUARE, shapely.MultiPolygon([SQUARE]), SQUARE.centroid.buffer(1, 2)],
        crs=crs,
    )


def write(frame, path):
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path, engine="pyogrio", encoding="UTF-8")
    return path


def collect(layer, **options):
    batches = list(layer.batches(**options))
    table = pa.concat_tables([batch.table for batch in batches])
    return table, [rejection for batch in batches for rejection in batch.rejected]


def geojson(path, *geometries, crs=None):
    features = [
        {"type": "Feature", "properties": {"k": n}, "geometry": geometry}
        for n, geometry in enumerate(geometries)
    ]
    body = {"type": "FeatureCollection", "features": features}
    if crs:
        body["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(body))
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_rows(name, tmp_path):
    (layer,) = open_source(write(plots(), tmp_path / name))
    assert (layer.name, layer.geometry_type, layer.has_z) == ("plots", "MultiPolygon", False)
    assert (layer.storage.srid, layer.storage.moves, layer.count) == (4549, False, 3)
    table, rejected = collect(layer)
    assert not rejected
    assert table.column("地类").to_pylist() == ["耕地", "林地", None]
    assert table.column("height").to_pylist() == [1.5, 2.5, None]
    assert table.column("floors").to_pylist() == [1, 2, 3]
    assert {str(value) for value in table.column("surveyed").to_pylist()} >= {"2020-01-02"}
    geoms = shapely.from_wkb(table.column("geom").to_pylist())
    assert {geom.geom_type for geom in geoms} == {"MultiPolygon"}
    assert set(shapely.get_srid(geoms)) == {4549}
    assert shapely.equals(geoms, plots().geometry.values).all()


def test_a_zipped_shapefile_is_read_in_place(tmp_path):
    write(plots(), tmp_path / "plots.shp")
    archive = tmp_path / "plots.zip"
    with zipfile.ZipFile(archive, "w") as into:
        for part in tmp_path.glob("plots.*"):
            if part != archive:
                into.write(part, f"市/{part.name}")
    (layer,) = open_source(archive)
    assert collect(layer)[0].num_rows == 3


def test_every_layer_of_a_geopackage_and_the_one_named(tmp_path):
    path = tmp_path / "city.gpkg"
    plots().to_file(path, layer="plots")
    plots().set_geometry(plots().centroid).to_file(path, layer="Bus Stops")
    assert [layer.name for layer in open_source(path)] == ["plots", "bus_stops"]
    for name in ("Bus Stops", "bus_stops"):
        (layer,) = open_source(path, layer=name)
        assert (layer.title, layer.geometry_type) == ("Bus Stops", "Point")
    with pytest.raises(Rejected, match="no layer 'roads': it has plots, Bus Stops"):
        open_source(path, layer="roads")


def test_the_only_layer_takes_the_name_given(tmp_path):
    (layer,) = open_source(write(plots(), tmp_path / "plots.gpkg"), layer="新区地块")
    assert (layer.name, layer.title) == ("新区地块", "新区地块")
    assert collect(layer)[0].num_rows == 3


def test_the_sources_own_id_stays_an_attribute(tmp_path):
    (layer,) = open_source(write(plots(), tmp_path / "plots.gpkg"))
    assert (layer.fields[0].name, layer.fields[0].title) == ("fid_", "fid")
    assert collect(layer)[0].column("fid_").to_pylist() == [1, 2, 3]


def test_without_a_crs_it_says_what_to_do(tmp_path):
    path = write(plots(), tmp_path / "plots.shp")
    path.with_suffix(".prj").unlink()
    with pytest.raises(Rejected, match="--crs EPSG:4549"):
        open_source(path)
    (layer,) = open_source(path, crs="EPSG:4528")
    assert layer.storage.srid == 4528
    with pytest.raises(Invalid, match="'Wuxi 80' is not a coordinate reference system"):
        open_source(path, crs="Wuxi 80")


def test_an_esri_gauss_krueger_finds_its_epsg_code(tmp_path):
    path = write(plots(), tmp_path / "plots.shp")
    path.with_suffix(".prj").write_text(pyproj.CRS(4549).to_wkt("WKT1_ESRI"))
    (layer,) = open_source(path)
    assert (layer.storage.srid, layer.storage.moves) == (4549, False)


def test_a_local_projection_is_kept_in_its_own_datum(tmp_path):
    local = pyproj.CRS(4549).to_wkt("WKT1_ESRI").replace("120.0", "120.5")
    path = write(plots(), tmp_path / "plots.shp")
    path.with_suffix(".prj").write_text(local)
    (layer,) = open_source(path)
    assert (layer.storage.srid, layer.storage.moves) == (4490, True)
    geom = shapely.from_wkb(collect(layer)[0].column("geom")[0].as_py())
    expected = gpd.GeoSeries([SQUARE], crs=pyproj.CRS(local)).to_crs(4490)[0]
    assert shapely.get_srid(geom) == 4490
    assert geom.symmetric_difference(expected).area < 1e-15


BAD_ROWS = [
    ("null", "no geometry"),
    ('{"type": "Polygon", "coordinates": []}', "the geometry is empty"),
    (
        '{"type": "Polygon", "coordinates": [[[120, 31], [121, 31], [120, 31]]]}',
        "Too few points in geometry component at 120 31",
    ),
    (
        '{"type": "Polygon", "coordinates": [[[31, 120], [32, 120], [32, 121], [31, 120]]]}',
        "a latitude of 121 is no place in WGS 84: are x and y swapped?",
    ),
]


@pytest.mark.parametrize(("geometry", "reason"), BAD_ROWS)
def test_bad_rows_are_rejected_and_the_others_stay(geometry, reason, tmp_path):
    good = shapely.geometry.mapping(shapely.box(120, 31, 121, 32))
    path = geojson(tmp_path / "rows.geojson", json.loads(geometry), good)
    table, rejected = collect(open_source(path)[0])
    assert table.column("k").to_pylist() == [1]
    assert [(rejection.row, rejection.reason) for rejection in rejected] == [(1, reason)]
    assert rejected[0].attributes == {"k": 0}


def test_a_row_of_another_type_than_declared_is_rejected(tmp_path):
    frame = gpd.GeoDataFrame({"k": [0, 1]}, geometry=[SQUARE.centroid, SQUARE], crs=4549)
    frame.to_parquet(tmp_path / "rows.parquet", geometry_encoding="WKB")
    (layer,) = open_source(tmp_path / "rows.parquet")
    table, rejected = collect(replace(layer, geometry_type="MultiPolygon"))
    assert table.column("k").to_pylist() == [1]
    assert rejected[0].reason == "a Point in a layer of MultiPolygon"


def test_curves_become_lines_one_by_one(tmp_path):
    arc = struct.pack("<BII6d", 1, 8, 3, 119, 31, 120, 32, 121, 31)  # half a circle
    cut = arc[:30]
    table = pa.table({"geometry": pa.array([arc, cut], pa.binary())})
    layer = replace(
        open_source(geojson(tmp_path / "a.geojson", {"type": "Point", "coordinates": [0, 0]}))[0],
        geometry_type="MultiLineString",
        fields=(),
        raw=RawLayer("a", None, None, (), 2, lambda: iter(table.to_batches())),
    )
    (batch,) = layer.batches()
    (line,) = shapely.from_wkb(batch.table["geom"].to_pylist())
    assert line.length == pytest.approx(math.pi, rel=1e-4)
    assert shapely.distance(line, shapely.Point(120, 32)) == pytest.approx(0, abs=1e-12)
    assert batch.methods == {"curves made lines, in steps of 1°": 1}
    assert "cannot be decoded" in batch.rejected[0].reason


def test_undeclared_types_are_looked_up(tmp_path):
    path = tmp_path / "mixed.gpkg"
    polygons = gpd.GeoDataFrame(geometry=[SQUARE, shapely.MultiPolygon([SQUARE])], crs=4549)
    pyogrio.write_dataframe(polygons, path, layer="areas", geometry_type="Unknown")
    both = gpd.GeoDataFrame(geometry=[SQUARE, SQUARE.centroid], crs=4549)
    pyogrio.write_dataframe(both, path, layer="both", geometry_type="Unknown", append=True)
    areas, mixed = open_source(path)
    assert (areas.geometry_type, mixed.geometry_type) == ("MultiPolygon", "Geometry")
    geoms = shapely.from_wkb(collect(mixed)[0].column("geom").to_pylist())
    assert [geom.geom_type for geom in geoms] == ["Polygon", "Point"]


def test_heights_stay_and_a_missing_one_is_zero(tmp_path):
    path = geojson(
        tmp_path / "lamps.geojson",
        {"type": "Point", "coordinates": [120, 31, 5.5]},
        {"type": "Point", "coordinates": [120, 31]},
    )
    (layer,) = open_source(path)
    assert (layer.has_z, layer.storage.srid) == (True, 4326)
    geoms = shapely.from_wkb(collect(layer)[0].column("geom").to_pylist())
    assert shapely.get_z(geoms).tolist() == [5.5, 0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.gpkg", None, "there is no file 'none.gpkg'"),
        ("a.docx", b"x", "not of a known vector format"),
        ("a.gpkg", b"not a database", "'a.gpkg' cannot be read"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [', "'a.geojson' cannot be read"),
        ("a.zip", b"PK", "'a.zip' cannot be read: File is not a zip file"),
        ("a.parquet", b"PAR1", "'a.parquet' cannot be read"),
        ("a.geojson", '{"市": 1}'.encode("gbk"), "a.geojson"),
    ],
)
def test_damaged_files_are_refused_without_a_path(name, content, message, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(Rejected, match=message) as refused:
        open_source(tmp_path / name)
    assert str(tmp_path) not in str(refused.value)


def test_plain_parquet_is_refused(tmp_path):
    pa.parquet.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    with pytest.raises(Rejected, match="without GeoParquet's metadata"):
        open_source(tmp_path / "a.parquet")


def test_real_layers_come_whole(shared_data):
    xinwu = shared_data / "china" / "xinwu_wuxi"
    for name, kind in (
        ("xinwu_land_use", "MultiPolygon"),
        ("xinwu_road_centerlines", "MultiLineString"),
        ("xinwu_water_osm", "MultiPolygon"),
    ):
        path = xinwu / f"{name}.gpkg"
        (layer,) = open_source(path)
        assert (layer.geometry_type, layer.storage.srid) == (kind, 32650)
        table, rejected = collect(layer)
        frame = gpd.read_file(path)
        assert (table.num_rows, len(rejected)) == (len(frame), 0)
        area = shapely.area(shapely.from_wkb(table.column("geom").to_pylist())).sum()
        assert area == pytest.approx(frame.area.sum(), rel=1e-9)


def test_kampens_five_invalid_buildings(shared_data):
    path = shared_data / "landuse" / "kampen_nl" / "kampen_osm_rd.gpkg"
    (layer,) = open_source(path, layer="buildings")
    batches = list(layer.batches())
    assert sum(batch.table.num_rows for batch in batches) == 29_673 - 3
    assert sum(batch.repaired for batch in batches) == 2
    reasons = [rejection.reason for batch in batches for rejection in batch.rejected]
    assert len(reasons) == 3
    assert all(reason.startswith("Too few points") for reason in reasons)
    geoms = shapely.from_wkb(pa.concat_tables([b.table for b in batches])["geom"].to_numpy())
    assert shapely.is_valid(geoms).all()


def test_hostile_geojson_is_taken_or_refused_with_a_reason(shared_data):
    taken = 0
    for path in sorted((shared_data / "torture" / "synthetic" / "geojson").glob("*.geojson")):
        with suppress(Rejected):
            for layer in open_source(path):
                for batch in layer.batches():
                    taken += batch.table.num_rows
                    assert batch.table.num_rows + len(batch.rejected) == layer.count
                    assert all(rejection.reason for rejection in batch.rejected)
                    assert shapely.is_valid(shapely.from_wkb(batch.table["geom"].to_numpy())).all()
    assert taken > 30


def test_work_ahead_keeps_order_and_raises_at_its_turn():
    assert list(ahead(lambda n: n * n, range(50))) == [n * n for n in range(50)]
    results = ahead(lambda n: 1 // (3 - n), range(9))
    assert [next(results), next(results), next(results)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert np.array_equal(list(ahead(str, [])), [])
