"""Files that reach for other files or the network, and traps: none gets what it wants."""

import gzip
import io
import socket
import stat
import zipfile

import pytest
from reading import given, only

from spatial.errors import Rejected

POINT = '{"type": "Point", "coordinates": [120.3, 31.57]}'
VRT = """<OGRVRTDataSource><OGRVRTLayer name="secret">
<SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"""


def archive(tmp_path, members, name="a.zip"):
    path = tmp_path / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as into:
        for member, content in members:
            into.writestr(member, content)
    return path


SUFFIXES = (".gpkg", ".geojson", ".json", ".kml", ".gml", ".fgb", ".shp", ".dxf", ".osm", ".pbf")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_vrt_under_any_name_is_not_opened(suffix, tmp_path):
    (tmp_path / "secret.geojson").write_text(POINT)
    path = tmp_path / f"vrt{suffix}"
    path.write_text(VRT.format(secret=tmp_path / "secret.geojson"))
    with pytest.raises(Rejected):
        given(path)


@pytest.mark.parametrize("content", ["WFS:http://127.0.0.1:{port}/", "http://127.0.0.1:{port}/a"])
def test_a_connection_string_is_no_file(content, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(content.format(port=9))
    with pytest.raises(Rejected):
        given(path)


def test_a_crs_by_url_is_not_fetched(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/crs"
        crs = f'{{"type": "link", "properties": {{"href": "{url}", "type": "ogcwkt"}}}}'
        feature = f'{{"type": "Feature", "properties": {{}}, "geometry": {POINT}}}'
        path = tmp_path / "a.geojson"
        path.write_text(f'{{"type": "FeatureCollection", "crs": {crs}, "features": [{feature}]}}')
        assert len(only(path).geoms) == 1
        with pytest.raises(TimeoutError):
            listening.accept()


@pytest.mark.parametrize("suffix", [".gml", ".kml", ".osm", ".citygml"])
def test_entities_are_not_resolved(suffix, tmp_path):
    (tmp_path / "secret").write_text("120 31")
    path = tmp_path / f"a{suffix}"
    path.write_text(
        f'<!DOCTYPE kml [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>'
        "<kml><Document><Placemark><name>&x;</name><Point><coordinates>&x;</coordinates></Point>"
        "</Placemark></Document></kml>"
    )
    with pytest.raises(Rejected):
        given(path)


def test_nothing_is_left_beside_the_source(shared_data, tmp_path):
    source = shared_data / "torture" / "fiona" / "multicurve.gml"
    path = tmp_path / "multicurve.gml"
    path.write_bytes(source.read_bytes())
    assert len(only(path, crs="EPSG:3035").geoms) == 1
    assert [at.name for at in tmp_path.iterdir()] == ["multicurve.gml"]


@pytest.mark.parametrize("name", ["../out.geojson", "/tmp/out.geojson", "a\\..\\..\\out.geojson"])
def test_what_leads_out_is_refused(name, tmp_path):
    path = archive(tmp_path, [("ok.geojson", POINT), (name, POINT)])
    with pytest.raises(Rejected, match="leads out of the archive"):
        given(path)
    assert not (tmp_path.parent / "out.geojson").exists()


def test_links_are_refused(tmp_path):
    link = zipfile.ZipInfo("ok.geojson")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = archive(tmp_path, [(link, "/etc/passwd")])
    with pytest.raises(Rejected, match="holds a link"):
        given(path)


def test_a_member_that_lies_about_its_size(tmp_path):
    """The directory tells of 1 kB; what is packed would be 64 MB."""
    path = archive(tmp_path, [("a.geojson", b" " * (64 << 20))])
    data = path.read_bytes().replace((64 << 20).to_bytes(4, "little"), (1024).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(Rejected):
        given(path)


def test_a_gzip_bomb(tmp_path):
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb") as into:
        for _ in range(64):
            into.write(bytes(1 << 20))
    path = tmp_path / "a.geojson.gz"
    path.write_bytes(out.getvalue())
    with pytest.raises(Rejected, match="unpacks to more than 200 times"):
        given(path)


def test_an_archive_in_an_archive_is_not_followed(tmp_path):
    inner = archive(tmp_path, [("ok.geojson", POINT)], "inner.zip").read_bytes()
    with pytest.raises(Rejected, match="holds nothing that is read"):
        given(archive(tmp_path, [("inner.zip", inner)]))


def test_shapefiles_in_gbk_however_they_are_marked(shared_data):
    folder = shared_data / "torture" / "synthetic" / "gbk_dbf"
    marks = ("with_cpg", "no_cpg_ldid4d", "no_cpg_no_ldid", "lying_cpg_utf8")
    rows = [only(folder / f"wuxi_gbk_{mark}.shp").rows for mark in marks]
    assert rows[0] == rows[1] == rows[2] == rows[3]
    assert "无锡" in str(rows[0]) or "区" in str(rows[0])
    lying = only(folder / "wuxi_gbk_lying_cpg_utf8.shp").layer
    assert lying.notes == ("text read as GB18030; its .cpg says UTF-8",)


def test_a_zone_number_that_its_system_does_not_have(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,y\n40528000,3486000\n")
    found = only(path, crs="EPSG:4549")
    assert found.reasons[0].endswith("it begins with zone 40, as in --crs EPSG:4528")
    path.write_text("x,y\ninf,0\n0,-inf\n")
    assert len(only(path, crs="EPSG:4549").reasons) == 2
    path.write_text("x,y\n528000,3486000\n")
    assert only(path, crs="EPSG:4528").reasons[0].endswith("it lacks the zone number")


def test_a_citys_own_grid_from_a_file(tmp_path):
    import pyproj

    local = pyproj.CRS(4549).to_wkt("WKT1_ESRI").replace("120.0", "120.25")
    (tmp_path / "local.prj").write_text(local)
    path = tmp_path / "a.csv"
    path.write_text("x,y\n500000,3486000\n")
    found = only(path, crs=str(tmp_path / "local.prj"))
    assert found.layer.storage.srid == 4490
    assert found.geoms[0].x == pytest.approx(120.25)
    (tmp_path / "local.prj").write_text("root:x:0:0")
    with pytest.raises(Rejected, match=r"^'local\.prj' holds no reference system as WKT$"):
        only(path, crs=str(tmp_path / "local.prj"))
