from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from starlette.testclient import TestClient

from spatial import token
from spatial.database import Database
from tests.twin_model.conftest import ago, reading
from twin_model.state_binary import decode


@pytest.fixture
def writer(database: Database) -> dict[str, str]:
    return {"X-API-Key": token.create(database, "write", subject="posts")}


def post(client: TestClient, headers: dict[str, str], rows: Any, **params: str) -> Any:
    answer = client.post("/twin/observations", json=rows, headers=headers, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_state_tells_what_was_posted(
    client: TestClient, gauges: list[str], writer: dict[str, str]
) -> None:
    told = post(client, writer, [reading("c0", 1.5, unit="m"), reading("c1", "dry")])
    assert told == {"accepted": 2, "duplicates": 0, "quarantined": 0, "cursor": told["cursor"]}
    document = client.get("/twin/state").json()
    assert document["cursor"] == told["cursor"]
    assert [one["asset"] for one in document["assets"]] == gauges
    first, second = document["assets"][:2]
    assert first["fid"] == 1
    assert first["geometry"]["type"] == "MultiPolygon"
    assert first["values"]["level"]["value"] == 1.5
    assert first["values"]["level"]["unit"] == "m"
    assert second["values"]["level"]["value"] == "dry"
    assert document["assets"][4]["values"] == {}


def test_the_past_is_as_it_was_and_as_it_was_known(
    client: TestClient, gauges: list[str], writer: dict[str, str]
) -> None:
    moment = ago(60)
    post(client, writer, [reading("c0", 1.0, at=moment)])
    before = client.get("/twin/state").json()
    post(client, writer, [reading("c0", 2.0, at=moment), reading("c0", 3.0, 1)])

    def level(**params: str) -> Any:
        document = client.get("/twin/state", params={"assets": "c0"} | params).json()
        (asset,) = document["assets"]
        return asset["values"].get("level", {}).get("value")

    assert level() == 3.0
    assert level(datetime=ago(30)) == 2.0
    assert level(datetime=ago(30), known_at=before["known_at"]) == 1.0
    assert level(datetime=ago(90)) is None


@pytest.mark.parametrize("form", ["csv", "arrow", "ndjson"])
def test_readings_come_in_other_forms(
    client: TestClient, gauges: list[str], writer: dict[str, str], form: str
) -> None:
    rows = [reading(name, float(n)) for n, name in enumerate(gauges)]
    table = pa.Table.from_pylist(rows)
    if form == "csv":
        body = "asset,property,at,value\n" + "".join(
            f"{r['asset']},{r['property']},{r['at']},{r['value']}\n" for r in rows
        )
        kind, content = "text/csv; charset=utf-8", body.encode()
    elif form == "ndjson":
        kind = "application/x-ndjson"
        content = b"\n".join(
            f'{{"asset":"{r["asset"]}","property":"level","at":"{r["at"]}","value":{r["value"]}}}'.encode()
            for r in rows
        )
    else:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        kind, content = "application/vnd.apache.arrow.stream", sink.getvalue().to_pybytes()
    headers = writer | {"Content-Type": kind, "Idempotency-Key": "one"}
    for expected in ((5, 0), (0, 5)):
        told = client.post("/twin/observations", content=content, headers=headers).json()
        assert (told["accepted"], told["duplicates"]) == expected
    other = client.post("/twin/observations", content=content + b" ", headers=headers)
    assert other.status_code in (400, 412)
    values = [one["values"]["level"]["value"] for one in client.get("/twin/state").json()["assets"]]
    assert values == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_the_binary_body_says_what_json_says(
    client: TestClient, gauges: list[str], writer: dict[str, str]
) -> None:
    post(client, writer, [reading("c0", 1.5), reading("c1", [120.25, 31.5]), reading("c2", "x")])
    body = decode(client.get("/twin/state?f=bin").content)
    listed = client.get("/twin/assets").json()["assets"]
    by_id = {s["id"]: one["asset"] for one in listed for s in one["series"].values()}
    told = {
        by_id[int(s)]: (x, y)
        for s, x, y in zip(body.values.series, body.values.x, body.values.y, strict=True)
    }
    assert told["c0"][0] == 1.5
    assert told["c1"] == (120.25, 31.5)
    assert body.head["words"][str(int(told["c2"][0]))] == "x"
    assert np.isnan(told["c0"][1])


def test_moving_assets_are_where_they_say(
    client: TestClient, gauges: list[str], writer: dict[str, str]
) -> None:
    post(client, writer, [reading("c0", [119.0, 30.0], property="place")])
    there = client.get("/twin/state?bbox=118.9,29.9,119.1,30.1").json()["assets"]
    assert [one["asset"] for one in there] == ["c0"]
    assert there[0]["geometry"] == {"type": "Point", "coordinates": [119.0, 30.0]}
    home = client.get("/twin/state?bbox=120,31,121,32").json()["assets"]
    assert [one["asset"] for one in home] == ["c1", "c2", "c3", "c4"]
    collection = client.get("/twin/state?f=geojson").json()
    assert collection["type"] == "FeatureCollection"
    assert collection["features"][0]["properties"]["place"] == [119.0, 30.0]


def test_history_is_resampled(
    client: TestClient, gauges: list[str], writer: dict[str, str]
) -> None:
    rows = [reading("c0", v, at=f"2026-03-01T00:{n:02}:00Z") for n, v in enumerate([1, 2, 6, 4])]
    post(client, writer, rows)
    post(client, writer, [reading("c0", 3, at="2026-03-01T00:02:00Z")])
    span = {"asset": "c0", "from": "2026-03-01T00:00:00Z", "to": "2026-03-01T01:00:00Z"}
    (raw,) = client.get("/twin/series", params=span).json()["series"]
    assert raw["value"] == [1, 2, 3, 4]
    (two,) = client.get("/twin/series", params=span | {"every": "2min"}).json()["series"]
    assert (two["mean"], two["count"], two["max"], two["last"]) == (
        [1.5, 3.5], [2, 2], [2, 4], [2, 4],
    )  # fmt: skip
    assert two["at"] == ["2026-03-01T00:00:00Z", "2026-03-01T00:02:00Z"]


def test_quarantine_is_read_and_replayed(
    client: TestClient, database: Database, gauges: list[str], writer: dict[str, str]
) -> None:
    from worlds import make_layer

    from twin_model import assets

    row = reading("c9", 7.0)
    for _ in range(2):
        assert post(client, writer, [row])["quarantined"] == 1
    (held,) = client.get("/twin/quarantine", headers=writer).json()["quarantine"]
    assert (held["reading"], held["seen"]) == (row, 2)
    other = {"X-API-Key": token.create(database, "write", subject="other")}
    assert client.get("/twin/quarantine", headers=other).json()["quarantine"] == []
    assert client.get("/twin/quarantine").status_code == 401
    make_layer(database, "more", 10, area_field="code", access="public")
    with database.begin() as tx:
        tx.pg.execute("UPDATE layers.more SET code = 'd' || code WHERE fid < 10")
    assets.register(database, "more", {"id": "code"})
    told = client.post("/twin/quarantine/replay", headers=writer).json()
    assert (told["accepted"], told["quarantined"]) == (1, 0)
    assert client.get("/twin/quarantine", headers=writer).json()["quarantine"] == []
    state = client.get("/twin/state?assets=c9").json()["assets"]
    assert state[0]["values"]["level"]["value"] == 7.0


@pytest.fixture
def bearer(database: Database) -> Callable[..., dict[str, str]]:
    return lambda scope="read", **options: {
        "X-API-Key": token.create(database, scope, subject="somebody", **options)
    }


def test_the_grant_holds_at_every_door(
    client: TestClient, database: Database, bearer: Callable[..., dict[str, str]]
) -> None:
    from worlds import make_layer

    from twin_model import assets

    make_layer(database, "secret", 3, access="restricted", area_field="code")
    assets.register(database, "secret", {"id": "code"})
    assert post(client, bearer("write"), [reading(f"c{n}", n) for n in range(3)])["accepted"] == 3
    assert client.get("/twin/state").json()["assets"] == []
    assert client.get("/twin/assets").json()["assets"] == []
    assert client.get("/twin/series?asset=c1").status_code == 404
    assert len(decode(client.get("/twin/state?f=bin").content).values) == 0
    mine = bearer("write", areas=["c1"])
    seen = client.get("/twin/state", headers=mine).json()["assets"]
    assert [one["asset"] for one in seen] == ["c1"]
    assert len(decode(client.get("/twin/state?f=bin", headers=mine).content).values) == 1
    assert client.get("/twin/series?asset=c2", headers=mine).status_code == 404
    told = post(client, mine, [reading("c1", 5), reading("c2", 5), reading("c2", 1, property="p")])
    assert (told["accepted"], told["quarantined"]) == (1, 2)
    assert client.post("/twin/observations", json=[], headers=bearer()).status_code == 403
    assert client.post("/twin/observations", json=[]).status_code == 401


def test_an_asset_tells_its_class_relations_and_links(
    client: TestClient, database: Database, bearer: Callable[..., dict[str, str]]
) -> None:
    from datetime import UTC, datetime

    from worlds import make_layer

    from twin_model import assets, dossier, relations
    from twin_model.relations import Relation

    make_layer(database, "poles", 3)
    make_layer(database, "secret", 6, access="restricted")
    with database.begin() as tx:
        tx.pg.execute("UPDATE layers.secret SET code = 's' || code")
        tx.pg.execute("UPDATE layers.poles SET code = '011' || fid")
    roles = {"id": "code", "class": "code", "height": "height"}
    assets.register(database, "poles", roles, class_system="gbt30428")
    assets.register(database, "secret", {"id": "code"})
    both = [Relation("0111", "feeds", "0112"), Relation("0111", "watches", "sc1")]
    relations.relate(database, both, "ada")
    dossier.link(database, "0111", "manual", "https://example.org/1", title="手册")
    told = client.get("/twin/assets/0111").json()
    assert (told["class"], told["class_title"]["en"]) == ("0111", "Gas manhole")
    assert told["height"] == 0.0
    assert told["links"][0]["title"] == "手册"
    assert told["relations"] == [{"from": "0111", "kind": "feeds", "to": "0112"}]
    everything = client.get("/twin/assets/0111", headers=bearer()).json()
    assert len(everything["relations"]) == 2
    assert client.get("/twin/assets/sc1").status_code == 404
    assert client.get("/twin/assets/0113").json()["class_title"]["en"] == "Public utilities"
    known = told_at(client)
    relations.withdraw(database, both[0], datetime.now(UTC))
    assert client.get("/twin/assets/0112").json()["relations"] == []
    before = {"datetime": "2020", "known_at": known}
    assert len(client.get("/twin/assets/0112?datetime=2020").json()["relations"]) == 1
    assert len(client.get("/twin/assets/0112", params=before).json()["relations"]) == 1
    relations.withdraw(database, both[0])
    assert client.get("/twin/assets/0112?datetime=2020").json()["relations"] == []
    assert len(client.get("/twin/assets/0112", params=before).json()["relations"]) == 1


def told_at(client: TestClient) -> str:
    """The edition of the books that is read now."""
    return str(client.get("/twin/state").json()["known_at"])
