"""Raster tiles: the right cells, in the right colours, at the right moment."""

from datetime import UTC, datetime
from urllib.parse import quote

import numpy as np
import pytest
from grids import ground, netcdf, rain, store_ground, store_rain
from rasterio.io import MemoryFile

from citytwin.rasters import store_raster, told
from datasets.cells import Frame, read
from spatial.asof import AsOf
from spatial.crs import WORLD, transformer
from spatial.grant import OWNER
from spatial.period import Period
from spatial.query import snapshot
from spatial.raster import Step
from spatial.rasters import find_visible

MIDDLE = transformer(4549, 3857).transform(528_400, 3_485_700)


def tile_at(x, y, z):
    side = 2 * WORLD / (1 << z)
    return z, int((x + WORLD) / side), int((WORLD - y) / side)


def pixels(client, z, x, y, form="png", **query):
    answer = client.get(f"/tiles/ground/{z}/{x}/{y}.{form}", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == f"image/{form}"
    with MemoryFile(answer.content) as memory, memory.open() as picture:
        return picture.read()


@pytest.fixture
def dem(database, tmp_path):
    return store_ground(database, tmp_path, vertical_datum="EPSG:5737")


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_terrain_rgb_codes_the_heights(client, dem):
    z, x, y = tile_at(*MIDDLE, 17)
    r, g, b = pixels(client, z, x, y, colormap="terrain-rgb").astype(float)
    heights = -10_000 + (r * 65_536 + g * 256 + b) * 0.1
    side = 2 * WORLD / (1 << z) / 256
    west, north = x * side * 256 - WORLD, WORLD - y * side * 256
    column, row = np.meshgrid(np.arange(256) + 0.5, np.arange(256) + 0.5)
    px, py = transformer(3857, 4549).transform(west + column * side, north - row * side)
    # a plane, which interpolation between cells keeps
    plane = 0.5 * ((3_486_000 - py) / 10 - 0.5) + 0.25 * ((px - 528_000) / 10 - 0.5)
    inside = (plane > 2) & (px > 528_020) & (px < 528_780) & (py > 3_485_420) & (py < 3_485_980)
    assert inside.sum() > 10_000
    assert np.abs(heights - plane)[inside].max() < 0.12


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_hillshade_has_the_light_of_the_ground(client, dem):
    made = pixels(client, *tile_at(*MIDDLE, 17), colormap="hillshade")
    east, south = 0.025, 0.05  # the plane's slopes
    light = (0.5 * (east + south) + np.sqrt(0.5)) / np.sqrt(1 + east**2 + south**2)
    inside = made[3] > 0
    assert inside.sum() > 10_000
    assert np.median(np.abs(made[0][inside] - 255 * light)) < 1
    assert np.array_equal(made[0], made[1])


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_colours_span_the_values(client, dem):
    z, x, y = tile_at(*MIDDLE, 14)
    drawn = pixels(client, z, x, y, rescale="0,50", colormap="gray")
    assert drawn.shape[1:] == (256, 256)
    clear = drawn[-1] == 0
    assert clear.any()
    assert not clear.all()
    assert client.get(f"/tiles/ground/{z}/{x}/{y}.webp").headers["content-type"] == "image/webp"
    same = client.get(f"/collections/ground/map/tiles/WebMercatorQuad/{z}/{y}/{x}?f=png")
    assert same.content == client.get(f"/tiles/ground/{z}/{x}/{y}.png").content


def test_tags_and_emptiness(client, dem):
    z, x, y = tile_at(*MIDDLE, 14)
    first = client.get(f"/tiles/ground/{z}/{x}/{y}.png")
    tag = {"If-None-Match": first.headers["etag"]}
    assert client.get(f"/tiles/ground/{z}/{x}/{y}.png", headers=tag).status_code == 304
    assert (
        client.get(f"/tiles/ground/{z}/{x}/{y}.png?colormap=blues", headers=tag).status_code == 200
    )
    assert client.get("/tiles/ground/14/0/0.png").status_code == 204
    assert client.get("/tiles/ground/0/0/0.png").status_code in (200, 204)


BAD = [
    ("/tiles/ground/99/0/0.png", 404, "zooms go to 22"),
    ("/tiles/ground/3/9/0.png", 404, "no tile"),
    ("/tiles/ground/14/0/0.gif", 404, ""),
    ("/tiles/nothing/1/0/0.png", 404, "no raster"),
    ("/tiles/ground/1/0/0.png?colormap=mud", 400, "no colour map"),
    ("/tiles/ground/1/0/0.png?rescale=1", 400, "two numbers"),
    ("/tiles/ground/1/0/0.png?rescale=2,1", 400, "a larger one"),
    ("/tiles/ground/1/0/0.png?properties=depth", 400, "no band"),
    ("/tiles/ground/1/0/0.png?datetime=2020/2021", 400, "one instant"),
    ("/collections/ground/map/tiles/Other/1/0/0", 404, "WebMercatorQuad"),
    ("/collections/ground/map/tiles/WebMercatorQuad/a/0/0", 404, "three numbers"),
    ("/collections/ground/map/tiles/WebMercatorQuad/1/0/0?f=bmp", 400, "png and webp"),
]


def test_bad_requests(client, dem):
    for path, status, words in BAD:
        answer = client.get(path)
        assert answer.status_code == status, path
        assert words in answer.text, path


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_legend_and_tilejson(client, dem):
    legend = client.get("/legends/ground.json").json()
    assert (legend["unit"], legend["colormap"], legend["minimum"]) == ("m", "terrain", 0.25)
    assert legend["stops"][-1]["value"] == legend["maximum"] == ground()[-1, -1]
    with MemoryFile(client.get("/legends/ground.png").content) as memory, memory.open() as picture:
        assert picture.shape == (24, 256)
    said = client.get("/tiles/ground.json?colormap=terrain-rgb").json()
    assert said["encoding"] == "mapbox"
    assert said["tiles"][0].endswith("/tiles/ground/{z}/{x}/{y}.png?colormap=terrain-rgb")
    assert 13 <= said["maxzoom"] <= 15


def test_the_moment_chooses_the_state(client, database, tmp_path):
    store_ground(database, tmp_path)
    store_ground(database, tmp_path, lift=100.0, valid=Period(datetime(2020, 1, 1, tzinfo=UTC)))
    z, x, y = tile_at(*MIDDLE, 14)
    place = f"/tiles/ground/{z}/{x}/{y}.png?rescale=0,200"
    now, then = client.get(place), client.get(f"{place}&datetime=2015")
    assert now.content != then.content
    with snapshot(database) as pg:
        before = find_visible(pg, "ground", OWNER)
    assert [e.valid.end is None for e in before.editions] == [False, True]
    shown = told(database, "ground", AsOf())
    assert shown is not None
    assert [state["to"] is None for state in shown["states"]] == [False, True]
    assert shown["bands"] == {"height": "m"}
    assert told(database, "nothing", AsOf()) is None


def test_the_books_keep_what_they_said(client, database, tmp_path):
    """A state is corrected; as known before, the old cells are still there."""
    period = Period(datetime(2020, 1, 1, tzinfo=UTC))
    store_ground(database, tmp_path, valid=period)
    with snapshot(database) as pg:
        known = find_visible(pg, "ground", OWNER).last_recorded.isoformat()
    store_ground(database, tmp_path, lift=50.0, valid=period)
    place = "/collections/ground/position?coords=POINT(120.297 31.491)"
    new = client.get(place).json()["ranges"]["height"]["values"][0]
    answer = client.get(f"{place}&known_at={quote(known)}")
    assert answer.status_code == 200, answer.text
    old = answer.json()["ranges"]["height"]["values"][0]
    assert new == old + 50
    assert client.get(f"{place}&datetime=2010").status_code == 404


def test_a_stack_shows_its_moment(client, database, tmp_path):
    store_rain(database, tmp_path)
    z, x, y = tile_at(*transformer(4549, 3857).transform(528_200, 3_485_850), 15)
    place = f"/tiles/rain/{z}/{x}/{y}.png?rescale=0,6000"
    first = client.get(f"{place}&datetime=2024-06-01T00:10Z")
    second = client.get(f"{place}&datetime=2024-06-01T01:10Z")
    assert first.status_code == second.status_code == 200
    assert first.content != second.content
    assert client.get(f"{place}&datetime=2023").status_code == 204


def test_levels_of_detail_are_read_where_few_cells_are_asked_for(database, tmp_path):
    """The mean of a coarse read is the mean of the cells."""
    wide = rain(1030, 1100)
    store_raster(database, tmp_path / "s", netcdf(tmp_path / "w.nc", wide), name="wide")
    with snapshot(database) as pg:
        edition = find_visible(pg, "wide", OWNER).latest
    small = Frame(edition.bounds, 4549, (103, 110))
    cells = read(tmp_path / "s", Step(edition, Period(), 2), small, (0,))
    assert cells.shape == (1, 103, 110)
    assert cells.mean() == pytest.approx(float(wide["rain"][2].mean()), rel=0.01)
