"""CSV and XLSX as offices write them: separators, encodings, degrees, and what is no number."""

import datetime as dt

import openpyxl
import pytest
import shapely
from reading import given, only

from spatial.errors import Rejected


def write(tmp_path, text, name="table.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("编号,经度,纬度,名称\n1,120.3,31.57,梅溪路\n", "utf-8"),
        ("编号,经度,纬度,名称\n1,120.3,31.57,梅溪路\n", "gbk"),
        ("编号,经度,纬度,名称\n1,120.3,31.57,梅溪路\n", "utf-8-sig"),
        ("编号,经度,纬度,名称\n1,120.3,31.57,梅溪路\n", "utf-16"),
        ("编号;经度;纬度;名称\n1;120,3;31,57;梅溪路\n", "gbk"),
        ("编号\t经度(°)\t纬度(°)\t名称\n1\t120°18'00\"\t31°34'12\"\t梅溪路\n", "utf-8"),
    ],
)
def test_points_in_every_dress(text, encoding, tmp_path):
    found = only(write(tmp_path, text, encoding=encoding))
    assert found.layer.storage.srid == 4326
    assert (found.rows[0]["编号"], found.rows[0]["名称"]) == (1, "梅溪路")
    assert found.geoms[0].equals_exact(shapely.Point(120.3, 31.57), 1e-9)


def test_rows_without_a_place_are_refused_with_the_reason(shared_data):
    found = only(shared_data / "torture" / "synthetic" / "csv" / "dms_and_bad.csv")
    assert found.geoms[0].equals_exact(shapely.Point(120.3, 31.57), 1e-9)
    assert found.reasons == [
        "there is no coordinate in 'lon'",
        "'abc' is no coordinate in 'lon'",
        "a latitude of 120.3 is no place in WGS 84: are x and y swapped?",
    ]


def test_projected_coordinates_need_their_system(tmp_path):
    path = write(tmp_path, "id,横坐标,纵坐标\n1,528000,3486000\n")
    with pytest.raises(Rejected, match="--crs"):
        only(path)
    assert only(path, crs="EPSG:4549").geoms[0].coords[0] == (528000, 3486000)


@pytest.mark.parametrize("text", ["POINT (1 2)", "0101000000000000000000F03F0000000000000040"])
def test_geometry_as_text(text, tmp_path):
    found = only(write(tmp_path, f"id;geom\n1;{text}\n2;nonsense\n"), crs="EPSG:4326")
    assert found.geoms[0].coords[0] == (1, 2)
    assert found.reasons[0].startswith("'geom' holds no geometry")


def test_types_are_the_narrowest_that_hold_all(tmp_path):
    lines = ["whole,real,day,moment,code,mixed,nothing"]
    lines.append("1,1.5,2024-02-29,2024-02-29 08:00:00,0101,1,")
    lines.append("NA,2,2024-03-01,2024-03-01T08:00:00.5,0102,a,")
    found = only(write(tmp_path, "\n".join(lines)))
    assert found.layer.geometry_type == "None"
    one, two = found.rows
    assert (one["whole"], two["whole"], two["real"]) == (1, None, 2.0)
    assert (one["day"], two["code"], one["mixed"]) == (dt.date(2024, 2, 29), "0102", "1")
    assert one["moment"].isoformat() == "2024-02-29T00:00:00+00:00"  # 8 o'clock in the city
    assert one["nothing"] is None


def test_a_day_that_is_none_stays_text(tmp_path):
    assert only(write(tmp_path, "day\n2024-02-30\n")).rows[0]["day"] == "2024-02-30"


def test_ragged_rows(tmp_path):
    found = only(write(tmp_path, "a,b\n1\n1,2,3\n1,2,\n"))
    assert found.rows == [{"a": 1, "b": None}, {"a": 1, "b": 2}]
    assert found.reasons == ["it has 3 cells under 2 headings"]


def test_without_a_heading_columns_are_numbered(tmp_path):
    found = only(write(tmp_path, "382213.8,6354235.2\n382229.8,6354242.9\n"))
    assert found.rows[0] == {"field_1": 382213.8, "field_2": 6354235.2}
    assert len(found.rows) == 2


def test_a_quote_that_never_ends(tmp_path):
    found = only(write(tmp_path, 'a,b\n1,"never\n2,3\n'))
    assert len(found.rows) == 1


def test_every_sheet_of_a_workbook(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "站点"
    for row in (["名称", "经度", "纬度", "日期"], ["甲", 120.3, 31.57, dt.datetime(2024, 5, 1)]):
        book.active.append(row)
    book.create_sheet("说明").append(["只有标题"])
    table = book.create_sheet("代码")
    for row in (["code", "name"], [7, "=1+1"], [8.5, None]):
        table.append(row)
    book.save(tmp_path / "报表.xlsx")
    found = given(tmp_path / "报表.xlsx")
    assert list(found) == ["报表_站点", "报表_代码"]
    assert found["报表_站点"].rows == [
        {"名称": "甲", "经度": 120.3, "纬度": 31.57, "日期": dt.date(2024, 5, 1)}
    ]
    assert [row["code"] for row in found["报表_代码"].rows] == [7, 8.5]


def test_an_old_workbook_is_told_what_to_do(tmp_path):
    with pytest.raises(Rejected, match=r"save 'a\.xls' as \.xlsx"):
        only(write(tmp_path, "x", name="a.xls"))
