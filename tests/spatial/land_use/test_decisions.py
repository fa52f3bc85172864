"""The planners' decisions as analyses: from layers to layers, tables and pages."""

import json

import pytest
import shapely
from conftest import fresh_city
from deciding import decide, output, put, squares, table

import spatial.analyses.known  # noqa: F401
from spatial.analyses import job_files, registry
from spatial.database import Database
from spatial.errors import Invalid, NotFound


@pytest.fixture(scope="module")
def city(cluster):
    with fresh_city(cluster) as conninfo:
        database = Database(conninfo)
        fill(database)
        yield database
        database.close()


def fill(database):
    put(database, "project", squares((0, 0, 100, 100)))
    put(database, "farmland", squares((-50, -50, 10, 150), name=["east field"]))
    urban = squares((50, 0, 200, 100), (30, 0, 50, 100), part=["集中建设区", "弹性发展区"])
    put(database, "urban", urban)
    put(database, "urban_degrees", urban.to_crs(4490))
    parcels = squares((0, 0, 100, 100), (100, 0, 200, 100), code=["R", "M"])
    put(database, "parcels", parcels)
    put(database, "houses", squares((10, 10, 30, 40), (95, 0, 115, 20), floors=[6.0, None],
                                    height_m=[18.5, 31.0]))  # fmt: skip
    put(database, "limits", table(code=["R", "X"], plot_ratio_max=[0.4, 1.0]))


def test_a_project_is_checked_with_evidence_verdicts_and_a_page(city):
    document = decide(
        city, "control-line-check", project="project", farmland="farmland", urban="urban",
        zone_field="part",
    )  # fmt: skip
    assert document["summary"]["verdict"] == "prohibited"
    assert document["summary"]["verdict_zh"] == "不符合"
    assert document["summary"]["area_m2"] == pytest.approx(
        {"farmland": 1000, "ecology": 0, "core": 5000, "reserve": 2000, "special": 0,
         "outside": 3000}
    )  # fmt: skip
    assert document["certificate"]["holds"]
    evidence = output(city, document)
    assert evidence.crs == 4549
    assert evidence["area_m2"].to_numpy() == pytest.approx(evidence.area.to_numpy())
    verdicts = output(city, document, "verdicts").set_index("rule")
    assert verdicts["verdict"]["reserve"] == "conditional"
    with city.begin() as tx:
        page = job_files.find(tx.pg, document["job"], "page").content.decode()
    assert "《土地管理法》（2019 年修正）第三十五条" in page
    assert "Notice Ziranzifa [2023] No. 193" in page
    assert "0.1000</td>" in page


def test_a_drawn_boundary_and_lines_in_other_systems_give_the_same(city):
    corner = squares((0, 0, 100, 100)).to_crs(4326).geometry.iloc[0]
    drawn = json.loads(shapely.to_geojson(corner))
    for urban in ("urban", "urban_degrees"):
        document = decide(
            city, "control-line-check", boundary=drawn, farmland="farmland", urban=urban,
            zone_field="part",
        )  # fmt: skip
        areas = document["summary"]["area_m2"]
        assert areas["farmland"] == pytest.approx(1000, rel=1e-6)
        assert areas["outside"] == pytest.approx(3000, rel=1e-4)
        assert document["certificate"]["holds"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"farmland": "farmland"}, "either a layer `project` or a GeoJSON `boundary`"),
        ({"project": "project"}, "at least one of farmland, ecology and urban"),
        ({"boundary": "{", "farmland": "farmland"}, "no GeoJSON"),
        (
            {"boundary": {"type": "Point", "coordinates": [1, 2]}, "farmland": "farmland"},
            "is a polygon or several",
        ),
        (
            {
                "boundary": json.loads(shapely.to_geojson(shapely.box(5e5, 3e6, 6e5, 4e6))),
                "farmland": "farmland",
            },
            "no degrees",
        ),
    ],
)
def test_what_is_no_project_is_refused_before_it_is_queued(given, reason):
    with pytest.raises(Invalid, match=reason):
        registry.find("control-line-check").parse(given)


def test_what_is_wrong_with_the_layers_is_told_in_a_line(city):
    ask = {"project": "project", "urban": "urban"}
    with pytest.raises(AssertionError, match="'urban' has no column zones: it has part"):
        decide(city, "control-line-check", **ask, zone_field="zones")
    with pytest.raises(AssertionError, match="no rules 'mars'"):
        decide(city, "control-line-check", **ask, rules="mars")
    with pytest.raises(AssertionError, match="know no zone 弹性发展区, 集中建设区: they know core"):
        decide(city, "control-line-check", **ask, rules="plain", zone_field="part")
    with pytest.raises(NotFound, match="no layer 'secret'"):
        decide(city, "control-line-check", project="project", farmland="secret")


def test_the_conflict_matrix(city):
    document = decide(city, "control-line-conflicts", farmland="farmland", urban="project")
    assert document["summary"]["matrix_m2"]["urban"] == {"farmland": 1000, "urban": 0}
    assert document["certificate"]["holds"]
    assert len(output(city, document)) == 1


def test_plot_ratios_with_limits_from_a_table(city):
    document = decide(
        city, "plot-ratio", parcels="parcels", buildings="houses", limits="limits",
        limits_by="code",
    )  # fmt: skip
    rows = output(city, document)
    assert rows["plot_ratio"].tolist() == pytest.approx([0.46, 0.3])
    assert rows["flags"].tolist() == ["plot_ratio_max", ""]
    assert rows["green_ratio"].isna().all()
    assert document["summary"]["floors_from_height"] == 1
    assert document["summary"]["flagged"]["plot_ratio_max"] == 1
    assert document["certificate"]["holds"]


def test_plot_ratios_refuse_what_they_cannot_read(city):
    ask = {"parcels": "parcels", "buildings": "houses"}
    with pytest.raises(AssertionError, match="'buildings' has no column storeys: it has floors"):
        decide(city, "plot-ratio", **ask, floors="storeys")
    with pytest.raises(AssertionError, match="say by limits_by"):
        decide(city, "plot-ratio", **ask, limits="limits")
    with pytest.raises(AssertionError, match="has none of plot_ratio_max"):
        decide(city, "plot-ratio", **ask, limits="parcels", limits_by="code")
    with pytest.raises(AssertionError, match="need a column of storeys or of heights"):
        decide(city, "plot-ratio", parcels="parcels", buildings="parcels")
    put(city, "twice", table(code=["R", "R"], plot_ratio_max=[0.4, 1.0]))
    with pytest.raises(AssertionError, match="'R' twice"):
        decide(city, "plot-ratio", **ask, limits="twice", limits_by="code")


def test_what_is_no_polygon_is_refused(city):
    points = squares((0, 0, 1, 1))
    put(city, "points", points.set_geometry(points.centroid))
    with pytest.raises(AssertionError, match="'points' holds Point, not Polygons"):
        decide(city, "control-line-check", project="points", farmland="farmland")
