"""OGC API Features, Part 4 (20-002r1), by its abstract tests."""

from typing import Any

import pytest
import shapely
from starlette.testclient import TestClient

from spatial import token
from spatial.database import Database

BASE = "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf"
ITEMS = "/collections/plots/items"


@pytest.fixture
def editor(client: TestClient, database: Database, plots: Any) -> TestClient:
    client.headers["Authorization"] = f"Bearer {token.create(database, 'write')}"
    return client


def body(**properties: Any) -> dict[str, Any]:
    square = shapely.box(120.29, 31.49, 120.30, 31.50).__geo_interface__
    return {"type": "Feature", "properties": properties, "geometry": square}


class TestCreateReplaceDelete:
    uri = (f"{BASE}/create-replace-delete", f"{BASE}/features")

    def test_options(self, editor: TestClient) -> None:
        """/req/create-replace-delete/options"""
        assert "POST" in editor.options(ITEMS).headers["allow"]
        allowed = editor.options(f"{ITEMS}/1").headers["allow"]
        assert {"PUT", "DELETE"} <= {name.strip() for name in allowed.split(",")}

    def test_create(self, editor: TestClient) -> None:
        """/req/create-replace-delete/insert-post-op, insert-body, insert-response

        insert-response-rid, /req/features/geojson-features
        """
        answer = editor.post(ITEMS, json=body(code="new"))
        assert answer.status_code == 201
        made = editor.get(answer.headers["location"]).json()
        assert made["properties"] == {"code": "new", "height": None}
        listed = editor.get(ITEMS).json()["features"]
        assert made["id"] in [one["id"] for one in listed]

    def test_replace(self, editor: TestClient) -> None:
        """/req/create-replace-delete/update-put-op, update-put-body, update-put-response"""
        assert editor.put(f"{ITEMS}/2", json=body(height=7)).status_code == 204
        found = editor.get(f"{ITEMS}/2").json()
        assert found["properties"] == {"code": None, "height": 7}
        assert editor.put(f"{ITEMS}/99", json=body()).status_code == 404

    def test_delete(self, editor: TestClient) -> None:
        """/req/create-replace-delete/delete-delete-op, delete-response, delete/exception"""
        assert editor.delete(f"{ITEMS}/2").status_code == 204
        assert editor.get(f"{ITEMS}/2").status_code == 410
        assert [one["id"] for one in editor.get(ITEMS).json()["features"]] == [1, 3]
        assert editor.delete(f"{ITEMS}/99").status_code == 404

    @pytest.mark.parametrize(
        ("content", "status"), [(b"{", 400), (b"[]", 400), (b'{"type": "Point"}', 400)]
    )
    def test_what_is_wrong(self, editor: TestClient, content: bytes, status: int) -> None:
        """/req/create-replace-delete/insert-exception, update-put-exception"""
        kind = {"content-type": "application/geo+json"}
        assert editor.post(ITEMS, content=content, headers=kind).status_code == status
        assert editor.put(f"{ITEMS}/1", content=content, headers=kind).status_code == status
        assert editor.post(ITEMS, content=b"<a/>", headers={"content-type": "text/xml"}
                           ).status_code == 415  # fmt: skip

    def test_content_crs(self, editor: TestClient) -> None:
        """/req/features/crs-content-crs, /req/features/crs84-default"""
        sent = body()
        sent["geometry"]["coordinates"] = [
            [[3486000.0, 528050.0], [3486000.0, 528060.0], [3486010.0, 528060.0],
             [3486010.0, 528050.0], [3486000.0, 528050.0]]
        ]  # fmt: skip
        crs = "http://www.opengis.net/def/crs/EPSG/0/4549"
        answer = editor.post(ITEMS, json=sent, headers={"content-crs": f"<{crs}>"})
        made = editor.get(answer.headers["location"], params={"crs": crs}).json()
        assert [3486010, 528060] in made["geometry"]["coordinates"][0][0]


class TestUpdate:
    uri = f"{BASE}/update"

    def test_patch(self, editor: TestClient) -> None:
        """/req/update/options, update-patch-op, update-patch-body, update-patch-response"""
        assert "PATCH" in editor.options(f"{ITEMS}/1").headers["allow"]
        kind = {"content-type": "application/merge-patch+json"}
        content = b'{"properties": {"height": 9}}'
        assert editor.patch(f"{ITEMS}/1", content=content, headers=kind).status_code == 204
        assert editor.get(f"{ITEMS}/1").json()["properties"] == {"code": "c0", "height": 9}
        assert editor.patch(f"{ITEMS}/99", content=content, headers=kind).status_code == 404
        assert editor.patch(f"{ITEMS}/1", content=b"{", headers=kind).status_code == 400


class TestOptimisticLocking:
    uri = f"{BASE}/optimistic-locking-etags"

    def test_etags(self, editor: TestClient) -> None:
        """/req/optimistic-locking-etags/get-header, put-header, patch-header, delete-header"""
        change = {"properties": {"height": 9}}
        for method, sent in (("PATCH", change), ("PUT", body()), ("DELETE", None)):
            url = f"{ITEMS}/{'213'[len(method) % 3]}"
            seen = editor.get(url).headers["etag"]
            assert not seen.startswith("W/")
            stale = editor.request(method, url, json=sent, headers={"if-match": '"1000000"'})
            assert stale.status_code == 412
            assert editor.get(url).headers["etag"] == seen
            done = editor.request(method, url, json=sent, headers={"if-match": seen})
            assert done.status_code == 204
            assert editor.get(url).headers.get("etag") != seen
