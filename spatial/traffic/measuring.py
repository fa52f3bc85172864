"""What the twin tells of traffic, read for a run: sensors that stand, vehicles that move."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
import shapely

from spatial.analyses.reading import readings
from spatial.analyses.run import Run
from spatial.analyses.series import SeriesSelection, open_series
from spatial.asof import Interval
from spatial.certificate import Certificate
from spatial.crs import transformer
from spatial.frame import fetch
from spatial.query import snapshot
from spatial.traffic import observed
from spatial.traffic.graph import Floats
from spatial.traffic.map_matching import Matcher
from spatial.traffic.observed import Periods
from spatial.traffic.reading import Places, placed
from spatial.traffic.travel import Roads


class Asked(Protocol):
    """The inputs that name what measures, and how near a sensor must be to its link."""

    @property
    def sensors(self) -> SeriesSelection | None: ...
    @property
    def vehicles(self) -> SeriesSelection | None: ...
    @property
    def radius(self) -> float: ...


@dataclass(frozen=True)
class Told:
    """kmh, volume: (links, t); given, matched: sensors, and points of vehicles."""

    kmh: Floats
    volume: Floats
    given: int
    matched: int
    passed_over: int
    counts: dict[str, int]

    def certificate(self) -> Certificate:
        return Certificate(
            equation="sensors and positions = matched + not matched",
            left=self.given,
            right=self.matched + self.passed_over,
            residual=abs(self.given - self.matched - self.passed_over),
            tolerance=0.0,
            unit="places",
            dropped=self.passed_over,
        )


def measure(run: Run, asked: Asked, roads: Roads, srid: int, periods: Periods) -> Told:
    shape = (len(roads.fid), periods.count)
    kmh, volume = np.full(shape, np.nan), np.full(shape, np.nan)
    given, matched, counts = 0, 0, dict[str, int]()
    if asked.sensors is not None:
        read, there = _stationary(run, asked.sensors, srid, periods)
        sensor, link = observed.beside(
            roads, np.asarray(shapely.points(there.point), object), asked.radius
        )
        fid = there.fid
        kmh, volume = observed.by_sensors(read, fid[sensor], link, shape[0], periods)
        counts |= {"sensors": len(fid), "sensors_matched": len(np.unique(sensor))}
        given, matched = len(fid), counts["sensors_matched"]
    if asked.vehicles is not None:
        tracks = _moving(run, asked.vehicles, srid, periods)
        driven, points = observed.by_vehicles(Matcher(roads), roads, tracks, periods)
        kmh = np.where(np.isfinite(kmh), kmh, driven)
        counts |= points
        given, matched = given + points["points"], matched + points["matched"]
    return Told(kmh, volume, given, matched, given - matched, counts)


def _stationary(
    run: Run, chosen: SeriesSelection, srid: int, periods: Periods
) -> tuple[pd.DataFrame, Places]:
    """Readings, and where the features stand that tell them."""
    with snapshot(run.database) as pg:
        source = open_series(pg, chosen.within(_span(periods)), run.grant)
        read = source.read(pg, run.asof)
    with readings(run.database, [chosen.layer], run.asof, run.grant) as (pg, (view,)):
        frame = fetch(run.database, pg, view)
    there = placed(frame[frame["fid"].isin(read["fid"])], view.layer, srid)
    return read, there


def _moving(run: Run, chosen: SeriesSelection, srid: int, periods: Periods) -> pd.DataFrame:
    with snapshot(run.database) as pg:
        source = open_series(pg, chosen.within(_span(periods)), run.grant)
        track = source.track(pg, run.asof)
    x, y = transformer(4326, srid).transform(track["longitude"], track["latitude"])
    return track.assign(x=x, y=y)


def _span(periods: Periods) -> Interval:
    return Interval(periods.begin.to_pydatetime(), periods.end.to_pydatetime())
