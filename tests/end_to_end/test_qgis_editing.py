"""A QGIS of 3.34 or newer does its whole job: filters, edits, other CRSs, times, pages."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from qgis_home import Qgis, editing_qgis
from service import Service
from witness import Witness, witnessed

from spatial.asof import AsOf, as_of
from spatial.database import Database
from spatial.frame import read_frame
from spatial.grant import OWNER

EPSG = "http://www.opengis.net/def/crs/EPSG/0"
# metres of the zone, with its number before them: northing first by the authority
EAST, NORTH = 40_528_000, 3_486_000


@pytest.fixture(scope="module")
def editing() -> Iterator[tuple[Path, Callable[[str], Qgis]]]:
    with editing_qgis() as found:
        yield found


@pytest.fixture
def witness(service: Service) -> Iterator[Witness]:
    with witnessed(service.url) as standing:
        yield standing


@pytest.fixture(scope="module")
def beds(service: Service, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two flower beds in EPSG:4528."""
    file = tmp_path_factory.mktemp("beds") / "beds.gpkg"
    squares = [shapely.box(EAST + x, NORTH, EAST + x + 10, NORTH + 20) for x in (0, 100)]
    frame = gpd.GeoDataFrame({"name": ["玫瑰", "tulip"], "plants": [3, 4]}, geometry=squares)
    frame.set_crs(4528).to_file(file)
    service.command("load", str(file), "--class", "public")
    return "beds"


def steps(ask: Qgis, *wanted: dict[str, Any], **order: Any) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = ask(steps=list(wanted), **order)["steps"]
    return seen


def test_filters_are_the_servers_work(editing: Any, witness: Witness, books: Database) -> None:
    where = '"floors" > 20 AND "use_en" = \'Residential\''
    [seen] = steps(editing[1](witness.url), {"name": "buildings", "where": where})
    city = read_frame(books, "buildings", AsOf(), OWNER)
    wanted = city[(city["floors"] > 20) & (city["use_en"] == "Residential")]
    assert seen["count"] == len(wanted) > 0
    assert seen["editable"].find("Add Features") == -1  # nobody may without a token
    asked = [one for one in witness.to("/buildings/items") if "filter" in one.query]
    assert {one.query["filter-lang"] for one in asked} == {"cql2-text"}
    served = sum(json.loads(one.body)["numberReturned"] for one in asked)
    assert served == len(wanted)


