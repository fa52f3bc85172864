"""Formats that GDAL writes for us, read back: the same places, whatever the dress."""

import zipfile

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from reading import given, only

from spatial.errors import Rejected

SQUARES = shapely.box([120.1, 120.3], 31.1, [120.2, 120.4], 31.2)
FRAME = gpd.GeoDataFrame(
    {"名称": ["甲", "乙"], "code": np.array([1, 2], "int32")}, geometry=SQUARES, crs=4326
)


def zipped(folder, path):
    with zipfile.ZipFile(path, "w") as into:
        for part in folder.rglob("*"):
            into.write(part, part.relative_to(folder.parent))


@pytest.mark.parametrize(
    ("name", "driver"),
    [("a.kml", "LIBKML"), ("a.gml", "GML"), ("a.gdb", "OpenFileGDB"), ("a.fgb", "FlatGeobuf")],
)
def test_what_is_written_comes_back(name, driver, tmp_path):
    path = tmp_path / name
    pyogrio.write_dataframe(FRAME, path, driver=driver, layer="plots")
    found = only(path)
    assert found.layer.storage.srid == 4326
    assert {row["名称"] for row in found.rows} == {"甲", "乙"}
    assert [geom.normalize().area for geom in found.geoms] == pytest.approx([0.01, 0.01])


def test_a_kmz_and_a_zipped_geodatabase(tmp_path):
    pyogrio.write_dataframe(FRAME, tmp_path / "doc.kml", driver="LIBKML", layer="plots")
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as into:
        into.write(tmp_path / "doc.kml", "doc.kml")
    assert len(only(tmp_path / "a.kmz").rows) == 2
    pyogrio.write_dataframe(FRAME, tmp_path / "b.gdb", driver="OpenFileGDB", layer="plots")
    zipped(tmp_path / "b.gdb", tmp_path / "b.gdb.zip")
    assert len(only(tmp_path / "b.gdb.zip").rows) == 2


def test_a_drawing_needs_its_system(tmp_path):
    lines = gpd.GeoSeries(
        shapely.linestrings([[(528_000, 3_486_000), (528_010, 3_486_000)]]), crs=4549
    )
    frame = gpd.GeoDataFrame(geometry=lines)
    pyogrio.write_dataframe(frame, tmp_path / "a.dxf", driver="DXF")
    with pytest.raises(Rejected, match="--crs"):
        given(tmp_path / "a.dxf")
    (found,) = given(tmp_path / "a.dxf", crs="EPSG:4549").values()
    assert found.geoms[0].length == 10


def test_a_drawing_of_another_program_is_told_what_to_do(tmp_path):
    (tmp_path / "a.dwg").write_bytes(b"AC1032")
    with pytest.raises(Rejected, match=r"save 'a\.dwg' as \.dxf"):
        given(tmp_path / "a.dwg")


def test_a_reference_system_that_is_no_text(tmp_path):
    pyogrio.write_dataframe(FRAME, tmp_path / "a.shp")
    (tmp_path / "a.prj").write_bytes(b'GEOGCS["GCS_\x9a", DATUM["D_\x9a"')
    with pytest.raises(Rejected, match=r"a\.shp"):
        given(tmp_path / "a.shp", crs="EPSG:4326")


def test_tables_beside_layers_are_kept(tmp_path):
    path = tmp_path / "a.gpkg"
    pyogrio.write_dataframe(FRAME, path, layer="plots")
    table = FRAME[["code"]].assign(use=["住宅", "商业"])
    pyogrio.write_dataframe(table, path, layer="codes", append=True)
    found = given(path)
    assert found["codes"].layer.geometry_type == "None"
    assert [row["use"] for row in found["codes"].rows] == ["住宅", "商业"]
    assert list(found["codes"].geoms) == [None, None]
