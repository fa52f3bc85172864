"""Tiles as they are asked for: copies, the cache, and what an edit makes anew."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import shapely
import shapely.geometry
from town import SRID, decode, load, squares, year, zxy_at

from spatial import scenario
from spatial.asof import AsOf
from spatial.crs import transformer
from spatial.database import Database
from spatial.edit import edit
from spatial.errors import NotFound
from spatial.grant import ANONYMOUS, OWNER, Grant
from tiles.build import store
from tiles.cache import Cache
from tiles.server import TileServer, Wanted
from tiles.vector import Zxy, bounds

HERE = zxy_at(16, 528_085, 3_486_005)
THERE = HERE[0], HERE[1], HERE[2] - 2  # beside a neighbour of the cells that changes are logged in


@pytest.fixture(params=["stored", "not stored"])
def town(database: Database, request: pytest.FixtureRequest) -> Database:
    load(database, "town", squares(300), "MultiPolygon")
    if request.param == "stored":
        store(database, "town")
    return database


def wanted(zxy: Zxy, asof: AsOf | None = None, grant: Grant = OWNER) -> Wanted:
    return Wanted("town", zxy, asof or AsOf(), grant)


def test_an_edit_makes_only_the_tiles_anew_that_it_touched(town: Database) -> None:
    server = TileServer(town)
    first = {zxy: server.tile_now(wanted(zxy)) for zxy in (HERE, THERE)}
    assert server.cache.made == 2
    with edit(town, "town", author="ada") as editor:
        editor.update(3, {"code": "new"})
    assert server.tile_now(wanted(THERE)).etag == first[THERE].etag
    assert server.cache.made == 2
    fresh = server.tile_now(wanted(HERE))
    assert fresh.etag != first[HERE].etag
    assert decode(fresh.data or b"", "town").features[3]["properties"]["code"] == "new"
    assert server.cache.made == 3


def test_an_edit_is_seen_at_once_by_every_worker(town: Database) -> None:
    other = Database(town.conninfo)
    servers = TileServer(town), TileServer(other)
    for round_ in range(5):
        with edit(town, "town", author="ada") as editor:
            editor.update(3, {"code": f"round {round_}"})
        seen = [server.tile_now(wanted(HERE)) for server in servers]
        codes = [decode(t.data or b"", "town").features[3]["properties"]["code"] for t in seen]
        assert codes == [f"round {round_}"] * 2
        assert seen[0].etag == seen[1].etag
    other.close()


def test_the_past_and_scenarios_are_kept_too(town: Database) -> None:
    server = TileServer(town)
    scenario.create(town, "plan", author="ada")
    with edit(town, "town", author="ada", scenario="plan") as editor:
        editor.remove(3)
    with edit(town, "town", author="ada") as editor:
        editor.update(4, {"code": "new"})
    asked = [
        wanted(HERE),
        wanted(HERE, AsOf(year(2005))),
        wanted(HERE, AsOf(year(2005), year(2100))),
        wanted(HERE, AsOf(scenario="plan")),
    ]
    first = [server.tile_now(one) for one in asked]
    assert len({tile.etag for tile in first}) == 4
    assert 3 not in decode(first[3].data or b"", "town").features
    made = server.cache.made
    assert [server.tile_now(one).data for one in asked] == [tile.data for tile in first]
    assert server.cache.made == made


def test_a_past_edition_stays_as_it_is(town: Database) -> None:
    server = TileServer(town)
    with edit(town, "town", author="ada") as editor:
        editor.update(3, {"code": "new"})
    then = AsOf(year(2015), editor.stamp)
    with edit(town, "town", author="ada") as editor:
        editor.update(3, {"code": "newer"})
    first = server.tile_now(wanted(HERE, then))
    with edit(town, "town", author="ada") as editor:
        editor.update(3, {"code": "newest"})
    assert server.tile_now(wanted(HERE, then)).etag == first.etag
    assert server.cache.made == 1


def test_many_who_ask_for_a_tile_have_it_made_once(town: Database) -> None:
    server, start = TileServer(town), Barrier(16)

    def ask(_: int) -> bytes | None:
        start.wait()
        return server.tile_now(wanted(HERE)).data

    with ThreadPoolExecutor(16) as pool:
        answers = set(pool.map(ask, range(16)))
    assert len(answers) == 1
    assert server.cache.made == 1


def test_a_cache_never_holds_more_than_it_may() -> None:
    cache = Cache(10_000, 1)
    for n in range(30):
        cache.make(str(n), lambda n=n: (str(n), bytes(1000))).result()  # type: ignore[misc]
        assert cache.size <= 10_000
    assert cache.get("29") is not None
    assert cache.get("0") is None


def test_work_that_fails_is_tried_again() -> None:
    cache = Cache(10_000, 1)
    with pytest.raises(ZeroDivisionError):
        cache.make("a", lambda: ("a", bytes(1 // 0))).result()
    assert cache.make("a", lambda: ("a", b"fine")).result() == ("a", b"fine")


def test_grants_do_not_share_what_is_kept(database: Database) -> None:
    load(database, "town", squares(300), "MultiPolygon", area_field="area_code", access="shared")
    store(database, "town")
    server = TileServer(database)
    half = Grant("half", classes=OWNER.classes, areas=("320200",), authenticated=True)
    zxy = zxy_at(13, 528_200, 3_486_200)
    whole = server.tile_now(wanted(zxy)).data
    part = server.tile_now(wanted(zxy, grant=half)).data
    every = decode(whole or b"", "town").features
    assert set(decode(part or b"", "town").features) == {fid for fid in every if fid % 2 == 1}
    with pytest.raises(NotFound):
        server.tile_now(wanted(zxy, grant=ANONYMOUS))


def test_a_tile_holds_what_geometry_says(town: Database) -> None:
    """Against shapely and pyproj: every feature, to one unit of the tile."""
    zxy = zxy_at(15, 528_300, 3_486_300)
    west, south, east, _ = bounds(*zxy)
    scale = 4096 / (east - west)
    box = shapely.box(-64, -64, 4160, 4160)
    to_mercator = transformer(SRID, 3857).transform
    told = decode(TileServer(town).tile_now(wanted(zxy, AsOf(year(2015)))).data or b"", "town")
    expected = {}
    for n, square in enumerate(squares(300)):
        flat = shapely.transform(square, lambda xy: np.stack(to_mercator(*xy.T), axis=1))
        placed = shapely.transform(flat, lambda xy: (xy - (west, south)) * scale)
        if placed.intersects(box):
            expected[n + 1] = placed.intersection(box)
    assert set(told.features) == set(expected)
    for fid, shape in expected.items():
        drawn = shapely.geometry.shape(told.features[fid]["geometry"])
        assert drawn.hausdorff_distance(shape) < 1.6
