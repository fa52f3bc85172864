"""What is wrong with the layers has one outcome each: told, counted, in a layer; never silent."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from conftest import fresh_city
from deciding import EAST, NORTH, decide, output, put, squares
from grids import store_ground

import spatial.analyses.known  # noqa: F401
from spatial.database import Database

PLAIN = {"code": "code", "area": "planar"}
KEYS = ["kind", "fid_a", "fid_b", "zone", "area_m2"]


@pytest.fixture(scope="module")
def city(cluster):
    with fresh_city(cluster) as conninfo:
        database = Database(conninfo)
        put(database, "zones", squares((0, 0, 100, 100), (100, 0, 200, 100), zone=["W", "E"]),
            "Polygon")  # fmt: skip
        put(database, "sound", squares((0, 0, 100, 100), (100, 0, 200, 100), code=["0101", "0201"]),
            "Polygon")  # fmt: skip
        yield database
        database.close()


def balanced(city, name, frame, **more):
    put(city, name, frame, "Polygon")
    return decide(city, "land-use-balance", layer=name, faults=True, **(PLAIN | more))


def found(city, document):
    rows = output(city, document, "faults")
    assert rows.geometry.area.to_numpy() == pytest.approx(rows["area_m2"].to_numpy())
    plain = rows[KEYS].astype(object).where(rows[KEYS].notna(), None)
    return sorted(tuple(row) for row in plain.itertuples(index=False))


def test_overlapping_parcels_are_a_layer_and_leave_a_zone_too_full(city):
    frame = squares((0, 0, 100, 100), (90, 0, 200, 100), code=["0101", "0201"])
    document = balanced(city, "overlapping", frame, zones="zones", zone_name="zone")
    assert found(city, document) == [("overlap", 1, 2, None, 1000)]
    assert document["summary"]["faults_m2"] == {"overlap": 1000}
    assert document["summary"]["zone_gap_m2"] == pytest.approx({"W": -1000, "E": 0}, abs=1e-6)
    assert document["certificate"]["holds"]  # no parcel is lost
    assert document["certificate"]["notes"] == [
        "'W': its parcels have 1,000.000 m² more than the zone: overlaps"
    ]


def test_gaps_are_a_layer_and_what_a_zone_lacks(city):
    frame = squares((0, 0, 100, 100), (100, 0, 200, 60), code=["0101", "0201"])
    document = balanced(city, "gaping", frame, zones="zones", zone_name="zone")
    assert found(city, document) == [("gap", None, None, "E", 4000)]
    assert document["certificate"]["notes"] == [
        "'E': its parcels have 4,000.000 m² less than the zone: gaps"
    ]
    assert document["summary"]["zone_gap_m2"] == pytest.approx({"W": 0, "E": 4000}, abs=1e-6)
    ring = squares((0, 0, 100, 100), code=["0101"])
    ring.geometry = ring.geometry.difference(ring.geometry.buffer(-40))
    document = balanced(city, "ringed", ring)
    assert found(city, document) == [("gap", None, None, None, 400)]


def test_a_hole_outside_its_shell_is_mended_and_counted(city):
    shell, hole = squares((0, 0, 100, 100), (200, 0, 210, 10)).geometry
    odd = shapely.Polygon(shell.exterior, [hole.exterior])
    frame = gpd.GeoDataFrame({"code": ["0101"]}, geometry=[odd], crs=4549)
    document = balanced(city, "holed", frame)
    assert document["summary"]["repaired"] == [1]
    # by the even-odd rule: what one ring encloses is in, wherever the ring lies
    assert document["summary"]["area_m2"] == pytest.approx([10_100])
    assert document["certificate"]["holds"]
    done = decide(city, "land-use-overlay", left="holed", right="zones")
    assert "1 features were invalid and were repaired" in done["certificate"]["notes"]
    assert done["summary"]["area_m2"] == pytest.approx({"left_alone": 100, "shared": 10_000})


def test_duplicate_parcels_are_named(city):
    frame = squares((0, 0, 100, 100), (0, 0, 100, 100), code=["0101", "0101"])
    document = balanced(city, "doubled", frame)
    assert found(city, document) == [("duplicate", 2, 1, None, 10_000)]
    assert document["summary"]["area_m2"] == [20_000]


def test_missing_and_unknown_codes_stay_classes_and_are_listed(city):
    places = [(100 * n, 0, 100 * n + 100, 100) for n in range(4)]
    document = balanced(city, "odd", squares(*places, code=["0101", None, " ", "9x"]))
    rows = output(city, document).set_index("class")
    assert rows["area_m2"].to_dict() == {"": 4e4, "01": 1e4, "?": 2e4, "9x": 1e4}
    assert document["summary"]["unknown_codes"] == ["9x"]
    assert document["summary"]["parcels_without_code"] == [2]
    changed = decide(city, "land-use-change", base="odd", target="sound", **PLAIN)
    assert changed["summary"]["unknown_codes"] == ["9x"]
    table = output(city, changed, "matrix").set_index(["base", "target"])["area_m2"]
    assert table.to_dict() == {("01", "01"): 1e4, ("?", "02"): 1e4, ("9x", "—"): 1e4,
                               ("?", "—"): 1e4}  # fmt: skip


def test_mixed_systems_meet_in_the_first_and_degrees_are_no_metres(city):
    sound = output(city, {"outputs": {"layer": "sound"}})[["code", "geometry"]]
    put(city, "sound_degrees", sound.to_crs(4490), "Polygon")
    ask = {"layer": "sound", "target": "sound_degrees", "code": "code"}
    both = decide(city, "land-use-balance", **ask)
    assert both["summary"]["area_m2"][0] == pytest.approx(both["summary"]["area_m2"][1], rel=1e-8)
    with pytest.raises(AssertionError, match="is in degrees: choose statutory or geodesic"):
        decide(city, "land-use-balance", **ask, area="planar")
    pieces = decide(city, "land-use-overlay", left="sound", right="sound_degrees")
    assert pieces["summary"]["reprojected"] == ["sound_degrees"]
    assert pieces["summary"]["area_m2"]["shared"] == pytest.approx(20_000, rel=1e-4)


def test_empty_zones_and_zones_outside_of_the_data_are_named(city):
    put(city, "far", squares((0, 0, 100, 100), (5000, 0, 5100, 100), zone=["in", "far"]))
    put(city, "nowhere", squares((0, 0, 1, 1), zone=["none"]).iloc[:0])
    ask = {"layer": "sound", "zone_name": "zone"} | PLAIN
    document = decide(city, "land-use-balance", **ask, zones="far")
    assert document["summary"]["empty_zones"] == ["far"]
    assert output(city, document).set_index("zone")["area_m2"].get("far") == 0
    document = decide(city, "land-use-balance", **ask, zones="nowhere")
    assert set(output(city, document)["zone"]) == {"", "—"}
    assert document["certificate"]["balance"]["outside"] == 20_000
    document = decide(
        city, "zonal-statistics", zones="far", zone_name="zone", layer="sound", code="code"
    )
    assert document["summary"]["empty_zones"] == ["far"]


def test_zones_that_overlap_are_a_layer_too(city):
    put(city, "crossed", squares((0, 0, 120, 100), (100, 0, 200, 100), zone=["W", "E"]))
    document = decide(
        city, "land-use-balance", layer="sound", zones="crossed", zone_name="zone", faults=True,
        **PLAIN,
    )  # fmt: skip
    assert found(city, document) == [("zone overlap", None, None, None, 2000)]
    assert not document["certificate"]["holds"]


def test_criteria_without_data_leave_units_without_a_score_and_are_named(city, tmp_path):
    store_ground(city, tmp_path)  # its north-western cell has no height
    corner = gpd.GeoDataFrame(geometry=[shapely.box(EAST, NORTH - 10, EAST + 20, NORTH)], crs=4549)
    put(city, "corner", corner)
    height = {"name": "height", "measure": "value", "raster": "ground",
              "standard": {"function": "linear", "low": 0, "high": 1}}  # fmt: skip
    ask = {"area": "corner", "cell": 10, "store": tmp_path / "rasters"}
    document = decide(city, "suitability", **ask, criteria=[height])
    assert document["summary"]["status"] == {"scored": 1, "excluded": 0, "no data": 1}
    assert document["certificate"]["notes"] == ["'height' knows nothing of 1 units"]
    assert document["certificate"]["holds"]
    told = decide(city, "suitability", **ask, criteria=[height | {"missing": 0.5}])
    assert told["summary"]["status"]["scored"] == 2


def test_the_area_of_every_result_is_told(city):
    pair = {"left": "sound", "right": "zones"}
    planar = decide(city, "land-use-overlay", **pair)
    statutory = decide(city, "land-use-overlay", **pair, area="statutory")
    assert (planar["summary"]["area"], statutory["summary"]["area"]) == ("planar", "statutory")
    ratio = statutory["summary"]["area_m2"]["shared"] / planar["summary"]["area_m2"]["shared"]
    assert ratio == pytest.approx(1, abs=1e-3)
    assert ratio != 1
    assert decide(city, "coverage-check", layer="sound")["summary"]["area"] == "planar"
    near = decide(city, "buffer-overlap", sources="zones", layer="sound", distances=[1])
    assert near["summary"]["area"] == "planar"
    line = decide(city, "control-line-conflicts", farmland="zones", ecology="sound")
    assert line["summary"]["area"] == "planar"
    rows = pd.concat([output(city, planar)["area_m2"], output(city, statutory)["area_m2"]], axis=1)
    assert np.ptp(rows.to_numpy(), axis=1).max() < 20
