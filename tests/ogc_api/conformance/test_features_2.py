"""OGC API Features, Part 2 (18-058r1), by its abstract tests."""

from typing import Any

import pyproj
import pytest
from starlette.testclient import TestClient

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
GK39 = "http://www.opengis.net/def/crs/EPSG/0/4549"
ITEMS = "/collections/plots/items"


@pytest.fixture
def offered(client: TestClient, plots: Any) -> list[str]:
    found: list[str] = client.get("/collections/plots?f=json").json()["crs"]
    return found


class TestCrs:
    uri = "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs"

    def test_collections_list_their_crs(self, client: TestClient, offered: list[str]) -> None:
        """/req/crs/crs-uri, fc-md-crs-list, fc-md-storageCrs, fc-md-storageCrs-valid-value"""
        assert offered[0] == CRS84
        assert client.get("/collections/plots?f=json").json()["storageCrs"] in offered

    def test_every_crs_of_the_list_answers_in_its_axes(
        self, client: TestClient, offered: list[str]
    ) -> None:
        """/req/crs/fc-crs-definition, fc-crs-valid-value, ogc-crs-header, ogc-crs-header-value

        /req/crs/crs-action, geojson
        """
        for uri in offered:
            for path in (ITEMS, f"{ITEMS}/1"):
                answer = client.get(path, params={"crs": uri})
                assert answer.headers["content-crs"] == f"<{uri}>"
                found = answer.json()
                one = found.get("features", [found])[0]
                first, second = one["geometry"]["coordinates"][0][0][0]
                code = "OGC:CRS84" if uri == CRS84 else f"EPSG:{uri.rpartition('/')[2]}"
                there = pyproj.Transformer.from_crs("EPSG:4549", code)  # in the authority's order
                corners = [
                    there.transform(3_486_000 + n, 528_000 + e) for n in (0, 1) for e in (0, 1)
                ]
                near = 1e-6 if abs(first) < 360 else 1e-3
                assert any(abs(first - a) < near and abs(second - b) < near for a, b in corners), (
                    uri
                )

    def test_boxes_in_every_crs(self, client: TestClient, offered: list[str]) -> None:
        """/req/crs/fc-bbox-crs-definition, fc-bbox-crs-valid-value, fc-bbox-crs-action

        /req/crs/bbox-crs-default: CRS84 where none is given
        """
        for uri in offered:
            one = client.get(f"{ITEMS}/2", params={"crs": uri}).json()
            first, second = zip(*one["geometry"]["coordinates"][0][0], strict=True)
            box = f"{min(first)},{min(second)},{max(first)},{max(second)}"
            found = client.get(ITEMS, params={"bbox": box, "bbox-crs": uri}).json()["features"]
            assert 2 in [feature["id"] for feature in found], uri
            assert len(found) <= 2, uri

    @pytest.mark.parametrize("name", ["crs", "bbox-crs"])
    def test_others_are_refused(self, client: TestClient, plots: Any, name: str) -> None:
        """/req/crs/fc-crs-valid-value, fc-bbox-crs-valid-value"""
        query = {name: "http://www.opengis.net/def/crs/EPSG/0/1", "bbox": "1,1,2,2"}
        assert client.get(ITEMS, params=query).status_code == 400
