"""Tile matrix sets: as OGC and Tianditu define them, and tiles of each in their right places."""

import json
from math import asinh, atan, degrees, floor, pi, radians, sinh, tan
from typing import Any

import mapbox_vector_tile
import morecantile
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import renewed
from starlette.testclient import TestClient
from worlds import make_layer

from spatial.cells import cell_at
from spatial.crs import WGS84, transformer
from spatial.database import Database
from spatial.edit import edit
from spatial.errors import NotFound
from tiles.matrix_set import (
    CGCS2000_QUAD,
    MATRIX_SETS,
    WEB_MERCATOR_QUAD,
    WORLD_CRS84_QUAD,
    MatrixSet,
    matrix_set,
)

BOTH = (WEB_MERCATOR_QUAD, WORLD_CRS84_QUAD)
# the middle of Wuxi, and squares with it that were worked out by hand from Tianditu's rule:
# c, level n: column floor((lon + 180) / (360 / 2^n)), row floor((90 - lat) / (180 / 2^(n-1)))
LON, LAT = 120.3, 31.55
TIANDITU_C = [(1, 1, 0), (2, 3, 0), (3, 6, 1), (10, 854, 166), (18, 218671, 42561)]


def theirs(matrices: MatrixSet) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(morecantile.tms.get(matrices.id).model_dump_json())
    return made


@pytest.mark.parametrize("matrices", BOTH, ids=lambda one: one.id)
def test_the_common_sets_are_ogcs(matrices: MatrixSet) -> None:
    ours, known = matrices.definition("en"), theirs(matrices)
    for name in ("id", "uri", "crs", "orderedAxes", "wellKnownScaleSet"):
        assert ours[name] == known[name]
    for mine, one in zip(ours["tileMatrices"], known["tileMatrices"], strict=False):
        for name in ("id", "cornerOfOrigin", "tileWidth", "matrixWidth", "matrixHeight"):
            assert mine[name] == one[name]
        for name in ("scaleDenominator", "cellSize", "pointOfOrigin"):
            assert mine[name] == pytest.approx(one[name], rel=1e-12)


