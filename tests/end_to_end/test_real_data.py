"""Real files through the command line beside a running service: loaded, overlaid, published."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import pandas as pd
import pytest
import shapely
from service import Service

from spatial.asof import AsOf
from spatial.database import Database
from spatial.frame import read_frame
from spatial.grant import OWNER

XINWU = "china/xinwu_wuxi"
KAMPEN = "landuse/kampen_nl"
FILES = {
    "land_use": (f"{XINWU}/xinwu_land_use.gpkg", 2_033, 32650),
    "grid_250m": (f"{XINWU}/xinwu_grid_250m.gpkg", 3_999, 32650),
    "xinwu_water_osm": (f"{XINWU}/xinwu_water_osm.gpkg", 87, 32650),
    "road_centerlines": (f"{XINWU}/xinwu_road_centerlines.gpkg", 5_835, 32650),
    "landuse": (f"{KAMPEN}/landuse.gpkg", 6_615, 28992),
}
#: What geopandas and we may differ by: 1e-9 of a sum, or of a square of 30 m where it is less.
RELATIVE, SLIVER_M2 = 1e-9, 1e-6


@pytest.fixture(scope="module")
def reports(empty: Service, shared_data: Path) -> dict[str, Any]:
    """Every file loaded, and of Kampen's four layers the buildings."""
    loaded = {
        name: empty.command("load", str(shared_data / file), "--class", "public")
        for name, (file, _, _) in FILES.items()
    }
    kampen = str(shared_data / KAMPEN / "kampen_osm_rd.gpkg")
    loaded["buildings"] = empty.command("load", kampen, "--layer", "buildings", "--class", "public")
    return loaded


def test_every_row_is_loaded(reports: dict[str, Any], empty_books: Database) -> None:
    expected = {**FILES, "buildings": ("", 29_673, 28992)}
    for name, (_, rows, srid) in expected.items():
        report = reports[name]
        assert report["layer"] == name
        assert report["read"] == rows == report["loaded"] + report["rejected"]
        assert report["srid"] == srid
        frame = read_frame(empty_books, name, AsOf(), OWNER)
        assert len(frame) == report["loaded"]
        assert frame.geometry.is_valid.all()
    for name, invalid in (("buildings", 5), ("landuse", 2), ("land_use", 0)):
        assert reports[name]["repaired"] + reports[name]["rejected"] == invalid


def test_they_are_published_at_once_in_every_worker(
    reports: dict[str, Any], empty: Service
) -> None:
    for _ in range(16):  # a new connection each, so that both workers come to answer
        listed = httpx.get(f"{empty.url}collections?f=json").json()["collections"]
        assert {"buildings", *FILES} <= {one["id"] for one in listed}
        hits = httpx.get(f"{empty.url}collections/buildings/items?resulttype=hits").json()
        assert hits["numberMatched"] == reports["buildings"]["loaded"]


@pytest.mark.parametrize(
    ("left", "right", "code", "cell"),
    [
        ("land_use", "grid_250m", "Class", "grid_id_main"),
        ("buildings", "landuse", "building", "fid"),
    ],
)
def test_an_overlay_equals_geopandas(
    reports: dict[str, Any],
    empty: Service,
    empty_books: Database,
    left: str,
    right: str,
    code: str,
    cell: str,
) -> None:
    """The area of each class in each cell, in the source's own CRS."""
    output = f"{left}_by_{right}"
    words = [f"left={left}", f"right={right}", "how=intersection"]
    options = [option for word in words for option in ("--input", word)]
    done = empty.command("run", "land-use-overlay", *options, "--output", output)
    assert done["status"] == "successful"
    assert done["certificate"]["holds"]
    made = read_frame(empty_books, output, AsOf(), OWNER)
    assert made.crs.to_epsg() == FILES[right][2]
    assert made["area_m2"].to_numpy() == pytest.approx(made.geometry.area.to_numpy(), rel=1e-12)
    ours = made.groupby([code, "right_fid" if cell == "fid" else cell], dropna=False)["area_m2"]
    theirs = _by_geopandas(empty_books, left, right).groupby([code, cell], dropna=False)["area"]
    both = pd.concat({"ours": ours.sum(), "theirs": theirs.sum()}, axis=1).fillna(0.0)
    off = (both["ours"] - both["theirs"]).abs()
    allowed = RELATIVE * both["theirs"].clip(lower=SLIVER_M2 / RELATIVE)
    assert (off <= allowed).all(), both[off > allowed]
    assert len(both) > 600
    published = httpx.get(f"{empty.url}collections/{output}/items?resulttype=hits").json()
    assert published["numberMatched"] == len(made) == done["summary"]["features"]


def _by_geopandas(books: Database, left: str, right: str) -> pd.DataFrame:
    first, second = (read_frame(books, name, AsOf(), OWNER) for name in (left, right))
    first = first.drop(columns=["fid", "version"])
    pieces: gpd.GeoDataFrame = gpd.overlay(first, second.drop(columns="version"), "intersection")
    return pieces.assign(area=shapely.area(pieces.geometry.array))
