"""Two edits at two times and a plan, seen alike by five AsOfs wherever one looks.

The expected states are written down by hand. A is a parcel whose use changes, B one that is
given up, C one that the plan moves far away.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import pytest
import shapely
from service import Service

from citytwin import City
from spatial import scenario
from spatial.asof import AsOf, format_instant
from spatial.database import Database
from spatial.edit import edit
from spatial.frame import read_frame
from spatial.grant import OWNER

LAYER, CELLS, PLAN = "parcels_2020", "cells", "wetland_kept"
A, B, C = 1, 2, 3
MOVED_M = 20_000
WAS = {A: 11, B: 22, C: 33}

#: Use by parcel as the land was, as edited, and as planned; a parcel left out is not there.
BEFORE = WAS
CHANGED = WAS | {A: 101}
GIVEN_UP = {A: 101, C: 33}
PLANNED = {A: 202, C: 33}


@dataclass(frozen=True)
class View:
    """An AsOf by its HTTP words, and what must be seen."""

    asof: dict[str, str]
    uses: dict[int, int]
    moved: bool = False


@pytest.fixture(scope="module")
def parcels(
    empty: Service,
    empty_books: Database,
    shared_data: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> datetime:
    """Three real parcels and the cells around them, edited twice and planned.

    Returns the stamp of the first edit.
    """
    place = tmp_path_factory.mktemp("parcels")
    xinwu = shared_data / "china/xinwu_wuxi"
    land = gpd.read_file(xinwu / "xinwu_land_use.gpkg").iloc[[100, 101, 102]]
    land = land.assign(Class=list(WAS.values()))
    grid = gpd.read_file(xinwu / "xinwu_grid_250m.gpkg")
    grid = grid[grid.intersects(land.union_all())]
    for name, frame in ((LAYER, land), (CELLS, grid)):
        frame.to_parquet(place / f"{name}.parquet")
        empty.command("load", str(place / f"{name}.parquet"), "--class", "public")
    with edit(empty_books, LAYER, author="zhou") as editor:
        editor.update(A, {"Class": 101}, at=datetime(2015, 1, 1, tzinfo=UTC))
        stamp = editor.stamp
    with edit(empty_books, LAYER, author="li") as editor:
        editor.remove(B, at=datetime(2020, 1, 1, tzinfo=UTC))
    scenario.create(empty_books, PLAN, author="wang")
    with edit(empty_books, LAYER, author="wang", scenario=PLAN) as editor:
        editor.update(A, {"Class": 202}, at=datetime(2022, 1, 1, tzinfo=UTC))
        home = land.geometry.iloc[2]
        away = shapely.transform(home, lambda xy: xy + MOVED_M)
        editor.update(C, {}, away, 32650, at=datetime(2022, 1, 1, tzinfo=UTC))
    return stamp


@pytest.fixture(scope="module")
def views(parcels: datetime) -> dict[str, View]:
    known = {"known_at": format_instant(parcels)}
    plan = {"scenario": PLAN}
    return {
        "now": View({}, GIVEN_UP),
        "past valid": View({"datetime": "2010"}, BEFORE),
        "past known": View(known, CHANGED),
        "planned": View(plan, PLANNED, moved=True),
        "planned, past valid": View(plan | {"datetime": "2017"}, CHANGED),
    }


NAMES = ("now", "past valid", "past known", "planned", "planned, past valid")


@pytest.mark.parametrize("name", NAMES)
def test_items(empty: Service, views: dict[str, View], homes: dict[int, Any], name: str) -> None:
    view = views[name]
    found = httpx.get(f"{empty.url}collections/{LAYER}/items", params=view.asof).json()
    assert {one["id"]: one["properties"]["Class"] for one in found["features"]} == view.uses
    assert found["numberMatched"] == len(view.uses)
    for one in found["features"]:
        there = shapely.geometry.shape(one["geometry"]).intersects(homes[one["id"]])
        assert there == (one["id"] != C or not view.moved)
    for fid in (A, B, C):
        url = f"{empty.url}collections/{LAYER}/items/{fid}"
        assert httpx.get(url, params=view.asof).status_code == (200 if fid in view.uses else 410)


@pytest.mark.parametrize("name", NAMES)
def test_tiles(
    empty: Service, views: dict[str, View], homes: dict[int, Any], tmp_path: Path, name: str
) -> None:
    """The tile over each parcel's place, in both of its addresses."""
    view = views[name]
    seen = {}
    for fid, home in homes.items():
        z, x, y = _tile_of(home)
        xyz = httpx.get(f"{empty.url}tiles/{LAYER}/{z}/{x}/{y}.mvt", params=view.asof)
        ogc = httpx.get(
            f"{empty.url}collections/{LAYER}/tiles/WebMercatorQuad/{z}/{y}/{x}",
            params=view.asof | {"f": "mvt"},
        )
        assert xyz.content == ogc.content
        uses = _decoded(xyz.content, tmp_path)
        if fid in uses:
            seen[fid] = uses[fid]
    moved_off = {C} if view.moved else set()
    assert seen == {fid: use for fid, use in view.uses.items() if fid not in moved_off}