@pytest.mark.parametrize("matrices", BOTH, ids=lambda one: one.id)
@given(st.integers(0, 20), st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_squares_are_where_morecantile_has_them(
    matrices: MatrixSet, z: int, right: float, down: float
) -> None:
    columns, rows = matrices.shape(z)
    x, y = int(right * columns), int(down * rows)
    bounds = morecantile.tms.get(matrices.id).xy_bounds(morecantile.Tile(x, y, z))
    assert matrices.bounds(z, x, y) == pytest.approx(tuple(bounds), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(("z", "x", "y"), TIANDITU_C)
def test_tianditus_c_is_one_level_behind(z: int, x: int, y: int) -> None:
    assert (x, y) == (floor((LON + 180) / 360 * 2**z), floor((90 - LAT) / 180 * 2 ** (z - 1)))
    west, south, east, north = CGCS2000_QUAD.bounds(z, x, y)
    assert west <= LON < east
    assert south < LAT <= north
    assert WORLD_CRS84_QUAD.bounds(z - 1, x, y) == (west, south, east, north)
    assert CGCS2000_QUAD.shape(z) == WORLD_CRS84_QUAD.shape(z - 1) == (2**z, 2 ** (z - 1))
    (limits,) = [one for one in CGCS2000_QUAD.limits((LON, LAT, LON, LAT)) if
                 one["tileMatrix"] == str(z)]  # fmt: skip
    assert (limits["minTileCol"], limits["maxTileRow"]) == (x, y)


def test_tianditus_scales_are_at_96_dpi() -> None:
    """Its capabilities say 1 : 2.958293554545656E8 at level 1 of both sets."""
    for matrices in (CGCS2000_QUAD, WEB_MERCATOR_QUAD):
        one = next(m for m in matrices.definition("zh")["tileMatrices"] if m["id"] == "1")
        assert one["description"] == "1 : 295829355.5 at 96 dpi"
        assert one["scaleDenominator"] * 0.00028 * 96 / 0.0254 == pytest.approx(2.958293554545656e8)
    first = CGCS2000_QUAD.definition("zh")["tileMatrices"][0]
    assert (first["id"], first["cellSize"], first["pointOfOrigin"]) == ("1", 0.703125, [90, -180])
    assert CGCS2000_QUAD.definition("zh")["orderedAxes"] == ["Lat", "Lon"]


def test_what_no_set_has() -> None:
    for zxy in ((0, 0, 0), (1, 2, 0), (1, 0, 1), (23, 0, 0), (5, -1, 0)):
        with pytest.raises(NotFound):
            CGCS2000_QUAD.require(zxy)
    with pytest.raises(NotFound):
        matrix_set("WorldMercatorWGS84Quad")


def test_mercator_limits_meet_the_formula() -> None:
    (limits,) = [one for one in WEB_MERCATOR_QUAD.limits((LON, LAT, LON, LAT)) if
                 one["tileMatrix"] == "14"]  # fmt: skip
    row = (1 - asinh(tan(radians(LAT))) / pi) / 2 * 2**14
    assert limits["minTileRow"] == limits["maxTileRow"] == floor(row)
    world = WEB_MERCATOR_QUAD.limits((-180, -90, 180, 90))
    assert world[3] == {
        "tileMatrix": "3", "minTileRow": 0, "maxTileRow": 7, "minTileCol": 0, "maxTileCol": 7,
    }  # fmt: skip


def places(matrices: MatrixSet, zxy: tuple[int, int, int], data: bytes) -> dict[int, Any]:
    """The first corner of each feature of a tile, in degrees."""
    west, south, east, north = matrices.bounds(*zxy)
    found = {}
    for one in mapbox_vector_tile.decode(data)["plots"]["features"]:
        x, y = one["geometry"]["coordinates"][0][0]
        x, y = west + x / 4096 * (east - west), south + y / 4096 * (north - south)
        if matrices == WEB_MERCATOR_QUAD:
            x, y = degrees(x / 6378137), degrees(2 * atan(1) - pi / 2 + atan(sinh(y / 6378137)))
        found[one["id"]] = (x, y)
    return found


def test_features_lie_where_they_are_in_every_set(client: TestClient, plots: object) -> None:
    inverse = transformer(4549, WGS84)
    for matrices in MATRIX_SETS.values():
        z = 17 + matrices.first
        limits = matrices.limits((*inverse.transform(528_000, 3_486_000),) * 2)
        (one,) = [one for one in limits if one["tileMatrix"] == str(z)]
        zxy = (z, one["minTileCol"], one["minTileRow"])
        address = f"/collections/plots/tiles/{matrices.id}/{z}/{zxy[2]}/{zxy[1]}?f=mvt"
        answer = client.get(address)
        assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
        found = places(matrices, zxy, answer.content)
        assert found
        for fid, place in found.items():
            x = 528_000 + 10 * (fid - 1)
            corners = [inverse.transform(x + dx, 3_486_000 + dy) for dx in (0, 1) for dy in (0, 1)]
            assert min(max(map(abs, np.subtract(place, one))) for one in corners) < 2e-6


def test_a_degree_tile_is_fresh_after_an_edit_and_no_other_is_made_anew(
    client: TestClient, database: Database, plots: object
) -> None:
    lon, lat = transformer(4549, WGS84).transform(528_000.5, 3_486_000.5)
    column, row = floor((lon + 180) / 360 * 2**15), floor((90 - lat) / 180 * 2**14)
    near = f"/collections/plots/tiles/WorldCRS84Quad/14/{row}/{column}"
    far = f"/collections/plots/tiles/WorldCRS84Quad/14/{row - 99}/{column}"
    tags = {one: {"If-None-Match": client.get(one).headers["etag"]} for one in (near, far)}
    with edit(database, "plots", author="ada") as editor:
        editor.update(1, {"code": "new"})
    assert renewed(client, near, tags[near]).status_code == 200
    assert client.get(far, headers=tags[far]).status_code == 304


def test_the_sets_are_published(client: TestClient) -> None:
    listed = client.get("/tileMatrixSets").json()["tileMatrixSets"]
    assert [one["id"] for one in listed] == list(MATRIX_SETS)
    for one in listed:
        (link,) = one["links"]
        made = client.get(link["href"]).json()
        assert made["id"] == one["id"]
        morecantile.TileMatrixSet.model_validate(made)
    assert client.get("/tileMatrixSets/Nothing").status_code == 404
    links = {one["rel"]: one["href"] for one in client.get("/").json()["links"]}
    assert client.get(links["http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"]).json()
    assert client.get(links["http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes"]).json()


def test_a_tileset_says_where_its_tiles_are(client: TestClient, plots: object) -> None:
    for place in ("/collections/plots/tiles", "/tiles"):
        listed = client.get(f"{place}?datetime=2020").json()["tilesets"]
        assert [one["tileMatrixSetId"] for one in listed] == list(MATRIX_SETS)
        for head in listed:
            links = {one["rel"]: one["href"] for one in head["links"]}
            assert "datetime=2020" in links["self"]
            made = client.get(links["self"]).json()
            crs_uri = MATRIX_SETS[head["tileMatrixSetId"]].crs_uri
            assert (made["dataType"], made["crs"]) == ("vector", crs_uri)
            (layer,) = made["layers"]
            assert (layer["id"], layer["geometryDimension"]) == ("plots", 2)
            assert set(layer["propertiesSchema"]["properties"]) == {"code", "height"}
            (limits,) = [one for one in made["tileMatrixSetLimits"] if one["tileMatrix"] == "17"]
            template = {one["rel"]: one["href"] for one in made["links"]}["item"]
            for row in range(limits["minTileRow"], limits["maxTileRow"] + 1):
                address = template.replace("{tileMatrix}", "17").replace("{tileRow}", str(row))
                tile = client.get(address.replace("{tileCol}", str(limits["minTileCol"])))
                assert mapbox_vector_tile.decode(tile.content)["plots"]["features"]


def test_tiles_of_the_dataset_hold_the_collections_asked_for(
    client: TestClient, database: Database, plots: object
) -> None:
    make_layer(database, "trees")
    make_layer(database, "secret", access="restricted")
    z, x, y = cell_at(*transformer(4549, WGS84).transform(528_000.5, 3_486_000.5), 15)
    address = f"/tiles/WebMercatorQuad/{z}/{y}/{x}"
    assert set(mapbox_vector_tile.decode(client.get(address).content)) == {"plots", "trees"}
    some = client.get(f"{address}?collections=trees")
    assert some.content == client.get(f"/tiles/trees/{z}/{x}/{y}.mvt").content
    assert client.get(f"{address}?collections=trees,secret").status_code == 404
    assert client.get(f"{address}?f=png").status_code == 400
    assert client.get("/tiles/WebMercatorQuad/a/0/0").status_code == 404
    assert client.get("/tiles/Nothing/0/0/0").status_code == 404


def test_the_document_tells_of_tiles(client: TestClient, plots: object) -> None:
    paths = client.get("/openapi?f=json").json()["paths"]
    ids = [one["get"]["operationId"] for one in paths.values() if "get" in one]
    assert len(ids) == len(set(ids))
    for base in ("/tiles", "/collections/plots/tiles"):
        tile = paths[f"{base}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"]["get"]
        (scheme,) = [p for p in tile["parameters"] if p.get("name") == "tileMatrixSetId"]
        assert scheme["schema"]["enum"] == list(MATRIX_SETS)
        assert '"$ref": "http' not in json.dumps([paths[base], tile])
    assert "/tileMatrixSets/{tileMatrixSetId}" in paths
    declared = client.get("/conformance?f=json").json()["conformsTo"]
    for name in ("dataset-tilesets", "geodata-tilesets", "collections-selection"):
        assert f"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/{name}" in declared
