"""Editing over HTTP: OGC API Features, Part 4, class by class."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from edits import ITEMS, Bearer, feature, height, square
from starlette.testclient import TestClient

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


class TestCreateReplaceDelete:
    def test_post_answers_where_the_new_feature_is(self, editor: TestClient) -> None:
        made = editor.post(ITEMS, json=feature(code="new", height=7.5))
        assert made.status_code == 201
        place = made.headers["location"]
        assert place == f"http://127.0.0.1:8000{ITEMS}/4"
        found = editor.get(place).json()
        assert found["properties"] == {"code": "new", "height": 7.5}
        assert found["geometry"]["type"] == "MultiPolygon"
        assert found["geometry"]["coordinates"][0][0][0] == pytest.approx([120.3, 31.5], abs=1e-8)
        assert editor.get(ITEMS).json()["numberMatched"] == 4
        log = editor.get("/collections/plots/changes").json()["changes"]
        assert (log[-1]["author"], log[-1]["opened"]) == ("ada", 1)

    def test_put_replaces_everything(self, editor: TestClient) -> None:
        assert editor.put(f"{ITEMS}/2", json=feature(code="other")).status_code == 204
        found = editor.get(f"{ITEMS}/2").json()
        assert found["properties"] == {"code": "other", "height": None}
        assert found["geometry"]["coordinates"][0][0][0] == pytest.approx([120.3, 31.5], abs=1e-8)

    def test_delete_ends_a_feature_and_keeps_its_past(self, editor: TestClient) -> None:
        before = editor.get(f"{ITEMS}/2").headers["citytwin-asof"]
        assert editor.delete(f"{ITEMS}/2").status_code == 204
        assert editor.get(f"{ITEMS}/2").status_code == 410
        assert editor.delete(f"{ITEMS}/2").status_code == 410
        assert editor.get(f"{ITEMS}/2?{before}").status_code == 200

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_what_never_was_cannot_be_written(self, editor: TestClient, method: str) -> None:
        for fid in ("99", "abc", "1.2.3"):
            body = feature() if method != "DELETE" else None
            assert editor.request(method, f"{ITEMS}/{fid}", json=body).status_code == 404
        assert editor.post("/collections/nothing/items", json=feature()).status_code == 404

    def test_options_tell_what_is_allowed(self, editor: TestClient, bearer: Bearer) -> None:
        allowed = {path: editor.options(path) for path in (ITEMS, f"{ITEMS}/1")}
        assert allowed[ITEMS].status_code in (200, 204)
        assert "POST" in allowed[ITEMS].headers["allow"]
        for method in ("PUT", "PATCH", "DELETE"):
            assert method in allowed[f"{ITEMS}/1"].headers["allow"]
        reader = editor.options(ITEMS, headers=bearer("read"))
        assert reader.headers["allow"] == "GET, HEAD, OPTIONS"
        assert editor.options("/collections/nothing/items").status_code == 404

    def test_another_method_is_refused_with_those_that_are_served(self, editor: TestClient) -> None:
        for path, method in (
            (ITEMS, "PUT"),
            (f"{ITEMS}/1", "POST"),
            (f"{ITEMS}/1/versions", "PUT"),
        ):
            answer = editor.request(method, path, json=feature())
            assert answer.status_code == 405
            assert "GET" in answer.headers["allow"]


class TestUpdate:
    def test_patch_changes_what_is_sent_alone(self, editor: TestClient) -> None:
        was = editor.get(f"{ITEMS}/2").json()
        change = {"properties": {"height": 9}}
        headers = {"Content-Type": "application/merge-patch+json"}
        assert editor.patch(f"{ITEMS}/2", json=change, headers=headers).status_code == 204
        found = editor.get(f"{ITEMS}/2").json()
        assert found["properties"] == {"code": "c1", "height": 9.0}
        assert found["geometry"] == was["geometry"]
        assert editor.patch(f"{ITEMS}/2", json={"geometry": square()}).status_code == 204
        moved = editor.get(f"{ITEMS}/2").json()
        assert moved["properties"] == found["properties"]
        assert moved["geometry"] != was["geometry"]

    def test_null_empties_an_attribute(self, editor: TestClient) -> None:
        assert editor.patch(f"{ITEMS}/1", json={"properties": {"code": None}}).status_code == 204
        assert editor.get(f"{ITEMS}/1").json()["properties"] == {"code": None, "height": 0.0}


class TestContentCrs:
    @pytest.mark.parametrize("uri", [f"<{EPSG}4549>", f"{EPSG}4549", f"<{EPSG}4326>"])
    def test_coordinates_come_in_the_authoritys_order(self, editor: TestClient, uri: str) -> None:
        crs = uri.strip("<>")
        sent = editor.get(f"{ITEMS}/1?crs={crs}").json()
        north, east = sent["geometry"]["coordinates"][0][0][0]
        assert abs(north) != pytest.approx(abs(east))
        made = editor.post(ITEMS, json=sent | {"time": None}, headers={"Content-Crs": uri})
        assert made.status_code == 201, made.text
        back = editor.get(f"{made.headers['location']}?crs={crs}").json()
        assert back["geometry"]["coordinates"][0][0][0] == pytest.approx([north, east], abs=1e-3)

    @pytest.mark.parametrize("uri", ["<EPSG:32650>", "nonsense", f"<{EPSG}99999>"])
    def test_one_that_is_not_on_offer_is_refused(self, editor: TestClient, uri: str) -> None:
        answer = editor.post(ITEMS, json=feature(), headers={"Content-Crs": uri})
        assert answer.status_code == 400, answer.text


class TestOptimisticLocking:
    def test_a_stale_tag_writes_nothing(self, editor: TestClient) -> None:
        seen = editor.get(f"{ITEMS}/1").headers["etag"]
        assert not seen.startswith("W/")
        change = {"properties": {"height": 5.0}}
        match = {"If-Match": seen}
        assert editor.patch(f"{ITEMS}/1", json=change, headers=match).status_code == 204
        assert editor.get(f"{ITEMS}/1").headers["etag"] != seen
        for method, body in (("PATCH", change), ("PUT", feature()), ("DELETE", None)):
            answer = editor.request(method, f"{ITEMS}/1", json=body, headers=match)
            assert answer.status_code == 412
            assert "read it again" in answer.json()["description"]
        assert height(editor, 1) == 5.0

    def test_tags_of_any_crs_and_lists_and_stars_match(self, editor: TestClient) -> None:
        change = {"properties": {"height": 5.0}}
        plain = editor.get(f"{ITEMS}/1").headers["etag"]
        other = editor.get(f"{ITEMS}/1?crs={EPSG}4549").headers["etag"]
        assert plain != other
        for match, status in (
            (f"W/{plain}", 412),
            ('"x"', 412),
            (f'"9", {other}', 204),
            ("*", 204),
        ):
            answer = editor.patch(f"{ITEMS}/1", json=change, headers={"If-Match": match})
            assert answer.status_code == status, match

    def test_of_two_editors_racing_on_one_tag_one_wins(self, editor: TestClient) -> None:
        match = {"If-Match": editor.get(f"{ITEMS}/1").headers["etag"]}

        def write(value: float) -> int:
            body = {"properties": {"height": value}}
            return editor.patch(f"{ITEMS}/1", json=body, headers=match).status_code

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(write, (5.0, 6.0, 7.0, 8.0))) == [204, 412, 412, 412]

    def test_what_is_known_is_not_sent_again(self, editor: TestClient) -> None:
        for path in (f"{ITEMS}/1", f"{ITEMS}?limit=2", f"{ITEMS}/1/versions"):
            tag = editor.get(path).headers["etag"]
            again = editor.get(path, headers={"If-None-Match": tag})
            assert (again.status_code, again.content) == (304, b"")
        editor.patch(f"{ITEMS}/1", json={"properties": {"height": 5.0}})
        for path in (f"{ITEMS}/1", f"{ITEMS}?limit=2", f"{ITEMS}/1/versions"):
            assert editor.get(path, headers={"If-None-Match": tag}).status_code == 200