@pytest.mark.parametrize("name", NAMES)
def test_the_notebooks_city(
    empty: Service, views: dict[str, View], homes: dict[int, Any], name: str
) -> None:
    view = views[name]
    with City(empty.url) as city:
        layer = city.layer(LAYER)
        if "datetime" in view.asof:
            layer = layer.at(view.asof["datetime"])
        if "known_at" in view.asof:
            layer = layer.known_at(view.asof["known_at"])
        if "scenario" in view.asof:
            layer = layer.scenario(view.asof["scenario"])
        assert layer.to_geopandas()["Class"].to_dict() == view.uses
        assert layer.count() == len(view.uses)
        around_c = layer.to_geopandas(bbox=homes[C].buffer(-1e-5).bounds)
        assert (C in around_c.index) == (not view.moved)


@pytest.mark.parametrize("name", NAMES)
def test_an_overlay(
    empty: Service, empty_books: Database, views: dict[str, View], writer: str, name: str
) -> None:
    """What of each parcel lies in the cells; the plan moved C out of them."""
    view = views[name]
    words = {"at" if key == "datetime" else key: value for key, value in view.asof.items()}
    with City(empty.url, writer) as city:
        result = city.run("land-use-overlay", left=LAYER, right=CELLS, how="intersection", **words)
        assert result.certificate["holds"]
        pieces = result.layer.to_geopandas()
    uses = dict(zip(pieces["left_fid"], pieces["Class"], strict=True))
    assert uses == {fid: use for fid, use in view.uses.items() if fid != C or not view.moved}
    land = read_frame(empty_books, LAYER, AsOf(datetime(2010, 1, 1, tzinfo=UTC)), OWNER)
    areas = land.set_index("fid").geometry.area
    covered = pieces.groupby("left_fid")["area_m2"].sum()
    for fid in uses:
        assert covered[fid] == pytest.approx(areas[fid], rel=1e-9)


def test_every_answer_names_its_asof(empty: Service, views: dict[str, View]) -> None:
    asked = views["planned, past valid"].asof
    answer = httpx.get(f"{empty.url}collections/{LAYER}/items", params=asked).json()
    assert answer["asOf"]["scenario"] == PLAN
    assert answer["asOf"]["datetime"] == "2017-12-31T15:59:59.999999Z"
    again = httpx.get(f"{empty.url}collections/{LAYER}/items", params=answer["asOf"]).json()
    assert again["features"] == answer["features"]


@pytest.fixture(scope="module")
def homes(parcels: datetime, empty_books: Database) -> dict[int, Any]:
    """Where each parcel lay at first, in degrees."""
    then = AsOf(datetime(2010, 1, 1, tzinfo=UTC))
    frame = read_frame(empty_books, LAYER, then, OWNER).to_crs(4326)
    return dict(zip(frame["fid"], frame.geometry, strict=True))


@pytest.fixture(scope="module")
def writer(empty: Service) -> str:
    return empty.token("write")


def _tile_of(shape: Any, z: int = 15) -> tuple[int, int, int]:
    inside = gpd.GeoSeries([shape.representative_point()], crs=4326).to_crs(3857).iloc[0]
    side, half = 2 * 20037508.342789244 / 2**z, 20037508.342789244
    return z, int((inside.x + half) // side), int((half - inside.y) // side)


def _decoded(tile: bytes, place: Path) -> dict[int, int]:
    """Use by feature id, as GDAL reads the tile."""
    if not tile:
        return {}
    file = place / "tile.mvt"
    file.write_bytes(tile)
    frame = gpd.read_file(file)
    return dict(zip(frame["mvt_id"], frame["Class"], strict=True))
