"""勘测定界 TXT: zones and axes told by the eastings, rings by even and odd."""

import geopandas as gpd
import pytest
import shapely
from reading import only

from datasets.formats import survey, survey_writer
from spatial.errors import Rejected

HEAD = """[属性描述]
格式版本号=1.01版本
数据产生单位=测绘院
坐标系={datum}
几度分带=3
投影类型=高斯克吕格
计量单位=米
带号={zone}
精度=0.001
转换参数=0,0,0,0,0,0,0
[地块坐标]
"""
SQUARE = """5,1.0,DK-1,太湖新城一号,面,,住宅用地,0701,@
J1,1,3480000.000,40528000.000
J2,1,3480000.000,40528100.000
J3,1,3480100.000,40528100.000
J4,1,3480100.000,40528000.000
J1,1,3480000.000,40528000.000
"""
HOLE = """J5,2,3480020.000,40528020.000
J6,2,3480020.000,40528040.000
J7,2,3480040.000,40528040.000
J8,2,3480040.000,40528020.000
J5,2,3480020.000,40528020.000
"""


def write(tmp_path, body, *, datum="2000国家大地坐标系", zone="40", encoding="gbk"):
    path = tmp_path / "red_line.txt"
    path.write_bytes((HEAD.format(datum=datum, zone=zone) + body).encode(encoding))
    return path


def swapped(body):
    """The same points with the easting first."""
    lines = [line.split(",") for line in body.splitlines()]
    return "\n".join(
        ",".join([*cells[:2], cells[3], cells[2]] if len(cells) == 4 else cells) for cells in lines
    )


def test_a_parcel_with_a_hole(tmp_path):
    found = only(write(tmp_path, SQUARE + HOLE))
    assert found.layer.storage.srid == 4528
    assert found.rows[0]["地块名称"] == "太湖新城一号"
    assert found.rows[0]["地块面积"] == 1.0
    assert found.geoms[0].area == pytest.approx(10_000 - 400)
    assert found.geoms[0].bounds == (40528000, 3480000, 40528100, 3480100)
    assert "text read as GB18030" in found.layer.notes


def test_either_axis_may_come_first(tmp_path):
    north_first = only(write(tmp_path, SQUARE))
    east_first = only(write(tmp_path, swapped(SQUARE)))
    assert shapely.equals(north_first.geoms[0], east_first.geoms[0])


@pytest.mark.parametrize(
    ("datum", "zone", "srid"),
    [
        ("CGCS2000", "40", 4528),
        ("80国家大地坐标系", "40", 2364),
        ("北京54坐标系", "40", 2416),
    ],
)
def test_datums(datum, zone, srid, tmp_path):
    found = only(write(tmp_path, SQUARE, datum=datum, zone=zone))
    assert found.layer.crs.to_epsg() == srid
    assert "zone 40" in found.layer.crs.name


def test_without_a_zone_in_the_eastings_the_head_tells_it(tmp_path):
    found = only(write(tmp_path, SQUARE.replace("40528", "528")))
    assert found.layer.storage.srid == 4549


@pytest.mark.parametrize(
    ("body", "zone", "message"),
    [
        (SQUARE.replace("3480", "528").replace("40528", "528"), "40", "axis order"),
        (SQUARE.replace("3480", "40480"), "40", "axis order"),
        (SQUARE + swapped(SQUARE), "40", "axis order"),
        (SQUARE, "39", "says zone 39, but its eastings begin with 40"),
        (SQUARE.replace("40528", "528"), "", "does not say its coordinate reference system"),
        ("", "40", "no boundary points"),
        ("J1,1,3480000,40528000\n", "40", "before any parcel"),
    ],
)
def test_what_cannot_be_told_is_refused(body, zone, message, tmp_path):
    with pytest.raises(Rejected, match=message):
        only(write(tmp_path, body, zone=zone))


def test_broken_points_reject_their_parcel_only(tmp_path):
    broken = SQUARE.replace("DK-1", "DK-2").replace("J2,1,3480000.000", "J2,1,abc")
    found = only(write(tmp_path, SQUARE + broken))
    assert [row["地块编号"] for row in found.rows] == ["DK-1"]
    assert "is no boundary point" in found.reasons[0]


def test_lying_counts_are_told(tmp_path):
    found = only(write(tmp_path, SQUARE.replace("5,1.0", "9,1.0")))
    assert "1 parcels have other numbers of points than they tell" in found.layer.notes


def test_zones_are_what_epsg_calls_them():
    for (datum, width), codes in survey.ZONES.items():
        for code in codes:
            for zone in (survey.FIRST[width], survey.LAST[width]):
                name = gpd.GeoSeries([], crs=code + zone - survey.FIRST[width]).crs.name
                meridian = zone * 3 if width == 3 else zone * 6 - 3
                assert name.endswith((f"zone {zone}", f"CM {meridian}E")), (datum, name)


def test_what_is_written_is_read_again(tmp_path):
    ring = shapely.box(528000, 3480000, 528100.1234, 3480100).difference(
        shapely.box(528020, 3480020, 528040, 3480040)
    )
    parts = shapely.MultiPolygon([ring, shapely.box(528200, 3480000, 528210, 3480010)])
    frame = gpd.GeoDataFrame(
        {"地块编号": ["A", "B"], "地类编码": ["0701", None], "version": [1, 2]},
        geometry=[parts, shapely.box(528300, 3480000, 528310, 3480010)],
        crs=4549,
    )
    path = tmp_path / "out.txt"
    survey_writer.write(frame, path)
    found = only(path)
    assert found.layer.storage.srid == 4528
    assert [row["地块编号"] for row in found.rows] == ["A", "B"]
    assert [row["地类编码"] for row in found.rows] == ["0701", None]
    back = gpd.GeoSeries(found.geoms, crs=4528).to_crs(4549)
    for before, after in zip(frame.geometry, back, strict=True):
        assert before.hausdorff_distance(after) < 1e-3
        assert after.area == pytest.approx(before.area, abs=0.2)
