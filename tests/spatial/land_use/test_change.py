"""Change matrices: by hand on tiny worlds, against geopandas on tessellated ones."""

import warnings
from datetime import UTC, datetime
from xml.etree import ElementTree

import geopandas as gpd
import pytest
from conftest import fresh_city
from deciding import decide, output, put, squares
from polygons import tessellation

import spatial.analyses.known  # noqa: F401
from spatial.analyses import job_files
from spatial.database import Database

MOMENT = datetime(2015, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def city(cluster):
    with fresh_city(cluster) as conninfo:
        database = Database(conninfo)
        before = squares((0, 0, 100, 100), (100, 0, 200, 100), (200, 0, 300, 100),
                         land_code=["0101", "0102", "070102"])  # fmt: skip
        put(database, "before", before)
        after = squares(
            (0, 0, 100, 100), (100, 0, 160, 100), (160, 0, 199.9, 100), (199.9, 0, 300, 100),
            land_code=["0101", "1001", "0101", "0701"],
        )  # fmt: skip
        put(database, "after", after)
        put(database, "after_degrees", after.to_crs(4490))
        history = squares((0, 0, 100, 100), (100, 0, 200, 100), (100, 0, 200, 100), fid=[1, 2, 2],
                          land_code=["0101", "0101", "1001"])  # fmt: skip
        history["valid_from"] = [None, None, MOMENT]
        history["valid_to"] = [None, MOMENT, None]
        put(database, "parcels", history)
        put(database, "one", tessellation(300, seed=5).rename(columns={"code": "land_code"}))
        put(database, "two", tessellation(300, seed=6).rename(columns={"code": "land_code"}))
        yield database
        database.close()


def cells(table):
    return table.set_index(["base", "target"])["area_m2"].to_dict()


def test_two_layers_by_hand_and_their_sliver(city):
    plain = decide(city, "land-use-change", base="before", target="after", area="planar")
    assert cells(output(city, plain, "matrix")) == pytest.approx(
        {("01", "01"): 10_000 + 3_990, ("01", "07"): 10, ("01", "10"): 6_000, ("07", "07"): 10_000}
    )
    assert plain["certificate"]["holds"]
    assert plain["summary"]["compared_whole"] == 1
    told = decide(city, "land-use-change", base="before", target="after", area="planar", sliver=0.5)
    assert cells(output(city, told, "matrix")) == pytest.approx(
        {("01", "01"): 14_000, ("01", "10"): 6_000, ("07", "07"): 10_000}
    )
    assert told["certificate"]["holds"]
    assert told["certificate"]["moved"] == pytest.approx(10)
    assert told["summary"] | {"area": "planar"} == told["summary"]
    assert told["summary"]["changed_m2"] == pytest.approx(6_000)
    changes = output(city, told)
    assert changes["sliver"].tolist().count(True) == 1
    assert changes.area.sum() == pytest.approx(6_010)
    assert changes["base_fid"].tolist() == [2, 2]


def test_another_crs_and_statutory_areas_close_too(city):
    document = decide(city, "land-use-change", base="before", target="after_degrees", sliver=0.5)
    assert document["summary"]["area"] == "statutory"
    assert document["certificate"]["holds"], document["certificate"]
    table = cells(output(city, document, "matrix"))
    assert table[("01", "10")] == pytest.approx(6_000, rel=2e-3)


def test_two_moments_of_one_layer_compare_only_what_differs(city):
    document = decide(
        city, "land-use-change", base="parcels?datetime=2010", target="parcels?datetime=2020",
        area="planar",
    )  # fmt: skip
    assert cells(output(city, document, "matrix")) == pytest.approx(
        {("01", "01"): 10_000, ("01", "10"): 10_000}
    )
    assert document["summary"]["compared_whole"] == 1
    assert document["certificate"]["residual"] == pytest.approx(0, abs=1e-9)


def test_a_change_of_code_alone_is_in_the_layer_of_changes(city):
    document = decide(
        city, "land-use-change", base="parcels?datetime=2010", target="parcels?datetime=2020"
    )
    changes = output(city, document)
    assert changes["target_code"].tolist() == ["1001"]
    assert changes["base_fid"].tolist() == changes["target_fid"].tolist() == [2]


def test_as_geopandas_has_it_with_a_picture(city):
    document = decide(
        city, "land-use-change", base="one", target="two", codes="generic", level=0, area="planar"
    )
    ours = cells(output(city, document, "matrix"))
    one, two = tessellation(300, seed=5), tessellation(300, seed=6)
    with warnings.catch_warnings(action="ignore"):
        peer = gpd.overlay(one, two, how="union")
    theirs = peer.assign(area=peer.area).groupby(["code_1", "code_2"])["area"].sum().to_dict()
    assert ours == pytest.approx(theirs, rel=1e-9)
    assert document["certificate"]["holds"]
    assert document["summary"]["unknown_codes"] == ["c0", "c1", "c2", "c3", "c4"]
    with city.begin() as tx:
        picture = job_files.find(tx.pg, document["job"], "sankey").content
    bands = ElementTree.fromstring(picture).findall("{http://www.w3.org/2000/svg}path")
    assert len(bands) == len(ours)


def test_what_only_one_state_covers_is_told(city):
    document = decide(city, "land-use-change", base="after", target="parcels", area="planar")
    table = cells(output(city, document, "matrix"))
    assert table[("07", "—")] == pytest.approx(10_000)
    assert document["certificate"]["holds"]


def test_a_missing_column_is_refused(city):
    with pytest.raises(AssertionError, match="has no column kind"):
        decide(city, "land-use-change", base="before", target="after", code="kind")
