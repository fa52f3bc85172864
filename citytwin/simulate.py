"""The sample city comes to life: simulated readings through the door that all readings take."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from citytwin.door import Door
from citytwin.simulate_people import People
from datasets.sample.life import Life, Sensor, Street
from datasets.sample.plan import CRS
from spatial import crs
from spatial.errors import Invalid

AUTHOR = "simulator"
STEP = timedelta(seconds=5)
MOST_ROWS = 5_000
SENSORS, VEHICLES, ROADS = "sensors", "vehicles", "roads"


def simulate(
    door: Door, *, seed: int = 1, speed: float = 1.0, duration: timedelta | None = None
) -> int:
    """Send what happens, as fast as it does or `speed` times that; returns how many readings.

    Faster than real time it needs a duration, and ends at the present: readings from the future
    are not taken. Without a duration it goes on until `door.stop`.
    """
    if speed <= 0 or (speed != 1 and duration is None):
        raise Invalid("say for how long, when time is not to pass as it does: --for 10m")
    began = time.monotonic()
    wall = datetime.now(UTC).replace(microsecond=0)
    start = wall
    if duration is not None:
        start = wall + duration / speed - duration if speed > 1 else wall
    life, people = _life(door, seed, start), People(door)
    now, sent, waiting = start, 0, list[dict[str, Any]]()
    while not door.stop.is_set() and (duration is None or now - start < duration):
        now += STEP
        waiting += life.readings(now)
        behind = time.monotonic() - began - (now - start).total_seconds() / speed
        if behind < 0 or len(waiting) >= MOST_ROWS:
            door.stop.wait(max(-behind, 0.0))
            sent += _put(door, waiting)
            waiting = []
            if speed == 1:
                people.act(life, now)
    return sent + (_put(door, waiting) if waiting else 0)


def _put(door: Door, rows: list[dict[str, Any]]) -> int:
    return door.put(rows).get("accepted", 0) if rows else 0


def _life(door: Door, seed: int, start: datetime) -> Life:
    srid = crs.srid(CRS)
    inward, outward = crs.transformer(crs.WGS84, srid), crs.transformer(srid, crs.WGS84)

    def metres(lonlat: Any) -> Any:
        return np.column_stack(inward.transform(*np.array(lonlat, float).T[:2]))

    found = {name: _features(door, name) for name in (SENSORS, VEHICLES, ROADS)}
    sensors = [
        Sensor(
            one["properties"]["code"], one["properties"]["property"],
            *metres([one["geometry"]["coordinates"]])[0],
        )
        for one in found[SENSORS]
    ]  # fmt: skip
    vehicles = [
        (one["properties"]["code"], *metres([one["geometry"]["coordinates"]])[0])
        for one in found[VEHICLES]
    ]
    streets = [
        Street(
            metres(one["geometry"]["coordinates"]),
            (one["properties"]["from_node"], one["properties"]["to_node"]),
            one["properties"]["speed_kmh"],
        )
        for one in found[ROADS]
    ]
    return Life(seed, sensors, vehicles, streets, outward.transform, start)


def _features(door: Door, layer: str) -> list[Any]:
    """All features of a layer of the sample, in the order of their ids."""
    document = door.get(f"collections/{layer}/items", limit=10_000, f="json")
    features: list[Any] = document["features"]
    return sorted(features, key=lambda one: int(one["id"]))
