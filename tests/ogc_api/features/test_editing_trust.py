"""Who may edit what, and what is refused."""

from typing import Any

import pytest
from edits import ITEMS, Bearer, feature
from starlette.testclient import TestClient
from worlds import make_layer

from spatial.asof import AsOf
from spatial.database import Database
from spatial.frame import read_frame
from spatial.grant import OWNER


class TestTrust:
    def test_writing_needs_a_token_of_that_scope(
        self, client: TestClient, plots: object, bearer: Bearer
    ) -> None:
        asked = [
            ("POST", ITEMS),
            ("PUT", f"{ITEMS}/1"),
            ("PATCH", f"{ITEMS}/1"),
            ("DELETE", f"{ITEMS}/1"),
            ("POST", "/collections/nothing/items"),
        ]
        for method, path in asked:
            body = None if method == "DELETE" else feature()
            anonymous = client.request(method, path, json=body)
            assert anonymous.status_code == 401
            assert "www-authenticate" in anonymous.headers
            reader = client.request(method, path, json=body, headers=bearer("read"))
            assert reader.status_code == 403
        assert client.get(ITEMS).json()["numberMatched"] == 3

    @pytest.mark.parametrize("access", ["restricted", "public"])
    def test_an_area_writes_within_itself(
        self, client: TestClient, database: Database, bearer: Bearer, access: str
    ) -> None:
        make_layer(database, "streets", access=access, area_field="code")
        items, mine = "/collections/streets/items", bearer(areas=["c1"])
        change = {"properties": {"height": 9.0}}
        assert client.patch(f"{items}/2", json=change, headers=mine).status_code == 204
        outside = client.patch(f"{items}/1", json=change, headers=mine)
        assert outside.status_code == (404 if access == "restricted" else 403)
        away = {"properties": {"code": "c0"}}
        assert client.patch(f"{items}/2", json=away, headers=mine).status_code == 403
        assert client.post(items, json=feature(code="c2"), headers=mine).status_code == 403
        assert client.post(items, json=feature(code="c1x"), headers=mine).status_code == 201
        assert client.delete(f"{items}/3", headers=mine).status_code in (403, 404)
        frame = read_frame(database, "streets", AsOf(), OWNER)
        heights = dict(zip(frame["fid"], frame["height"], strict=True))
        assert (len(heights), heights[1], heights[2], heights[3]) == (4, 0.0, 9.0, 2.0)

    def test_a_layer_that_is_not_seen_is_not_there_to_write(
        self, client: TestClient, database: Database, bearer: Bearer
    ) -> None:
        make_layer(database, "secret", access="restricted")
        headers = bearer(classes=["shared"])
        path = "/collections/secret/items"
        assert client.post(path, json=feature(), headers=headers).status_code == 404
        assert client.delete(f"{path}/1", headers=headers).status_code == 404
        assert client.options(path, headers=headers).status_code == 404


BOWTIE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
OPEN = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0]]]}
POINT = {"type": "Point", "coordinates": [120, 31]}
NEST = {"type": "GeometryCollection", "geometries": []}


class TestBadInput:
    @pytest.mark.parametrize(
        ("body", "status", "said"),
        [
            (b"", 400, "JSON"),
            (b"{", 400, "JSON"),
            (b"\xff\xfe", 400, "UTF-8"),
            (b"[" * 100_000, 400, "JSON"),
            (b"[]", 400, "object"),
            (b"null", 400, "object"),
            (b'{"type": "FeatureCollection", "features": []}', 400, "one GeoJSON feature"),
            (b'{"type": "Feature", "properties": {"height": NaN}}', 400, "NaN"),
            (b'{"type": "Feature", "properties": {"\\ud800": 1}}', 400, "JSON"),
            (b'{"type": "Feature", "properties": [1]}', 400, "properties"),
            (b'{"type": "Feature", "properties": {}}', 422, "no geometry"),
            (feature(hight=3), 400, "height"),
            (feature(height="tall"), 400, "double precision"),
            (feature(height=True), 400, "double precision"),
            (feature(height=10**400), 400, "column"),
            (feature(code=5), 400, "text"),
            (feature(code={"a": 1}), 400, "text"),
            (feature(code="a\x00b"), 400, "column"),
            (feature(BOWTIE), 422, "Self-intersection[0.5 0.5]"),
            (feature(OPEN), 422, "closed"),
            (feature(POINT), 422, "MultiPolygon"),
            (feature({"type": "Point", "coordinates": []}), 422, "no geometry"),
            (feature({"type": "Point", "coordinates": ["a", 1]}), 422, "number"),
            (feature({"type": "Circle"}), 422, "GeoJSON"),
            (feature({"type": "Polygon", "coordinates": [[[1e308] * 2] * 4]}), 422, "geometry"),
            (feature(NEST | {"geometries": [NEST]}), 422, "collection"),
            (feature() | {"geometry": [1]}, 422, "GeoJSON"),
        ],
        ids=lambda value: repr(value)[:40],
    )
    def test_it_is_refused_with_the_reason_and_nothing_is_kept(
        self, editor: TestClient, body: Any, status: int, said: str
    ) -> None:
        known = editor.get("/collections/plots/changes").json()
        sent = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer = editor.post(ITEMS, **sent)
        assert answer.status_code == status, answer.text
        assert said in answer.json()["description"]
        assert "SELECT" not in answer.text
        assert editor.get(ITEMS).json()["numberMatched"] == 3
        assert editor.get("/collections/plots/changes").json() == known

    def test_too_much_and_other_kinds_are_refused(
        self, editor: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        headers = {"Content-Type": "text/csv"}
        assert editor.post(ITEMS, content=b"a,b", headers=headers).status_code == 415
        monkeypatch.setattr("ogc_api.features.editing.MAX_BODY", 1000)
        answer = editor.post(ITEMS, json=feature(code="x" * 2000))
        assert answer.status_code == 413
