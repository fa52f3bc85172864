"""OGC API Tiles, Part 1 (20-057), and Tile Matrix Sets 2 (17-083r4), by their abstract tests.

What a tile holds, and where its squares lie, is held against other software in tests/tiles.
"""

from typing import Any

import mapbox_vector_tile
import morecantile
import pytest
from starlette.testclient import TestClient

BASE = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf"
TMS = "http://www.opengis.net/spec/tms/2.0/conf"
REL = "http://www.opengis.net/def/rel/ogc/1.0"
MVT = "application/vnd.mapbox-vector-tile"
PLOTS = "/collections/plots"
PLACES = (f"{PLOTS}/tiles", "/tiles")


def got(client: TestClient, url: str) -> dict[str, Any]:
    answer = client.get(url)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def links(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {link["rel"]: link for link in document["links"]}


def tilesets(client: TestClient, place: str) -> list[dict[str, Any]]:
    """The whole documents of the tilesets at a place."""
    listed = got(client, place)["tilesets"]
    return [got(client, links(one)["self"]["href"]) for one in listed]


def square(tileset: dict[str, Any], matrix: str) -> str:
    """The address of a tile that holds something."""
    (limits,) = (one for one in tileset["tileMatrixSetLimits"] if one["tileMatrix"] == matrix)
    address: str = links(tileset)["item"]["href"]
    for name, value in (("Matrix", matrix), ("Row", limits["minTileRow"]),
                        ("Col", limits["minTileCol"])):  # fmt: skip
        address = address.replace(f"{{tile{name}}}", str(value))
    return address


@pytest.mark.usefixtures("plots")
@pytest.mark.parametrize("place", PLACES)
class TestTiles:
    uri = (f"{BASE}/core", f"{BASE}/tileset", f"{BASE}/tilesets-list", f"{BASE}/mvt")

    def test_tilesets_are_listed(self, client: TestClient, place: str) -> None:
        """/req/tilesets-list/tilesets-links, tsl-op, tsl-success"""
        for head in got(client, place)["tilesets"]:
            assert {"dataType", "crs", "links"} <= set(head)
            assert head["dataType"] == "vector"
            own = links(head)
            assert {"self", f"{REL}/tiling-scheme"} <= own.keys()
            whole = got(client, own["self"]["href"])
            assert head.items() <= (whole | {"title": head["title"]}).items()

    def test_a_tileset_is_described(self, client: TestClient, place: str) -> None:
        """/req/tileset/description, ts-op, ts-success, tileset-description"""
        for one in tilesets(client, place):
            template = links(one)["item"]
            assert template["templated"]
            assert template["type"] == MVT
            for variable in ("tileMatrix", "tileRow", "tileCol"):
                assert f"{{{variable}}}" in template["href"]

    def test_tiles_are_got(self, client: TestClient, place: str) -> None:
        """/req/core/tc-op, tc-success, tile-matrix, tile-row, tile-col, /req/mvt/mvt"""
        for one in tilesets(client, place):
            answer = client.get(square(one, "17"))
            assert (answer.status_code, answer.headers["content-type"]) == (200, MVT)
            assert mapbox_vector_tile.decode(answer.content)["plots"]["features"]

    def test_where_nothing_is(self, client: TestClient, place: str) -> None:
        """/req/core/tc-empty-tile: 204; /req/core/tc-error: 404 beyond the matrix"""
        empty = client.get(f"{place}/WebMercatorQuad/17/3/3")
        assert (empty.status_code, empty.content) == (204, b"")
        for beyond in ("17/999999/0", "99/0/0", "2/0/-1", "a/0/0"):
            assert client.get(f"{place}/WebMercatorQuad/{beyond}").status_code == 404
        assert client.get(f"{place}/NoSuchQuad/1/0/0").status_code == 404


class TestWhere:
    uri = (f"{BASE}/dataset-tilesets", f"{BASE}/geodata-tilesets")

    def test_the_landing_page_leads_to_the_datasets(self, client: TestClient, plots: Any) -> None:
        """/req/dataset-tilesets/desc-links"""
        link = links(got(client, "/?f=json"))[f"{REL}/tilesets-vector"]
        assert got(client, link["href"])["tilesets"]

    def test_a_collection_leads_to_its_own(self, client: TestClient, plots: Any) -> None:
        """/req/geodata-tilesets/desc-links"""
        found = got(client, f"{PLOTS}?f=json")["links"]
        (href,) = (
            link["href"]
            for link in found
            if (link["rel"], link["type"]) == (f"{REL}/tilesets-vector", "application/json")
        )
        assert got(client, href)["tilesets"]


class TestCollectionsSelection:
    uri = f"{BASE}/collections-selection"

    def test_collections_are_chosen(self, client: TestClient, plots: Any) -> None:
        """/req/collections-selection/collections-parameter"""
        place = square(tilesets(client, "/tiles")[0], "17")
        chosen = client.get(f"{place}&collections=plots")
        assert set(mapbox_vector_tile.decode(chosen.content)) == {"plots"}
        assert client.get(f"{place}&collections=nothing").status_code in (400, 404)


class TestApi:
    uri = f"{BASE}/oas30"

    def test_the_document_has_every_path(self, client: TestClient, plots: Any) -> None:
        """/req/oas30/oas-definition, /req/oas30/completeness"""
        paths = got(client, "/openapi?f=json")["paths"]
        for place in PLACES:
            tile = f"{place}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
            assert {place, f"{place}/{{tileMatrixSetId}}", tile} <= paths.keys()
            assert MVT in paths[tile]["get"]["responses"]["200"]["content"]


class TestTileMatrixSets:
    uri = (
        f"{TMS}/tilematrixset", f"{TMS}/json-tilematrixset",
        f"{TMS}/tilematrixsetlimits", f"{TMS}/json-tilematrixsetlimits",
        f"{TMS}/tilesetmetadata", f"{TMS}/json-tilesetmetadata",
    )  # fmt: skip

    def test_every_set_is_defined(self, client: TestClient) -> None:
        """/conf/tilematrixset, /conf/json-tilematrixset: another implementation reads them"""
        listed = got(client, "/tileMatrixSets")["tileMatrixSets"]
        for one in listed:
            document = got(client, links(one)["self"]["href"])
            made = morecantile.TileMatrixSet.model_validate(document)
            scales = [matrix.scaleDenominator for matrix in made.tileMatrices]
            assert scales == sorted(scales, reverse=True)
            for matrix in document["tileMatrices"]:
                # a pixel of the standard is 0.28 mm
                metres = 1 if "3857" in document["crs"] else 6378137 * 3.141592653589793 / 180
                size = matrix["scaleDenominator"] * 0.00028 / metres
                assert matrix["cellSize"] == pytest.approx(size)

    def test_limits_are_within_their_matrices(self, client: TestClient, plots: Any) -> None:
        """/conf/tilematrixsetlimits, /conf/json-tilematrixsetlimits"""
        for one in tilesets(client, f"{PLOTS}/tiles"):
            scheme = got(client, links(one)[f"{REL}/tiling-scheme"]["href"])
            sizes = {matrix["id"]: matrix for matrix in scheme["tileMatrices"]}
            assert [limit["tileMatrix"] for limit in one["tileMatrixSetLimits"]] == list(sizes)
            for limit in one["tileMatrixSetLimits"]:
                matrix = sizes[limit["tileMatrix"]]
                for way, count in (("Row", "matrixHeight"), ("Col", "matrixWidth")):
                    assert 0 <= limit[f"minTile{way}"] <= limit[f"maxTile{way}"] < matrix[count]

    def test_tilesets_say_what_is_in_them(self, client: TestClient, plots: Any) -> None:
        """/conf/tilesetmetadata, /conf/json-tilesetmetadata"""
        for one in tilesets(client, f"{PLOTS}/tiles"):
            scheme = got(client, links(one)[f"{REL}/tiling-scheme"]["href"])
            assert one["crs"] == scheme["crs"]
            (layer,) = one["layers"]
            held = mapbox_vector_tile.decode(client.get(square(one, "17")).content)
            assert set(held) == {layer["id"]}
            for feature in held[layer["id"]]["features"]:
                assert (
                    feature["properties"].keys() <= layer["propertiesSchema"]["properties"].keys()
                )
