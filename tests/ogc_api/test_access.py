"""A restricted row shows nowhere."""

from collections.abc import Callable

import pytest
from psycopg.errors import InsufficientPrivilege
from starlette.testclient import TestClient
from worlds import make_layer

from spatial import token
from spatial.asof import AsOf
from spatial.database import Database
from spatial.edit import edit
from spatial.errors import Denied, NotFound
from spatial.frame import read_frame
from spatial.grant import ANONYMOUS, OWNER, Access, Grant, Scope
from spatial.query import snapshot, step_down

SECRET = "secret_plots"
EVERYWHERE = (
    f"/collections/{SECRET}",
    f"/collections/{SECRET}/items",
    f"/collections/{SECRET}/items/1",
    f"/collections/{SECRET}/items?f=html",
    f"/collections/{SECRET}/schema",
    f"/collections/{SECRET}/queryables",
    f"/collections/{SECRET}/tiles",
    f"/collections/{SECRET}/tiles/WebMercatorQuad",
    f"/collections/{SECRET}/tiles/WebMercatorQuad/0/0/0?f=mvt",
    f"/tiles/{SECRET}/0/0/0.mvt",
    f"/tiles/{SECRET}.json",
    f"/styles/{SECRET}.json",
)
LISTS = ("/collections?f=json", "/styles/city.json", "/openapi?f=json", "/?f=json")


@pytest.fixture
def bearer(database: Database) -> Callable[..., dict[str, str]]:
    def issue(scope: str = "read", **options: object) -> dict[str, str]:
        secret = token.create(database, scope, **options)  # type: ignore[arg-type]
        return {"Authorization": f"Bearer {secret}"}

    return issue


def test_a_restricted_layer_is_nowhere_but_for_its_token(
    client: TestClient, database: Database, bearer: Callable[..., dict[str, str]]
) -> None:
    make_layer(database, "open_plots")
    make_layer(database, SECRET, access="restricted")
    shared, full = bearer(classes=["shared"]), bearer()
    for url in EVERYWHERE:
        assert client.get(url).status_code == 404, url
        assert client.get(url, headers=shared).status_code == 404, url
        assert client.get(url, headers=full).is_success, url
    for url in LISTS:
        assert SECRET not in client.get(url).text, url
        assert SECRET not in client.get(url, headers=shared).text, url
    assert SECRET in client.get("/collections?f=json", headers=full).text
    with pytest.raises(NotFound):
        read_frame(database, SECRET, AsOf(), ANONYMOUS)


def test_a_cached_tile_of_one_grant_is_no_answer_to_another(
    client: TestClient, database: Database, bearer: Callable[..., dict[str, str]]
) -> None:
    make_layer(database, SECRET, access="restricted")
    url = f"/tiles/{SECRET}/0/0/0.mvt"
    made = client.get(url, headers=bearer())
    tag = made.headers["etag"]
    assert "private" in made.headers["cache-control"]
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 404


def area_grant(*areas: str) -> Grant:
    return Grant("street", Scope.WRITE, frozenset(Access), areas, authenticated=True)


@pytest.fixture
def streets(database: Database) -> None:
    """Three plots of which `code` is the governance code: c0, c1, c2."""
    make_layer(database, "streets", access="restricted", area_field="code")


def test_rows_outside_the_area_are_not_counted_nor_drawn(
    client: TestClient,
    database: Database,
    streets: None,
    bearer: Callable[..., dict[str, str]],
) -> None:
    mine = bearer(areas=["c1"])
    page = client.get("/collections/streets/items", headers=mine).json()
    assert [f["id"] for f in page["features"]] == [2]
    assert page["numberMatched"] == 1
    for form in ("fgb", "parquet", "csv"):
        file = client.get(f"/collections/streets/items?f={form}", headers=mine)
        assert [file.headers[f"ogc-number{what}"] for what in ("matched", "returned")] == ["1"] * 2
    assert client.get("/collections/streets/items/1", headers=mine).status_code == 404
    whole = client.get("/collections/streets?f=json", headers=bearer()).json()
    part = client.get("/collections/streets?f=json", headers=mine).json()
    assert part["extent"] != whole["extent"]
    for kind in ("/tiles/streets.json", "/collections?f=json"):
        assert client.get(kind, headers=mine).text != client.get(kind, headers=bearer()).text
    tile = "/tiles/streets/14/13670/6697.mvt"
    everything = client.get("/tiles/streets/0/0/0.mvt", headers=bearer())
    assert len(client.get("/tiles/streets/0/0/0.mvt", headers=mine).content) <= len(
        everything.content
    )
    assert client.get(tile, headers=mine).headers["etag"] != everything.headers["etag"]


def test_an_area_writes_within_itself(database: Database, streets: None) -> None:
    grant = area_grant("c1")
    with edit(database, "streets", author="street", grant=grant) as editor:
        editor.update(2, {"height": 9.0})
    with (
        pytest.raises(NotFound),
        edit(database, "streets", author="street", grant=grant) as editor,
    ):
        editor.update(1, {"height": 9.0})
    with pytest.raises(Denied), edit(database, "streets", author="s", grant=grant) as editor:
        editor.update(2, {"code": "c0"})
    frame = read_frame(database, "streets", AsOf(), OWNER)
    assert dict(zip(frame["fid"], frame["height"], strict=True)) == {1: 0.0, 2: 9.0, 3: 2.0}


def test_the_database_is_a_second_wall(database: Database) -> None:
    make_layer(database, SECRET, access="restricted")
    with snapshot(database) as pg:
        step_down(pg, ANONYMOUS)
        with pytest.raises(InsufficientPrivilege):
            pg.execute(f"SELECT * FROM layers.{SECRET}")


def test_tokens_expire_are_hashed_and_can_be_revoked(
    client: TestClient, database: Database, plots: object
) -> None:
    secret = token.create(database, "read", subject="dept")
    held = token.tokens(database)[0]
    assert secret not in repr(held)
    assert held.digest.startswith("sha256:")
    headers = {"X-API-Key": secret}
    assert client.get("/collections/plots/items", headers=headers).status_code == 200
    assert client.get("/collections/plots/items", auth=("qgis", secret)).status_code == 200
    token.revoke(database, held.digest)
    answer = client.get("/collections/plots/items", headers=headers)
    assert answer.status_code == 401
    assert "www-authenticate" in answer.headers


def test_writing_needs_a_token(database: Database, plots: object) -> None:
    with pytest.raises(Denied), edit(database, "plots", author="x", grant=ANONYMOUS) as editor:
        editor.update(1, {"height": 1.0})


def test_pages_know_the_layers_of_their_own_caller(client, database, plots):
    assert client.get("/collections/plots?f=html").status_code == 200
    make_layer(database, "later")
    assert client.get("/collections/later?f=html").status_code == 200
