"""SensorThings posters: they find their datastream, and send what they have."""

from typing import Any

import pytest
from starlette.testclient import TestClient
from worlds import make_layer

from spatial import token
from spatial.database import Database
from tests.twin_model.conftest import ago, reading
from tests.twin_model.test_store import put
from twin_model import assets


@pytest.fixture
def poster(client: TestClient, database: Database, gauges: list[str]) -> TestClient:
    put(database, [reading(name, 1.0, seconds=60, unit="m") for name in gauges])
    secret = token.create(database, "write", subject="poster", classes=["public"])
    client.headers["Authorization"] = f"Bearer {secret}"
    return client


def stream(client: TestClient, asset: str) -> dict[str, Any]:
    """The datastream of an asset's level, as a poster finds it."""
    found = client.get("/v1.1/Datastreams", params={"$filter": f"name eq '{asset}/level'"})
    (one,) = found.json()["value"]
    return dict(one)


def level(client: TestClient, asset: str) -> Any:
    (one,) = client.get("/twin/state", params={"assets": asset}).json()["assets"]
    return one["values"]["level"]["value"]


def test_a_poster_finds_its_datastream(poster: TestClient) -> None:
    one = stream(poster, "c2")
    assert one["unitOfMeasurement"]["symbol"] == "m"
    assert poster.get(one["@iot.selfLink"]).json() == one
    thing = poster.get(one["Thing@iot.navigationLink"]).json()
    assert thing["name"] == "c2"
    assert poster.get(thing["@iot.selfLink"]).json() == thing
    assert poster.get(thing["Datastreams@iot.navigationLink"]).json()["value"] == [one]
    first = poster.get("/v1.1/Datastreams?$top=2&$count=true").json()
    assert (len(first["value"]), first["@iot.count"]) == (2, 5)
    rest = poster.get(first["@iot.nextLink"]).json()["value"]
    assert rest[0] not in first["value"]
    assert {part["name"] for part in poster.get("/v1.1").json()["value"]} >= {"Datastreams"}


def test_observations_are_stored(poster: TestClient) -> None:
    one = stream(poster, "c0")
    link = one["Observations@iot.navigationLink"]
    answer = poster.post(link, json={"result": 2.5, "phenomenonTime": ago(30)})
    assert answer.status_code == 201
    assert "/v1.1/Observations(" in answer.headers["location"]
    assert level(poster, "c0") == 2.5
    entity = {"result": 3.5, "Datastream": {"@iot.id": one["@iot.id"]}}
    assert poster.post("/v1.1/Observations", json=entity).status_code == 201
    assert level(poster, "c0") == 3.5


def test_data_arrays_are_stored(poster: TestClient) -> None:
    body = [
        {
            "Datastream": {"@iot.id": stream(poster, name)["@iot.id"]},
            "components": ["phenomenonTime", "result"],
            "dataArray": [[ago(20), 4.0], [ago(10), value]],
        }
        for name, value in (("c0", 5.0), ("c1", "wet"))
    ]
    body.append({**body[0], "Datastream": {"@iot.id": 999}})
    answer = poster.post("/v1.1/CreateObservations", json=body)
    assert answer.status_code == 201
    links = answer.json()
    assert [link == "error" for link in links] == [False] * 4 + [True] * 2
    assert (level(poster, "c0"), level(poster, "c1")) == (5.0, 4.0)


def test_what_cannot_be_taken_is_refused(poster: TestClient, database: Database) -> None:
    make_layer(database, "secret", 1, access="restricted")
    with database.begin() as tx:
        tx.pg.execute("UPDATE layers.secret SET code = 'hidden'")
    assets.register(database, "secret", {"id": "code"})
    put(database, [reading("hidden", 1.0)])
    listed = poster.get("/v1.1/Datastreams").json()["value"]
    hidden = max(one["@iot.id"] for one in listed) + 1
    for number in (hidden, 999):
        link = f"/v1.1/Datastreams({number})"
        assert poster.get(link).status_code == 404
        assert poster.post(f"{link}/Observations", json={"result": 1}).status_code == 404
    link = f"/v1.1/Datastreams({stream(poster, 'c0')['@iot.id']})/Observations"
    assert poster.post(link, json={"result": "wet"}).status_code == 400
    assert poster.post(link, content="{").status_code == 400
    assert poster.post("/v1.1/CreateObservations", json=[{}]).status_code == 400
    assert poster.get("/v1.1/Datastreams?$filter=id gt 3").status_code == 400
    del poster.headers["Authorization"]
    assert poster.post(link, json={"result": 1}).status_code == 401
