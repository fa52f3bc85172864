"""An anonymous reader and each token see what they should, on a really running service."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from service import Service
from worlds import make_layer

from citytwin import City
from spatial import token
from spatial.database import Database

OPEN, POOLED, SEALED, DIVIDED = "open_plots", "pooled_plots", "sealed_plots", "divided_plots"
LAYERS = (OPEN, POOLED, SEALED, DIVIDED)
TILE = "15/27333/13360"


@dataclass(frozen=True)
class Reader:
    """Somebody with or without a token, and the layers that they should see."""

    http: httpx.Client
    token: str | None
    sees: tuple[str, ...]


@pytest.fixture(scope="module")
def readers(empty: Service, empty_books: Database) -> Iterator[dict[str, Reader]]:
    classes = {OPEN: "public", POOLED: "shared", SEALED: "restricted"}
    for name, access in classes.items():
        make_layer(empty_books, name, access=access)
    make_layer(empty_books, DIVIDED, 12, access="restricted", area_field="code")
    grants: dict[str, tuple[str | None, tuple[str, ...]]] = {
        "anonymous": (None, (OPEN,)),
        "department": (token.create(empty_books, "read", classes=["shared"]), (OPEN, POOLED)),
        "district": (token.create(empty_books, "read", areas=["c1"]), (OPEN, DIVIDED)),
        "owner": (token.create(empty_books, "admin"), LAYERS),
    }
    made = {}
    for name, (secret, sees) in grants.items():
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        http = httpx.Client(base_url=empty.url, headers=headers, timeout=60)
        made[name] = Reader(http, secret, sees)
    yield made
    for reader in made.values():
        reader.http.close()


NAMES = ("anonymous", "department", "district", "owner")


@pytest.mark.parametrize("name", NAMES)
def test_lists_name_only_what_may_be_seen(readers: dict[str, Reader], name: str) -> None:
    reader = readers[name]
    for path in ("/collections?f=json", "/collections?f=html", "/openapi?f=json"):
        said = reader.http.get(path).text
        assert [layer for layer in LAYERS if layer in said] == list(reader.sees), path
    for path in ("/?f=json", "/processes?f=json", "/metrics", "/styles/city.json", "/scenarios"):
        said = reader.http.get(path).text
        assert not [layer for layer in LAYERS if layer in said and layer not in reader.sees], path
    with City(str(reader.http.base_url), reader.token) as city:
        assert set(reader.sees) == set(LAYERS) & set(city.layers())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layer", LAYERS)
def test_every_address_of_a_layer_agrees(readers: dict[str, Reader], name: str, layer: str) -> None:
    reader = readers[name]
    paths = [
        f"/collections/{layer}?f=json",
        f"/collections/{layer}/items",
        f"/collections/{layer}/items?f=html",
        f"/collections/{layer}/items?resulttype=hits",
        f"/collections/{layer}/items?datetime=../..",
        f"/collections/{layer}/items/2",
        f"/collections/{layer}/schema?f=json",
        f"/collections/{layer}/queryables?f=json",
        f"/collections/{layer}/tiles?f=json",
        f"/collections/{layer}/tiles/WebMercatorQuad?f=json",
        f"/collections/{layer}/tiles/WebMercatorQuad/0/0/0?f=mvt",
        f"/tiles/{layer}/0/0/0.mvt",
        f"/tiles/{layer}.json",
        f"/styles/{layer}.json",
    ]
    seen = layer in reader.sees
    for path in paths:
        status = reader.http.get(path).status_code
        assert status in ((200, 204) if seen else (404,)), f"{path}: {status}"


def test_an_area_narrows_rows_counts_extents_and_tiles(readers: dict[str, Reader]) -> None:
    part, whole = readers["district"].http, readers["owner"].http
    items = f"/collections/{DIVIDED}/items"
    mine = part.get(items).json()
    assert {one["properties"]["code"] for one in mine["features"]} == {"c1", "c10", "c11"}
    assert mine["numberMatched"] == 3
    assert whole.get(items).json()["numberMatched"] == 12
    assert part.get(f"{items}?code=c2").json()["numberMatched"] == 0
    assert part.get(f"{items}/2").status_code == 200
    assert part.get(f"{items}/3").status_code == 404
    west, _, _, _ = _extent(part)
    assert west > _extent(whole)[0]
    small, large = (reader.get(f"/tiles/{DIVIDED}/{TILE}.mvt") for reader in (part, whole))
    assert small.status_code == large.status_code == 200
    assert b"c11" in small.content
    assert b"c2" not in small.content
    assert b"c2" in large.content
    assert small.headers["etag"] != large.headers["etag"]
    stale = part.get(
        f"/tiles/{DIVIDED}/{TILE}.mvt", headers={"If-None-Match": large.headers["etag"]}
    )
    assert stale.status_code == 200


def test_what_is_derived_is_as_closed_as_its_inputs(
    readers: dict[str, Reader], empty: Service, empty_books: Database
) -> None:
    output = "sealed_overlay"
    words = {"left": OPEN, "right": SEALED, "how": "intersection", "output": output}
    with City(empty.url, token.create(empty_books, "write", subject="planner")) as city:
        result = city.run("land-use-overlay", **words)
        assert result.layer.count() == 3
    for name, reader in readers.items():
        allowed = name == "owner"
        assert (output in reader.http.get("/collections?f=json").text) == allowed
        for path in (
            f"/collections/{output}/items",
            f"/tiles/{output}/{TILE}.mvt",
            f"/jobs/{result.job}?f=json",
            f"/jobs/{result.job}/results?f=json",
        ):
            status = reader.http.get(path).status_code
            assert status == (200 if allowed else 404), f"{name} {path}: {status}"
        assert (result.job in reader.http.get("/jobs?f=json").text) == allowed


@pytest.mark.parametrize(
    ("scope", "limits"), [("write", {"classes": ["shared"]}), ("admin", {"areas": ["c1"]})]
)
def test_a_narrower_token_of_the_same_person_sees_no_job_of_a_wider_one(
    readers: dict[str, Reader],
    empty: Service,
    empty_books: Database,
    scope: str,
    limits: dict[str, Any],
) -> None:
    wide = token.create(empty_books, "write")
    narrow = token.create(empty_books, scope, **limits)
    with City(empty.url, wide) as city:
        job = city.run("land-use-overlay", left=OPEN, right=SEALED, how="intersection").job
    for secret, status in ((wide, 200), (narrow, 404)):
        headers = {"Authorization": f"Bearer {secret}"}
        found = httpx.get(f"{empty.url}jobs/{job}?f=json", headers=headers)
        assert found.status_code == status
        listed = httpx.get(f"{empty.url}jobs?f=json", headers=headers)
        assert (job in listed.text) == (status == 200)


def test_analyses_need_a_token_that_writes_and_sees(
    readers: dict[str, Reader], empty: Service, empty_books: Database
) -> None:
    order: dict[str, Any] = {"inputs": {"left": OPEN, "right": SEALED}}
    path = "/processes/land-use-overlay/execution"
    assert readers["anonymous"].http.post(path, json=order).status_code == 401
    assert readers["department"].http.post(path, json=order).status_code == 403
    secret = token.create(empty_books, "write", classes=["shared"])
    blind = httpx.post(
        f"{empty.url}{path[1:]}", json=order, headers={"Authorization": f"Bearer {secret}"}
    )
    assert blind.status_code == 404
    assert SEALED in blind.json()["description"]


def test_a_wrong_or_revoked_token_is_refused(empty: Service) -> None:
    wrong = httpx.get(f"{empty.url}collections", headers={"Authorization": "Bearer ct_nobody"})
    assert wrong.status_code == 401
    assert "Basic" in wrong.headers["www-authenticate"]
    basic = httpx.get(f"{empty.url}collections?f=json", auth=("anyone", empty.token()))
    assert basic.status_code == 200


def _extent(http: httpx.Client) -> list[float]:
    collection = http.get(f"/collections/{DIVIDED}?f=json").json()
    box: list[float] = collection["extent"]["spatial"]["bbox"][0]
    return box
