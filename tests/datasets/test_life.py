"""The sample city's life: the same again from a seed, wet where it rains, slow where it jams."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from datasets.sample.life import JAM_EVERY_S, STORM_EVERY_S, Life, Sensor, Street

START = datetime(2026, 6, 1, 4, tzinfo=UTC)
SIDE = 5


def grid() -> list[Street]:
    """Streets 100 m long between the junctions of a square grid."""
    streets = []
    for row in range(SIDE):
        for column in range(SIDE):
            for down, right in ((1, 0), (0, 1)):
                if row + down < SIDE and column + right < SIDE:
                    ends = row * SIDE + column, (row + down) * SIDE + column + right
                    line = 100.0 * np.array([[column, row], [column + right, row + down]])
                    streets.append(Street(line, ends, 50.0))
    return streets


def life(seed: int = 1) -> Life:
    kinds = {"L": "water_level", "Y": "rainfall", "J": "traffic_flow", "K": "pm2_5"}
    sensors = [
        Sensor(f"{letter}{n}", name, 100.0 * n, 0.0)
        for letter, name in kinds.items()
        for n in range(SIDE)
    ]
    vehicles = [(f"V{n}", 100.0 * n, 200.0) for n in range(SIDE)]
    return Life(seed, sensors, vehicles, grid(), lambda x, y: (x / 1e5, y / 1e5), START)


def lived(of: Life, seconds: float, step: int = 5) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for n in range(step, int(seconds) + 1, step):
        rows += of.readings(START + timedelta(seconds=n))
    return rows


@pytest.fixture(scope="module")
def day() -> list[dict[str, Any]]:
    """Long enough for a storm and a jam."""
    return lived(life(), max(STORM_EVERY_S, JAM_EVERY_S))


def test_the_same_seed_lives_the_same(day: list[dict[str, Any]]) -> None:
    few = lived(life(), 120)
    assert few == day[: len(few)]
    assert few != lived(life(2), 120)


def test_a_storm_raises_levels_and_a_jam_stops_traffic(day: list[dict[str, Any]]) -> None:
    def of(name: str, asset: str) -> list[float]:
        return [row["value"] for row in day if (row["asset"], row["property"]) == (asset, name)]

    assert max(of("rainfall", "Y2")) > 5 > 0 == min(of("rainfall", "Y2"))
    assert max(of("water_level", "L2")) - min(of("water_level", "L2")) > 0.3
    assert min(of("traffic_flow", "J2")) < 0.5 * max(of("traffic_flow", "J2"))
    assert {row["value"] for row in day if row["property"] == "status"} == {"moving", "jammed"}


def test_vehicles_keep_to_the_streets_and_their_speed(day: list[dict[str, Any]]) -> None:
    for n in range(SIDE):
        mine = [row for row in day if row["asset"] == f"V{n}"]
        places = np.array([row["value"] for row in mine if row["property"] == "place"]) * 1e5
        speeds = np.array([row["value"] for row in mine if row["property"] == "speed"])
        # one coordinate is always on a street's line; degrees are rounded to a tenth of a metre
        off = np.abs(places - 100 * np.round(places / 100)).min(axis=1)
        assert off.max() < 0.2
        far = np.hypot(*np.diff(places, axis=0).T)
        assert np.all(far <= speeds[1:] / 3.6 * 5 + 0.3)
        assert np.ptp(places, axis=0).max() > 200
