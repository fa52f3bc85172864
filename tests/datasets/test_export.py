"""What was loaded goes out in every format, and comes back the same."""

import csv

import geopandas as gpd
import openpyxl
import pyogrio
import pytest
import shapely

from datasets.export import export
from datasets.load import load
from spatial.asof import as_of
from spatial.errors import Invalid
from spatial.grant import OWNER

NAMES = {"地块编号地块编号": "a1", "土地用途分类代码": "0601耕地", "note": "=1+1", "flag": True}


@pytest.fixture
def parcels(database, tmp_path):
    squares = shapely.box([528_000, 528_020], 3_486_000, [528_010, 528_030], 3_486_010)
    frame = gpd.GeoDataFrame(
        {name: [value, None] for name, value in NAMES.items()} | {"area": [100.5, 2e9]},
        geometry=squares,
        crs=4549,
    )
    path = tmp_path / "parcels.parquet"
    frame.to_parquet(path)
    load(database, path, author="ada", rejects_dir=tmp_path, valid_from="2020")
    path = tmp_path / "next.parquet"
    frame.assign(area=[1.0, 2.0]).to_parquet(path)
    load(
        database, path, author="ada", rejects_dir=tmp_path, valid_from="2024",
        layer="parcels", key="地块编号地块编号",
    )  # fmt: skip
    return frame


@pytest.mark.parametrize("suffix", ["gpkg", "fgb", "geojson", "parquet"])
def test_a_round_trip(suffix, database, parcels, tmp_path):
    path = tmp_path / f"out.{suffix}"
    made = export(database, "parcels", as_of("2021"), OWNER, path)
    assert made.features == 2
    back = (gpd.read_parquet if suffix == "parquet" else pyogrio.read_dataframe)(path)
    back = back.to_crs(4549).sort_values("area")
    assert back["area"].tolist() == [100.5, 2e9]
    assert back["地块编号地块编号"].tolist()[0] == "a1"
    assert back["flag"].tolist()[0]
    assert back.geometry.iloc[0].normalize().equals_exact(parcels.geometry[0], 1e-6) or (
        back.geometry.iloc[0].symmetric_difference(parcels.geometry[0]).area < 1e-3
    )
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("encoding", ["UTF-8", "GBK"])
def test_a_shapefile_with_long_names(encoding, database, parcels, tmp_path):
    path = tmp_path / "out.shp"
    made = export(database, "parcels", as_of("2021"), OWNER, path, encoding=encoding)
    back = pyogrio.read_dataframe(path)  # as its .cpg says
    assert set(made.renamed.values()) <= set(back.columns)
    assert all(len(name.encode(encoding)) <= 10 for name in back.columns)
    short = made.renamed["土地用途分类代码"]
    assert "土地用途分类代码".startswith(short.split("_")[0])
    assert back[short].tolist()[0] == "0601耕地"
    assert back.crs.to_epsg() == 4549
    with made.sidecar.open(encoding="utf-8-sig") as file:
        rows = {row["name"]: row["field"] for row in csv.DictReader(file)}
    assert made.renamed.items() <= rows.items()


def test_what_a_shapefile_cannot_hold_is_told(database, parcels, tmp_path):
    path = tmp_path / "out.shp"
    with pytest.raises(Invalid, match="ASCII has no"):
        export(database, "parcels", as_of(), OWNER, path, encoding="ASCII")
    with pytest.raises(Invalid, match="no encoding"):
        export(database, "parcels", as_of(), OWNER, path, encoding="klingon")


def test_spreadsheets_compute_nothing(database, parcels, tmp_path):
    export(database, "parcels", as_of(), OWNER, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig") as file:
        first = next(csv.DictReader(file))
    assert first["note"] == "'=1+1"
    assert shapely.from_wkt(first["geom"]).area == pytest.approx(100)
    export(database, "parcels", as_of(), OWNER, tmp_path / "out.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
    titles = [cell.value for cell in sheet[1]]
    cell = sheet[2][titles.index("note")]
    assert (cell.value, cell.data_type) == ("=1+1", "s")
    assert sheet[2][titles.index("area")].value in (1.0, 2.0)


def test_an_unknown_suffix_is_refused(database, parcels, tmp_path):
    with pytest.raises(Invalid, match=r"\.gpkg"):
        export(database, "parcels", as_of(), OWNER, tmp_path / "out.doc")
    with pytest.raises(Invalid, match="Shapefile"):
        export(database, "parcels", as_of(), OWNER, tmp_path / "out.csv", encoding="GBK")


def test_parcels_go_out_as_survey_text_and_come_back(database, parcels, tmp_path):
    export(database, "parcels", as_of("2021"), OWNER, tmp_path / "red_line.txt")
    (report,) = load(database, tmp_path / "red_line.txt", author="ada", rejects_dir=tmp_path)
    assert (report.read, report.rejected, report.srid) == (2, 0, 4528)
    export(database, "red_line", as_of(None), OWNER, tmp_path / "back.gpkg")
    back = gpd.read_file(tmp_path / "back.gpkg").to_crs(4549)
    assert back.area.sum() == pytest.approx(200, abs=0.05)
