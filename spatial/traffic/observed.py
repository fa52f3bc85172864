"""Readings of sensors and vehicles onto links: speeds and volumes by link and period."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.errors import Invalid
from spatial.traffic.graph import Floats, Integers
from spatial.traffic.map_matching import Matcher
from spatial.traffic.travel import Roads

#: Units as UCUM writes them, in km/h and in vehicles an hour.
SPEEDS: Mapping[str, float] = {"km/h": 1.0, "m/s": 3.6, "[mi_i]/h": 1.609344}
VOLUMES: Mapping[str, float] = {"/h": 1.0, "/min": 60.0, "/s": 3600.0}
_SECOND = pd.Timedelta(seconds=1)


@dataclass(frozen=True)
class Periods:
    """Equal stretches of time, the last ending at `end`."""

    end: pd.Timestamp
    minutes: int
    count: int

    @property
    def begin(self) -> pd.Timestamp:
        return self.end - pd.Timedelta(minutes=self.minutes * self.count)

    def starts(self) -> pd.DatetimeIndex:
        """(t,) when each begins."""
        return pd.date_range(self.begin, periods=self.count, freq=f"{self.minutes}min")

    def of(self, at: "pd.Series[pd.Timestamp]") -> Integers:
        """(k,) the period of each moment, -1 outside; the end belongs to the last."""
        seconds = ((at - self.begin) / _SECOND).to_numpy(float)
        found = np.floor(seconds / (60 * self.minutes)).astype(np.int64)
        found[seconds == 60.0 * self.minutes * self.count] = self.count - 1
        return np.where((found >= 0) & (found < self.count), found, -1)


def beside(roads: Roads, places: npt.NDArray[np.object_], radius: float) -> tuple[Integers, ...]:
    """(e,) places and links that belong together: the nearest within a radius, both its ways."""
    near, link = shapely.STRtree(roads.shape).query_nearest(
        places, max_distance=radius, all_matches=True
    )
    return near.astype(np.int64), link.astype(np.int64)


def by_sensors(
    readings: pd.DataFrame, sensor: Integers, link: Integers, links: int, periods: Periods
) -> tuple[Floats, Floats]:
    """(links, t) mean speeds in km/h and volumes an hour, NaN where none is told.

    readings: fid, unit, at, value; sensor (e,), link (e,): which fid stands at which link. A
    sensor that stands between two ways of one street tells the speed of both, and half its volume
    of each. Raises Invalid for units that are neither of speed nor of volume, negative values.
    """
    told = readings["unit"].astype(str)
    unknown = ~(told.isin(SPEEDS.keys()) | told.isin(VOLUMES.keys()))
    if unknown.any():
        raise Invalid(
            f"readings in '{told[unknown].iloc[0]}' are neither speeds ({', '.join(SPEEDS)}) nor "
            f"volumes ({', '.join(VOLUMES)}): choose the properties, as in sensors?property=…"
        )
    value = pd.to_numeric(readings["value"], errors="coerce").to_numpy(float)
    if (value < 0).any():
        raise Invalid("a speed or volume is negative: mark the reading as bad, or correct it")
    ways = pd.Series(sensor).map(pd.Series(sensor).value_counts()).to_numpy(float)
    at = pd.DataFrame({"fid": sensor, "link": link, "ways": ways})
    rows = pd.DataFrame({
        "fid": readings["fid"].to_numpy(), "value": value, "unit": told.to_numpy(),
        "period": periods.of(readings["at"]),
    })  # fmt: skip
    rows = rows[np.isfinite(value) & (rows["period"] >= 0)].merge(at, on="fid")
    speed = rows["unit"].map(SPEEDS).to_numpy(float) * rows["value"].to_numpy(float)
    volume = rows["unit"].map(VOLUMES).to_numpy(float) * rows["value"] / rows["ways"]
    shape = (links, periods.count)
    place = rows["link"].to_numpy(np.int64) * periods.count + rows["period"].to_numpy(np.int64)
    return _mean(place, speed, shape), _mean(place, volume.to_numpy(float), shape)


def by_vehicles(
    matcher: Matcher, roads: Roads, tracks: pd.DataFrame, periods: Periods
) -> tuple[Floats, dict[str, int]]:
    """(links, t) mean speeds in km/h of vehicles over links, and how many points counted.

    tracks: asset, at, x, y in the network's metres. Between two matched points a vehicle is as
    fast on every link: all metres over all seconds; a link's mean is over the metres driven.
    """
    shape = (len(roads.fid), periods.count)
    metres, hours = np.zeros(shape), np.zeros(shape)
    counts = {"points": 0, "matched": 0, "breaks": 0}
    for _, track in tracks.groupby("asset", sort=True):
        track = track.sort_values("at")
        seconds = np.asarray((track["at"] - periods.begin) / _SECOND, np.float64)
        found = matcher.match(track[["x", "y"]].to_numpy(float), seconds)
        counts["points"] += len(track)
        counts["matched"] += len(found.used)
        counts["breaks"] += found.breaks
        period = periods.of(track["at"].iloc[found.used])
        for i, (links, far) in enumerate(found.passed):
            span = seconds[found.used[i + 1]] - seconds[found.used[i]]
            if period[i + 1] < 0 or span <= 0 or not far.sum() > 0:
                continue
            np.add.at(metres, (links, period[i + 1]), far)
            np.add.at(hours, (links, period[i + 1]), far / far.sum() * span / 3600)
    kmh = np.divide(metres / 1000, hours, out=np.full(shape, np.nan), where=hours > 0)
    return kmh, counts


def _mean(place: Integers, value: Floats, shape: tuple[int, int]) -> Floats:
    good = np.isfinite(value)
    size = shape[0] * shape[1]
    count = np.bincount(place[good], minlength=size)
    total = np.bincount(place[good], value[good], size)
    mean: Floats = np.divide(total, count, out=np.full(size, np.nan), where=count > 0)
    return mean.reshape(shape)
