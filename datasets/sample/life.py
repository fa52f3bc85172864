"""What the sample city's sensors read and where its vehicles are: a storm, a jam, from a seed.

Everything is a function of the seed and the moment, but for the way that vehicles have come.
Storms and jams return by turns; each is drawn from the seed and its number.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]

STORM_EVERY_S, STORM_LASTS_S, STORM_REACH_M = 2400.0, 900.0, 3500.0
JAM_EVERY_S, JAM_LASTS_S, JAM_REACH_M = 1500.0, 600.0, 900.0
RISE_S, RISE_M = 900.0, 1.1
SENSORS_S, VEHICLES_S = 30, 5
ROUTE_EDGES = 25


@dataclass(frozen=True)
class Sensor:
    """A station: what it observes, and where, in metres."""

    asset: str
    property: str
    x: float
    y: float


@dataclass(frozen=True)
class Street:
    """A stretch of road between two junctions, in metres, and its speed in km/h."""

    line: Floats
    ends: tuple[int, int]
    speed: float


class Life:
    """The city from a moment on: `readings` tells one step after the other.

    vehicles: asset and station in metres. to_degrees: from metres to longitude and latitude.
    """

    def __init__(
        self,
        seed: int,
        sensors: list[Sensor],
        vehicles: list[tuple[str, float, float]],
        streets: list[Street],
        to_degrees: Any,
        start: datetime,
    ) -> None:
        self._seed = seed
        self._sensors = sensors
        self._to_degrees = to_degrees
        self._centres = np.array([(one.x, one.y) for one in sensors])
        self._junctions = _junctions(streets)
        self._streets = streets
        self._vehicles = [
            _Vehicle(name, *self._route(name, np.array([x, y]))) for name, x, y in vehicles
        ]
        for vehicle in self._vehicles:
            vehicle.gone = float(self._draw(vehicle.name).uniform(0, vehicle.along[-1]))
        self._before = start.timestamp()

    def readings(self, now: datetime) -> Iterator[dict[str, Any]]:
        """What is read between the step before and this one; steps are of whole seconds."""
        t = now.timestamp()
        at = now.isoformat()
        for n, sensor in enumerate(self._sensors):
            # each at its own second, so that load is even
            if (int(t) + n) // SENSORS_S > (int(self._before) + n) // SENSORS_S:
                yield {
                    "asset": sensor.asset, "property": sensor.property, "at": at,
                    "value": round(self._measured(sensor, t), 3),
                }  # fmt: skip
        if int(t) // VEHICLES_S > int(self._before) // VEHICLES_S:
            yield from self._drive(t, at)
        self._before = t

    def _measured(self, sensor: Sensor, t: float) -> float:
        rng = self._draw(sensor.asset)
        base, phase = rng.uniform(0, 1, 2)
        noise = float(self._draw(f"{sensor.asset} {int(t)}").normal(0, 1))
        day = np.sin(2 * np.pi * (t / 86_400 + 0.33))  # afternoon in eastern China
        wave = np.sin(2 * np.pi * (t / 3_000 + phase))
        match sensor.property:
            case "rainfall":  # mm in the five minutes before
                return max(0.0, 9.0 * self._rain(sensor, t) * (1 + 0.1 * noise))
            case "water_level":  # m
                swell = RISE_M * self._risen(sensor, t)
                return float(3.0 + 0.4 * base + 0.04 * wave + swell + 0.004 * noise)
            case "discharge":  # m3/s
                return float(8 + 10 * base + wave + 30 * self._risen(sensor, t) + 0.2 * noise)
            case "pm2_5":  # ug/m3: rain washes the air
                dust = 28 + 20 * base + 8 * day + 2 * noise
                return float(max(3.0, dust * (1 - 0.6 * self._rain(sensor, t))))
            case _:  # vehicles an hour
                flow = (500 + 900 * base) * (1 + 0.35 * day + 0.1 * wave)
                return float(max(0.0, flow * (1 - 0.8 * self.jammed(sensor.x, sensor.y, t))
                                 + 15 * noise))  # fmt: skip

    def _event(self, kind: str, number: int) -> tuple[Floats, Floats]:
        """Where a storm or jam begins, and how it moves in m/s."""
        rng = self._draw(f"{kind} {number}")
        centre = self._centres[rng.integers(len(self._centres))]
        return centre, rng.uniform(-2.5, 2.5, 2)

    def _rain(self, sensor: Sensor, t: float) -> float:
        """0 to 1: how hard it rains on a sensor."""
        number, since = divmod(t, STORM_EVERY_S)
        if since > STORM_LASTS_S:
            return 0.0
        centre, way = self._event("storm", int(number))
        far = np.hypot(*(centre + way * since - (sensor.x, sensor.y))) / STORM_REACH_M
        return float(np.exp(-(far**2)) * np.sin(np.pi * since / STORM_LASTS_S))

    def _risen(self, sensor: Sensor, t: float) -> float:
        """0 to 1: how far waters stand above their level, from this storm and the one before."""
        number, since = divmod(t, STORM_EVERY_S)
        total = 0.0
        for back in (0, 1):
            centre, way = self._event("storm", int(number) - back)
            middle = centre + way * STORM_LASTS_S / 2
            near = np.exp(-((np.hypot(*(middle - (sensor.x, sensor.y))) / STORM_REACH_M) ** 2))
            s = (since + back * STORM_EVERY_S) / RISE_S
            total += float(near * s * np.exp(1 - s))
        return min(total, 1.0)

    def jam_at(self, t: float) -> tuple[int, float, float] | None:
        """The number of the jam that there is, and where in degrees; None while all flows."""
        number, since = divmod(t, JAM_EVERY_S)
        if since > JAM_LASTS_S:
            return None
        centre, _ = self._event("jam", int(number))
        lon, lat = self._to_degrees(*centre)
        return int(number), float(lon), float(lat)

    def jammed(self, x: float, y: float, t: float) -> float:
        """0 to 1: how far traffic stands at a place."""
        number, since = divmod(t, JAM_EVERY_S)
        if since > JAM_LASTS_S:
            return 0.0
        centre, _ = self._event("jam", int(number))
        far = np.hypot(*(centre - (x, y))) / JAM_REACH_M
        return float(np.exp(-(far**2)) * np.sin(np.pi * since / JAM_LASTS_S))

    def _drive(self, t: float, at: str) -> Iterator[dict[str, Any]]:
        seconds = t - self._before
        for vehicle in self._vehicles:
            x, y = vehicle.place()
            jam = self.jammed(x, y, t)
            speed = vehicle.speed() * (1 - 0.9 * jam)
            vehicle.gone += speed / 3.6 * seconds
            lon, lat = self._to_degrees(*vehicle.place())
            told = {
                "place": [round(lon, 6), round(lat, 6)],
                "speed": round(speed, 1),
                "status": "jammed" if jam > 0.5 else "moving",
            }
            for name, value in told.items():
                unit = {"unit": "km/h"} if name == "speed" else {}
                yield {"asset": vehicle.name, "property": name, "at": at, "value": value} | unit

    def _route(self, name: str, station: Floats) -> tuple[Floats, Floats]:
        """A way through the streets from the one nearest to a station, and speeds along it."""
        rng = self._draw(f"route {name}")
        middles = np.array([street.line[len(street.line) // 2] for street in self._streets])
        edge = int(np.hypot(*(middles - station).T).argmin())
        here = self._streets[edge].ends[1]
        parts, speeds = [self._streets[edge].line], [self._streets[edge].speed]
        for _ in range(ROUTE_EDGES):
            onward = [one for one in self._junctions[here] if one != edge]
            if not onward:
                break
            edge = int(rng.choice(onward))
            street = self._streets[edge]
            forth = street.ends[0] == here
            here = street.ends[1 if forth else 0]
            parts.append(street.line if forth else street.line[::-1])
            speeds.append(street.speed)
        return np.concatenate(parts), np.repeat(speeds, [len(part) for part in parts])

    def _draw(self, what: str) -> np.random.Generator:
        return np.random.default_rng([self._seed, crc32(what.encode())])


class _Vehicle:
    """Goes to and fro on its way; `gone` is how far, in metres."""

    def __init__(self, name: str, line: Floats, speeds: Floats) -> None:
        self.name = name
        self.gone = 0.0
        self.along = np.append(0, np.hypot(*np.diff(line, axis=0).T).cumsum())
        self._line, self._speeds = line, speeds

    def _at(self) -> float:
        there, end = self.gone % (2 * self.along[-1]), self.along[-1]
        return float(min(there, 2 * end - there))

    def place(self) -> tuple[float, float]:
        at = self._at()
        return (
            float(np.interp(at, self.along, self._line[:, 0])),
            float(np.interp(at, self.along, self._line[:, 1])),
        )

    def speed(self) -> float:
        """km/h here, at the pace of town."""
        place = int(np.searchsorted(self.along, self._at()).clip(max=len(self.along) - 1))
        return 0.6 * float(self._speeds[place])


def _junctions(streets: list[Street]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for n, street in enumerate(streets):
        for end in street.ends:
            found.setdefault(end, []).append(n)
    return found
