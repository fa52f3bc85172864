"""City and the twin, over the application itself."""

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient
from worlds import make_layer

from citytwin.client import City, CityError
from spatial import token
from spatial.database import Database
from twin_model import assets

SPAN = {"start": "2026-03-01T00:00:00Z", "end": "2026-03-01T02:00:00Z"}


@pytest.fixture
def city(client: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch) -> City:
    """A city of three assets with readings."""
    make_layer(database, "gauges")
    assets.register(database, "gauges", {"id": "code"})
    rows = [
        {"asset": a, "property": p, "value": v, "at": f"2026-03-01T{at}:00Z", **more}
        for a, p, v, at, more in (
            ("c0", "level", 1.0, "00:00", {"unit": "m"}),
            ("c0", "level", 3.0, "00:30", {}),
            ("c1", "level", 5.0, "01:00", {"unit": "m"}),
            ("c1", "gate", "open", "01:00", {}),
            ("c1", "place", [120.5, 31.5], "01:10", {}),
        )
    ]
    headers = {"X-API-Key": token.create(database, "write")}
    assert client.post("/twin/observations", json=rows, headers=headers).json()["accepted"] == 5
    made = City("http://127.0.0.1:8000")
    made.close()
    monkeypatch.setattr(made, "_http", client)
    return made


def test_a_state_is_a_frame_by_asset(city: City) -> None:
    frame = city.state()
    assert list(frame.index) == ["c0", "c1", "c2"]
    assert list(frame["fid"]) == [1, 2, 3]
    assert frame["level"].iloc[:2].tolist() == [3.0, 5.0]
    assert np.isnan(frame.loc["c2", "level"])
    assert frame.loc["c1", "gate"] == "open"
    assert frame.loc["c1", "geometry"].coords[0] == (120.5, 31.5)
    assert frame.crs.to_epsg() == 4326
    assert frame.attrs["units"] == {"level": "m"}
    past = city.state("2026-03-01T00:10:00Z", assets="c0,c1", properties="level")
    assert past["level"].iloc[0] == 1.0
    assert list(past.index) == ["c0", "c1"]
    assert len(city.state(assets="nothing")) == 0


def test_a_history_is_a_dataset(city: City) -> None:
    raw = city.series("c0,c1", **SPAN)
    assert raw["level"].dims == ("asset", "time")
    assert raw["level"].attrs["units"] == "m"
    assert raw["level"].sel(asset="c0").dropna("time").values.tolist() == [1.0, 3.0]
    assert raw["gate"].sel(asset="c1").dropna("time").values.tolist() == ["open"]
    assert raw["place_lon"].sel(asset="c1").dropna("time").item() == 120.5
    hourly = city.series("c0,c1", "level", every="1h", **SPAN)
    assert hourly["level"].sel(asset="c0").values[0] == 2.0
    with pytest.raises(CityError, match="there is no series"):
        city.series("c9", **SPAN)


def test_a_frame_of_readings_is_recorded_once(
    city: City, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = city._http
    monkeypatch.setitem(client.headers, "X-API-Key", token.create(database, "write"))
    at = pd.date_range("2026-03-02T08:00", periods=3, freq="5min", tz="Asia/Shanghai")
    frame = pd.DataFrame({"asset": "c2", "property": "level", "at": at, "value": [1.0, 2.0, 4.0]})
    assert city.record(frame)["accepted"] == 3
    again = city.record(frame)
    assert (again["accepted"], again["duplicates"]) == (0, 3)
    then = city.state().attrs["known_at"]
    assert city.record(frame.tail(1).assign(value=9.0))["accepted"] == 1
    assert city.state("2026-03-02T00:07:00Z").loc["c2", "level"] == 2.0
    assert city.state("2026-03-02T00:12:00Z", known_at=then).loc["c2", "level"] == 4.0
    assert city.state("2026-03-02T00:12:00Z").loc["c2", "level"] == 9.0
