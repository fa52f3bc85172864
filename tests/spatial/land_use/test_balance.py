"""Balances: by hand on tiny worlds, and against geopandas on a tessellated one."""

from io import BytesIO

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from conftest import fresh_city
from deciding import decide, output, put, squares
from polygons import tessellation

import spatial.analyses.known  # noqa: F401
from spatial.analyses import job_files
from spatial.database import Database
from spatial.land_use.balance import balance, changed
from spatial.land_use.code_tree import profile

ROWS = pd.DataFrame(
    {
        "zone": ["A", "A", "A", "B", "B"],
        "code": ["0101", "0102", "1001", "0101", "x9"],
        "area_m2": [10_040.0, 10_040.0, 10_040.0, 20_040.0, 40.0],
        "parcels": [1, 2, 3, 4, 5],
    }
)


def test_classes_sum_up_the_tree_and_figures_close_both_ways():
    made = balance(ROWS, profile("planning"), level=2, decimals=2, population={"A": 60.0, "": 100})
    table = made.table.set_index(["zone", "class"])
    assert table["area_hm2"][("A", "")] == 3.01  # 3.012
    assert table["area_hm2"][("B", "")] == 2.01
    assert table["area_hm2"][("", "")] == 5.02
    for zone in ("A", "B", ""):
        own = made.table[(made.table["zone"] == zone) & (made.table["class"] != "")]
        for column in ("area_hm2", "area_mu"):
            assert own[column].sum() == pytest.approx(table[column][(zone, "")], abs=1e-9)
        assert own["share"].sum() == pytest.approx(100, abs=1e-9)
    by_class = made.table[(made.table["zone"] != "") & (made.table["class"] != "")]
    sums = by_class.groupby("class")["area_hm2"].sum()
    assert sums.to_dict() == pytest.approx(
        made.table[made.table["zone"] == ""].set_index("class")["area_hm2"].drop("").to_dict()
    )
    assert table["adjusted"][("A", "0101")] == "area_hm2, share"
    assert table["per_head_m2"][("A", "")] == pytest.approx(30_120 / 60)
    assert np.isnan(table["per_head_m2"][("B", "")])
    assert made.unknown == ("x9",)
    assert table["zh"][("B", "x9")] == "未知编码"
    top = balance(ROWS, profile("planning"), level=1).table.set_index(["zone", "class"])
    assert top["area_m2"][("A", "01")] == 20_080
    assert top["parcels"][("A", "01")] == 3


def test_a_change_closes_and_keeps_classes_of_one_side():
    tree = profile("planning")
    later = ROWS.assign(code=["0101", "1001", "1001", "0101", "0101"])
    both = changed(balance(ROWS, tree).table, balance(later, tree).table)
    whole = both[both["zone"] == ""].set_index("class")
    assert whole["area_hm2_change"].drop("").sum() == pytest.approx(0, abs=1e-9)
    assert whole["area_m2_change"]["10"] == pytest.approx(10_040)
    assert whole["area_m2_target"]["x9"] == 0


@pytest.fixture(scope="module")
def city(cluster):
    with fresh_city(cluster) as conninfo:
        database = Database(conninfo)
        parcels = squares(
            (0, 0, 100, 100), (100, 0, 200, 100), (200, 0, 300, 100),
            code=["0101", "070102", None], street=["A", "A", "B"],
        )  # fmt: skip
        put(database, "parcels", parcels)
        put(database, "plan", parcels.assign(code=["1001", "070102", "0101"]))
        zones = squares(
            (0, 0, 150, 100), (150, 0, 250, 100), (900, 0, 999, 9), name=["W", "E", "N"]
        )
        put(database, "zones", zones)
        put(database, "zones_degrees", zones.to_crs(4490))
        put(database, "doubled", squares((0, 0, 150, 100), (100, 0, 300, 100), name=["W", "E"]))
        cells = tessellation(400, seed=3)
        put(database, "cells", cells)
        put(database, "blocks", tessellation(12, seed=4).rename(columns={"number": "block"}))
        yield database
        database.close()


