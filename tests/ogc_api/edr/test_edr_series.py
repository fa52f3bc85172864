"""EDR over the twin: readings of assets, as the twin itself tells them."""

from datetime import UTC, datetime, timedelta

import pytest
from worlds import make_layer

from spatial import crs, token
from twin_model import assets

GAUGES = "/collections/gauges"
NOON = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)


def at(number):
    """Degrees of the middle of a gauge's square."""
    return crs.transformer(4549, 4326).transform(528_000.5 + 10 * number, 3_486_000.5)


def instant(minutes):
    return (NOON + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


@pytest.fixture
def gauges(database, client):
    make_layer(database, "gauges", 5)
    assets.register(database, "gauges", {"id": "code"})
    rows = [
        {
            "asset": f"c{n}",
            "property": "level",
            "at": instant(10 * k),
            "value": n + k / 10,
            "unit": "m",
        }
        for n in range(4)
        for k in range(3)
    ]
    rows.append({"asset": "c0", "property": "rain", "at": instant(10), "value": 7, "unit": "mm"})
    headers = {"X-API-Key": token.create(database, "write", subject="posts")}
    assert client.post("/twin/observations", json=rows, headers=headers).status_code == 200
    return client


def ask(client, path, **query):
    answer = client.get(
        f"{GAUGES}/{path}", params={k.replace("_", "-"): v for k, v in query.items()}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_position_is_the_nearest_asset(gauges):
    x, y = at(1)
    found = ask(gauges, "position", coords=f"POINT({x + 1e-5} {y})")
    assert found["id"] == "c1"
    assert found["domain"]["axes"]["t"]["values"] == [instant(0), instant(10), instant(20)]
    assert found["ranges"]["level"]["values"] == [1.0, 1.1, 1.2]
    assert found["ranges"]["rain"]["values"] == [None, None, None]
    assert found["parameters"]["level"]["unit"]["symbol"]["value"] == "m"


def test_an_interval_and_an_instant(gauges):
    x, y = at(2)
    place = {"coords": f"POINT({x} {y})", "parameter_name": "level"}
    part = ask(gauges, "position", **place, datetime=f"{instant(5)}/{instant(15)}")
    assert part["ranges"]["level"]["values"] == [2.1]
    held = ask(gauges, "position", **place, datetime=instant(19))
    assert held["ranges"]["level"]["values"] == [2.1]
    assert held["domain"]["axes"]["t"]["values"] == [instant(10)]


def test_areas_hold_the_assets_inside(gauges):
    (west, south), (east, north) = at(0.5), at(2.5)
    box = f"{west},{south - 1e-4},{east},{north + 1e-4}"
    cube = ask(gauges, "cube", bbox=box)
    assert [one["id"] for one in cube["coverages"]] == ["c1", "c2"]
    corners = [
        (west, south - 1e-4),
        (east, south - 1e-4),
        (east, north + 1e-4),
        (west, south - 1e-4),
    ]
    text = ",".join(f"{x} {y}" for x, y in corners)
    area = ask(gauges, "area", coords=f"POLYGON(({text}))", f="geojson")
    assert [one["id"] for one in area["features"]] == ["c2"]
    x, y = at(3)
    near = ask(gauges, "radius", coords=f"POINT({x} {y})", within="12")
    assert [one["id"] for one in near["coverages"]] == ["c2", "c3"]


def test_locations_are_the_assets(gauges):
    found = ask(gauges, "locations")
    assert [one["id"] for one in found["features"]] == ["c0", "c1", "c2", "c3", "c4"]
    one = ask(gauges, "locations/c0", parameter_name="rain")
    assert one["ranges"]["rain"]["values"] == [7.0]
    assert gauges.get(f"{GAUGES}/locations/c9").status_code == 404
    assert gauges.get(f"{GAUGES}/locations/c4").status_code == 404  # it has no readings


def test_the_collection_tells_of_its_queries(gauges):
    document = gauges.get(GAUGES, params={"f": "json"}).json()
    assert document["itemType"] == "feature"
    assert set(document["data_queries"]) == {"position", "radius", "area", "cube", "locations"}
    assert document["parameter_names"]["level"]["unit"]["symbol"]["value"] == "m"
    paths = gauges.get("/openapi?f=json").json()["paths"]
    assert f"{GAUGES}/position" in paths
    assert f"{GAUGES}/trajectory" not in paths
    assert f"{GAUGES}/locations/{{locationId}}" in paths


BAD = [
    ("position", {"coords": "POINT(1 1)", "parameter-name": "depth"}, 400, "level, rain are"),
    ("trajectory", {"coords": "LINESTRING(0 0,1 1)"}, 400, "position or an area"),
    ("cube", {"bbox": "0,0,1,1"}, 404, "no reading"),
    ("position", {"coords": "POINT(1 1)", "datetime": "2001"}, 404, "no reading"),
    ("position", {"coords": "POINT(1 1)", "datetime": "2001/.."}, 413, "ten years"),
]


def test_bad_queries(gauges):
    for path, query, status, words in BAD:
        answer = gauges.get(f"{GAUGES}/{path}", params=query)
        assert answer.status_code == status, answer.text
        assert words in answer.json()["description"]


def test_what_a_grant_may_not_see_answers_no_query(client, database):
    make_layer(database, "hidden", 2, access="restricted")
    assets.register(database, "hidden", {"id": "code"})
    answer = client.get("/collections/hidden/position", params={"coords": "POINT(1 1)"})
    assert answer.status_code == 404