def test_pages_of_a_thousand_are_followed_at_one_moment(
    editing: Any, witness: Witness, books: Database
) -> None:
    [seen] = steps(editing[1](witness.url), {"name": "lamps"})
    assert seen["count"] == len(read_frame(books, "lamps", AsOf(), OWNER)) > 2000
    pages = [one for one in witness.to("/lamps/items") if one.query["limit"] == "1000"]
    assert len(pages) == -(-seen["count"] // 1000)
    assert len({one.query["known_at"] for one in pages[1:]}) == 1


@pytest.mark.parametrize("code", [4490, 4549, 3857])
def test_another_crs_is_asked_for_and_drawn_east_first(
    editing: Any, witness: Witness, books: Database, code: int
) -> None:
    [seen] = steps(editing[1](witness.url), {"name": "districts", "crs": f"EPSG:{code}"})
    assert seen["crs"] == f"EPSG:{code}"
    city = read_frame(books, "districts", AsOf(), OWNER).to_crs(code)
    boxes = sorted(row["box"] for row in seen["rows"])
    for box, known in zip(boxes, sorted(city.bounds.values.tolist()), strict=True):
        assert box == pytest.approx(known, abs=1e-5 if code == 4490 else 0.01)
    [whole] = [one for one in witness.to("/districts/items") if one.query["limit"] == "1000"]
    assert whole.query["crs"] == f"{EPSG}/{code}"


def test_a_box_is_turned_as_its_crs_asks(editing: Any, witness: Witness, beds: str) -> None:
    near = [EAST + 90, NORTH - 10, EAST + 120, NORTH + 30]
    [seen] = steps(editing[1](witness.url), {"name": beds, "box": near})
    assert [row["name"] for row in seen["rows"]] == ["tulip"]
    [asked] = [one for one in witness.to("/beds/items") if "bbox" in one.query]
    assert asked.query["bbox-crs"] == f"{EPSG}/4528"
    first, *_ = map(float, asked.query["bbox"].split(","))
    assert first == pytest.approx(NORTH - 10, abs=100)


def test_a_moment_of_the_connection(editing: Any, service: Service, books: Database) -> None:
    then = {"name": "buildings", "url": f"{service.url}?datetime=2000", "where": '"floors" > 9'}
    [seen] = steps(editing[1](service.url), then)
    city = read_frame(books, "buildings", as_of("2000"), OWNER)
    assert seen["count"] == int((city["floors"] > 9).sum()) > 0


def test_layers_are_edited_in_place_and_nothing_is_lost(
    editing: Any, witness: Witness, service: Service, books: Database, beds: str
) -> None:
    before = datetime.now(UTC)
    square = shapely.box(EAST + 200, NORTH, EAST + 210, NORTH + 30)
    witness.capitals = True  # QGIS 3.40.6 knows Location by no other spelling (its #61729)
    edits = [
        ["add", shapely.MultiPolygon([square]).wkt, {"name": "lily", "plants": 7}],
        ["change", "name = 'tulip'", {"plants": 44}],
        ["move", "name = 'tulip'", 5, 3],
        ["remove", "name = '玫瑰'"],
        # by now QGIS may show the times of what it has saved as attributes, and send them along
        ["add", shapely.MultiPolygon([square]).wkt, {"name": "iris", "plants": 1}],
    ]
    token = service.token("write")
    ask = editing[1](witness.url)
    [first] = steps(ask, {"name": beds, "edits": edits[:4]}, password=token)
    [again] = steps(ask, {"name": beds, "edits": edits[4:]}, password=token)
    assert first["said"] == [[], [], [], []]
    assert again["said"] == [[]]
    sample = [one for one in witness.to(f"/{beds}/items") if one.query.get("limit") == "10"][-1]
    told = {one["id"]: one["time"]["interval"] for one in json.loads(sample.body)["features"]}
    assert told.keys() == {2, 3}
    assert all(before <= datetime.fromisoformat(start) for start, _ in told.values())
    rows = {row["name"]: row for row in again["rows"]}
    assert rows.keys() == {"tulip", "lily", "iris"}
    assert rows["tulip"]["plants"] == "44"
    assert rows["tulip"]["box"] == pytest.approx([EAST + 105, NORTH + 3, EAST + 115, NORTH + 23])
    now = read_frame(books, beds, AsOf(), OWNER).set_index("name")
    assert set(now.index) == rows.keys()
    for name, row in rows.items():
        assert now.geometry[name].bounds == pytest.approx(row["box"], abs=1e-3)
    past = read_frame(books, beds, as_of(before.isoformat()), OWNER)
    assert dict(zip(past["name"], past["plants"], strict=True)) == {"玫瑰": 3, "tulip": 4}
    methods = [one.method for one in witness.seen if one.method not in ("GET", "OPTIONS")]
    assert methods == ["POST", "PATCH", "PATCH", "DELETE", "POST"]


def test_a_token_that_only_reads_edits_nothing(editing: Any, service: Service, beds: str) -> None:
    [seen] = steps(editing[1](service.url), {"name": beds}, password=service.token("read"))
    for forbidden in ("Add", "Change", "Delete"):
        assert forbidden not in seen["editable"]


def test_our_project_opens(editing: Any, service: Service, tmp_path: Path) -> None:
    home, at = editing
    file = tmp_path / "city.qgz"
    service.command("qgis", str(file), "--moment", "2005")
    shutil.copy(file, home)
    ask = at(service.url)
    [seen] = steps(ask, {"project": f"/tmp/{home.name}/city.qgz"})
    assert seen["read"]
    assert len(seen["valid"]) > 30
    assert all(seen["valid"])