def test_by_the_parcels_own_column_with_documents(city):
    document = decide(
        city, "land-use-balance", layer="parcels", code="code", zone_name="street", area="planar",
        population={"A": 50, "": 80},
    )  # fmt: skip
    table = output(city, document).set_index(["zone", "class"])
    assert table["area_m2"].to_dict() == pytest.approx(
        {("", ""): 3e4, ("", "01"): 1e4, ("", "07"): 1e4, ("", "?"): 1e4, ("A", ""): 2e4,
         ("A", "01"): 1e4, ("A", "07"): 1e4, ("B", ""): 1e4, ("B", "?"): 1e4}
    )  # fmt: skip
    assert table["area_mu"][("", "01")] == 15.0
    assert table["per_head_m2"][("A", "")] == pytest.approx(400)
    assert document["certificate"]["holds"]
    assert document["summary"]["area"] == "planar"
    assert document["summary"]["parcels_without_code"] == [1]
    with city.begin() as tx:
        page = job_files.find(tx.pg, document["job"], "page").content.decode()
        book = job_files.find(tx.pg, document["job"], "workbook").content
    assert "用地平衡表" in page
    assert "居住用地" in page
    sheet = openpyxl.load_workbook(BytesIO(book)).active
    assert [cell.value for cell in sheet[4]][:6] == ["全部 All", None, "合计", "Total", 3, 45]


@pytest.mark.parametrize("zones", ["zones", "zones_degrees"])
def test_by_zones_that_cut_parcels_with_what_lies_outside(city, zones):
    document = decide(
        city, "land-use-balance", layer="parcels", code="code", zones=zones, zone_name="name",
        area="planar",
    )  # fmt: skip
    table = output(city, document).set_index(["zone", "class"])["area_m2"]
    rel = 1e-4  # straight in degrees is not quite straight in metres
    assert table[("W", "07")] == pytest.approx(5_000, rel=rel)
    assert table[("E", "07")] == pytest.approx(5_000, rel=rel)
    assert table[("E", "?")] == pytest.approx(5_000, rel=rel)
    assert table[("—", "?")] == pytest.approx(5_000, rel=rel)
    assert table[("N", "")] == 0
    assert table[("", "")] == pytest.approx(3e4, rel=1e-9)
    assert document["certificate"]["holds"]
    assert document["summary"]["empty_zones"] == ["N"]


def test_zones_that_overlap_are_told(city):
    document = decide(
        city, "land-use-balance", layer="parcels", code="code", zones="doubled", zone_name="name",
        area="planar",
    )  # fmt: skip
    assert not document["certificate"]["holds"]
    assert document["certificate"]["residual"] == pytest.approx(5_000)
    assert "zones overlap" in document["certificate"]["notes"][0]


def test_two_moments_make_the_table_of_structural_change(city):
    document = decide(city, "land-use-balance", layer="parcels", target="plan", code="code")
    table = output(city, document).set_index("class")
    assert table["area_hm2_change"].to_dict() == {"": 0, "01": 0, "07": 0, "10": 1, "?": -1}
    assert document["summary"]["area"] == "statutory"
    assert document["certificate"]["holds"]


def test_as_geopandas_has_it(city):
    document = decide(
        city, "land-use-balance", layer="cells", code="code", codes="generic", zones="blocks",
        zone_name="block", area="planar",
    )  # fmt: skip
    ours = output(city, document).set_index(["zone", "class"])["area_m2"]
    peer = gpd.overlay(tessellation(400, seed=3), tessellation(12, seed=4), how="intersection")
    theirs = peer.assign(area=peer.area).groupby(["number_2", "code_1"])["area"].sum()
    for (zone, code), area in theirs.items():
        assert ours[(str(zone), code)] == pytest.approx(area, rel=1e-9, abs=1e-6)
    assert document["certificate"]["holds"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"code": "kind"}, "has no column kind: it has code, street"),
        ({"zones": "zones"}, "zone_name"),
        ({"codes": "nonsense"}, "there are no codes"),
        ({"population": {"Q": 3}}, "no zone 'Q'"),
        ({"layer": "zones_degrees", "code": "name", "area": "planar"}, "in degrees"),
    ],
)
def test_what_does_not_fit_is_refused(city, given, reason):
    with pytest.raises(Exception, match=reason):
        decide(city, "land-use-balance", **({"layer": "parcels", "code": "code"} | given))
