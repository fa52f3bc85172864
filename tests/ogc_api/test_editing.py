"""Editing over HTTP: OGC API Features, Part 4, class by class."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient
from worlds import make_layer

from spatial import scenario, token
from spatial.asof import AsOf
from spatial.database import Database
from spatial.frame import read_frame
from spatial.grant import OWNER

ITEMS = "/collections/plots/items"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
type Bearer = Callable[..., dict[str, str]]


@pytest.fixture
def bearer(database: Database) -> Bearer:
    def issue(scope: str = "write", **options: object) -> dict[str, str]:
        secret = token.create(database, scope, **options)  # type: ignore[arg-type]
        return {"Authorization": f"Bearer {secret}"}

    return issue


@pytest.fixture
def editor(client: TestClient, plots: object, bearer: Bearer) -> TestClient:
    """A client that may write, over the layer `plots`."""
    client.headers.update(bearer(subject="ada"))
    return client


def square(west: float = 120.3, south: float = 31.5, size: float = 0.001) -> dict[str, Any]:
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def feature(geometry: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry or square(), "properties": properties}


def height(client: TestClient, fid: int, query: str = "") -> float:
    answer = client.get(f"{ITEMS}/{fid}{query}")
    assert answer.status_code == 200, answer.text
    found: float = answer.json()["properties"]["height"]
    return found


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


class TestTime:
    def test_a_write_holds_from_where_the_body_says(self, editor: TestClient) -> None:
        sent = feature(height=1.0) | {"time": {"interval": ["2020-01-01", "2021-12-31"]}}
        place = editor.post(ITEMS, json=sent).headers["location"]
        found = editor.get(f"{place}?datetime=2021").json()
        assert found["time"]["interval"] == [
            "2019-12-31T16:00:00.000000Z",
            "2021-12-31T16:00:00.000000Z",
        ]
        assert editor.get(f"{place}?datetime=2019").status_code == 410
        assert editor.get(place).status_code == 410

    def test_a_period_is_corrected_and_the_rest_stays(self, editor: TestClient) -> None:
        sent = feature(height=1.0) | {"time": {"interval": ["2010", ".."]}}
        fid = int(editor.post(ITEMS, json=sent).headers["location"].rpartition("/")[2])
        url, change = f"{ITEMS}/{fid}", {"properties": {"height": 4.0}}
        assert editor.patch(f"{url}?datetime=2015/2016", json=change).status_code == 204
        years = ("2014", "2015", "2016", "2017", "2024")
        heights = [height(editor, fid, f"?datetime={year}") for year in years]
        assert heights == [1.0, 4.0, 4.0, 1.0, 1.0]
        match = {"If-Match": editor.get(f"{url}?datetime=2012").headers["etag"]}
        change = {"properties": {"height": 8.0}, "time": {"interval": ["2012", "2012"]}}
        assert editor.patch(url, json=change, headers=match).status_code == 204
        assert editor.patch(url, json=change, headers=match).status_code == 412

    def test_an_instant_writes_to_the_end_of_the_state(self, editor: TestClient) -> None:
        sent = feature(height=1.0) | {"time": {"interval": ["2010", ".."]}}
        fid = int(editor.post(ITEMS, json=sent).headers["location"].rpartition("/")[2])
        url = f"{ITEMS}/{fid}?datetime=2020-01-01T00:00:00Z"
        assert editor.patch(url, json={"properties": {"height": 2.0}}).status_code == 204
        assert [height(editor, fid, f"?datetime={y}") for y in ("2019", "2020")] == [1.0, 2.0]
        assert editor.delete(f"{ITEMS}/{fid}?datetime=2022").status_code == 204
        assert editor.get(f"{ITEMS}/{fid}?datetime=2023").status_code == 410

    def test_over_an_interval_one_state_is_read_and_written_by_its_own_id(
        self, editor: TestClient
    ) -> None:
        sent = feature(height=1.0) | {"time": {"interval": ["2010", ".."]}}
        fid = int(editor.post(ITEMS, json=sent).headers["location"].rpartition("/")[2])
        editor.patch(f"{ITEMS}/{fid}?datetime=2015/..", json={"properties": {"height": 2.0}})
        when = "datetime=2012/2018"
        first, second = (
            found["id"]
            for found in editor.get(f"{ITEMS}?{when}").json()["features"]
            if str(found["id"]).startswith(f"{fid}.")
        )
        read = editor.get(f"{ITEMS}/{second}?{when}")
        assert (read.json()["id"], read.json()["properties"]["height"]) == (second, 2.0)
        change, match = {"properties": {"height": 5.0}}, {"If-Match": read.headers["etag"]}
        url = f"{ITEMS}/{second}?{when}"
        assert editor.patch(url, json=change, headers=match).status_code == 204
        assert editor.patch(url, json=change).status_code == 412
        years = ("2011", "2014", "2015", "2018", "2019")
        heights = [height(editor, fid, f"?datetime={year}") for year in years]
        assert heights == [1.0, 1.0, 5.0, 5.0, 2.0]
        assert editor.get(f"{ITEMS}/{first}").json()["properties"]["height"] == 1.0
        assert editor.get(f"{ITEMS}/{second}").status_code == 410
        assert editor.get(f"{ITEMS}/99.1").status_code == 404

    @pytest.mark.parametrize(
        ("url", "body"),
        [
            (f"{ITEMS}?known_at=2024", feature()),
            (ITEMS, feature() | {"time": {"interval": ["2024", "2020"]}}),
            (ITEMS, feature() | {"time": {"interval": ["2024"]}}),
            (ITEMS, feature() | {"time": {"date": "2024-01-01"}}),
            (ITEMS, feature() | {"time": {"interval": ["soon", ".."]}}),
        ],
    )
    def test_times_that_make_no_sense(
        self, editor: TestClient, url: str, body: dict[str, Any]
    ) -> None:
        assert editor.post(url, json=body).status_code == 400
        assert editor.request("DELETE", f"{ITEMS}/1?datetime=2020/2021").status_code == 400


class TestScenario:
    def test_a_plan_is_written_without_touching_the_city(
        self, editor: TestClient, database: Database
    ) -> None:
        scenario.create(database, "east", author="planner")
        tag = editor.get(f"{ITEMS}/1?scenario=east").headers["etag"]
        change, match = {"properties": {"height": 30.0}}, {"If-Match": tag}
        url = f"{ITEMS}/1?scenario=east"
        assert editor.patch(url, json=change, headers=match).status_code == 204
        assert editor.patch(url, json=change, headers=match).status_code == 412
        made = editor.post(f"{ITEMS}?scenario=east", json=feature(code="tower"))
        assert made.status_code == 201
        assert editor.get(made.headers["location"]).status_code == 404
        assert editor.get(f"{made.headers['location']}?scenario=east").status_code == 200
        assert editor.delete(f"{ITEMS}/2?scenario=east").status_code == 204
        assert (height(editor, 1), height(editor, 1, "?scenario=east")) == (0.0, 30.0)
        east = editor.get(f"{ITEMS}?scenario=east").json()
        assert [f["id"] for f in east["features"]] == [1, 3, 4]
        assert editor.get(ITEMS).json()["numberMatched"] == 3
        assert editor.post(f"{ITEMS}?scenario=nowhere", json=feature()).status_code == 404


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
        monkeypatch.setattr("ogc_api.editing.MAX_BODY", 1000)
        answer = editor.post(ITEMS, json=feature(code="x" * 2000))
        assert answer.status_code == 413
