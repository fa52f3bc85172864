"""The project that `citytwin qgis` writes, opened by the real QGIS."""

import zipfile
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import geopandas as gpd
import pytest
import shapely
from qgis_home import Qgis
from service import Service

from spatial.asof import AsOf, as_of
from spatial.database import Database
from spatial.grant import ANONYMOUS
from spatial.query import reading
from tiles.cartography import look

PLAN, RESULT = "new_town", "near_stations"
# a square kilometre in the centre, in web mercator
EXTENT = [13_398_000, 3_696_000, 13_399_000, 3_697_000]


@pytest.fixture(scope="module")
def opened(
    service: Service, qgis: Qgis, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """A project of now, of 2005 and of a plan, as QGIS has opened it."""
    service.command("scenario", "create", PLAN, "--title", "东部新城")
    words = ["sources=ecology_line", "layer=parcels?filter=land_code LIKE '0804%'",
             "distances=300,800"]  # fmt: skip
    options = [option for word in words for option in ("--input", word)]
    service.command("run", "buffer-overlap", *options, "--output", RESULT)
    file = tmp_path_factory.mktemp("project") / "city.qgz"
    service.command("qgis", str(file), "--moment", "2005", "--scenario", PLAN)
    draw = ["parcels_features_0", "parcels_tiles_0", "terrain_picture_0"]
    seen: dict[str, Any] = qgis(project={"file": str(file), "draw": draw, "extent": EXTENT})
    return seen["project"] | {"file": file}


def count(books: Database, layer: str, asof: AsOf) -> int:
    with reading(books, layer, asof, ANONYMOUS) as (pg, view):
        row = pg.execute(view.count()).fetchone()
    return int(row[0]) if row else 0


def test_every_layer_is_valid_and_in_its_group(opened: dict[str, Any]) -> None:
    assert opened["read"]
    assert (opened["title"], opened["crs"]) == ("锦澜市", "EPSG:3857")
    assert all(layer["valid"] for layer in opened["layers"].values())
    assert [next(iter(group)) for group in opened["tree"]] == ["现状", "历史时点", "方案"]
    now, moments, plans = (next(iter(group.values())) for group in opened["tree"])
    [then], [plan] = moments, plans
    assert (list(then), list(plan)) == (["2005"], ["东部新城"])
    for number, group in enumerate((now, then["2005"], plan["东部新城"])):
        *features, tiles = group
        assert f"buildings_features_{number}" in features
        assert f"buildings_tiles_{number}" in tiles["矢量瓦片"]
        # points lie on what is below them
        above, below = f"lamps_features_{number}", f"parcels_features_{number}"
        assert features.index(above) < features.index(below)
    assert opened["layers"]["buildings_features_0"]["name"] == "建筑"


@pytest.mark.parametrize(("number", "at"), [(0, None), (1, "2005")])
@pytest.mark.parametrize("layer", ["buildings", "parcels", "lamps"])
def test_counts_are_of_the_moment(
    opened: dict[str, Any], books: Database, layer: str, number: int, at: str | None
) -> None:
    seen = opened["layers"][f"{layer}_features_{number}"]["count"]
    assert seen == count(books, layer, as_of(at)) > 0


def test_a_layer_that_was_not_there_yet_is_left_out(
    opened: dict[str, Any], books: Database
) -> None:
    assert count(books, "urban_line", as_of("2005")) == 0
    assert "urban_line_features_0" in opened["layers"]
    assert "urban_line_features_1" not in opened["layers"]


@pytest.mark.parametrize(
    ("layer", "geometry", "column", "renderer"),
    [
        ("parcels", "polygon", "land_code", "categorizedSymbol"),
        ("roads", "line", "class", "categorizedSymbol"),
        ("water", "polygon", "", "singleSymbol"),
        ("lamps", "point", "", "singleSymbol"),
    ],
)
def test_renderers_have_the_maps_colours(
    opened: dict[str, Any], layer: str, geometry: Any, column: str, renderer: str
) -> None:
    drawn = opened["layers"][f"{layer}_features_0"]
    entries = look(layer, {"zh": "", "en": ""}, geometry, [column], "zh").legend
    colours = [entry["colour"] for entry in entries]
    assert drawn["renderer"] == renderer
    assert list(drawn["legend"].values()) == colours
    assert list(opened["layers"][f"{layer}_tiles_0"]["legend"].values()) == colours
    if renderer == "categorizedSymbol":
        assert list(drawn["legend"]) == [entry["label"]["zh"] for entry in entries]


def test_a_result_is_drawn_by_its_figures(opened: dict[str, Any]) -> None:
    drawn = opened["layers"][f"{RESULT}_features_0"]
    assert drawn["valid"]
    assert drawn["count"] > 0
    its_look = look(RESULT, {"zh": "", "en": ""}, "polygon", ["within_m"], "zh", "buffer-overlap")
    assert drawn["renderer"] == "categorizedSymbol"
    assert drawn["legend"] == {one["label"]["zh"]: one["colour"] for one in its_look.legend}


def test_tiles_and_features_give_one_picture(opened: dict[str, Any]) -> None:
    features, tiles = (opened["drawn"][f"parcels_{kind}_0"] for kind in ("features", "tiles"))
    assert len(features) > 3
    assert tiles.keys() == features.keys()
    for colour, share in features.items():
        assert tiles[colour] == pytest.approx(share, abs=0.02)


def test_rasters_are_drawn(opened: dict[str, Any]) -> None:
    assert opened["layers"]["terrain_picture_0"]["valid"]
    assert "#ffffff" not in opened["drawn"]["terrain_picture_0"]


def test_it_is_served_in_english_too_at_the_connections_moment(
    service: Service, qgis: Qgis, tmp_path: Path
) -> None:
    file = tmp_path / "city.qgz"
    with urlopen(f"{service.url}qgis.qgz?lang=en&datetime=2012") as answer:
        file.write_bytes(answer.read())
    seen = qgis(project={"file": str(file), "draw": [], "extent": EXTENT})["project"]
    assert seen["title"] == "Jinlan"
    assert "Now" in seen["tree"][0]
    buildings = seen["layers"]["buildings_features_0"]
    assert buildings["name"] == "Buildings"
    assert "datetime=2012" in buildings["source"]


def test_what_is_not_public_is_in_it_only_for_whoever_may_see_it(
    service: Service, tmp_path: Path
) -> None:
    secret = tmp_path / "wells.gpkg"
    gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(120.3, 31.5)], crs=4326).to_file(secret)
    service.command("load", str(secret))
    plain, full = tmp_path / "plain.qgz", tmp_path / "full.qgz"
    service.command("qgis", str(plain))
    service.command("qgis", str(full), "--authcfg", "a1b2c3d")
    texts = [zipfile.ZipFile(one).read("city.qgs").decode() for one in (plain, full)]
    assert ["wells" in text for text in texts] == [False, True]
    assert ["authcfg=a1b2c3d" in text for text in texts] == [False, True]
