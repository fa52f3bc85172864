"""Rain, runoff and hydrographs of basins whose ground is known by kinds."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.certificate import Certificate
from spatial.hydrology.curve_number import retention, runoff
from spatial.hydrology.design_storm import Storm
from spatial.hydrology.neighbours import Floats
from spatial.hydrology.routing import route
from spatial.hydrology.unit_hydrograph import flow_length, hydrograph, lag

_ROUNDING = 1e-10
_FOOT = 0.3048


@dataclass(frozen=True)
class Basins:
    """b basins under a storm of k steps. Depths in mm, areas in m², volumes in m³, flow in m³/s.

    depth_by_kind: (kinds,) runoff, NaN where no curve number is known. excess: (b, k).
    flow: for each basin at the end of each step, with its tail. kept: (b,) m³, counted by itself.
    out: what leaves each basin with what comes from above. onward: (b,) the basin below, or -1.
    """

    storm: Storm
    area: Floats
    curve_number: Floats
    slope: Floats
    lag_h: Floats
    depth_by_kind: Floats
    excess: Floats
    kept: Floats
    flow: tuple[Floats, ...]
    out: tuple[Floats, ...]
    onward: npt.NDArray[np.int64]

    def routed(self, onward: npt.NDArray[np.int64], speed: float, weight: float) -> Self:
        """With basins in series: waves of `speed` m/s pass each by its length of flow (15-5)."""
        hours = flow_length(self.area) * _FOOT / speed / 3600
        out = route(self.flow, onward, hours, weight, self.storm.step / 60)
        return replace(self, out=tuple(out), onward=onward)

    @property
    def depth(self) -> Floats:
        """(b,) mm of runoff over each basin."""
        return self.excess.sum(axis=1)

    def table(self) -> pd.DataFrame:
        """One row for each basin."""
        rain = self.storm.depth
        return pd.DataFrame(
            {
                "area_m2": self.area,
                "curve_number": self.curve_number,
                "slope_percent": self.slope,
                "rain_mm": np.full(len(self.area), rain),
                "runoff_mm": self.depth,
                "runoff_m3": self.depth / 1000 * self.area,
                "coefficient": self.depth / rain if rain else np.full(len(self.area), np.nan),
                "lag_h": self.lag_h,
                "peak_m3s": [float(flow.max(initial=0)) for flow in self.flow],
                "peak_minute": [
                    (int(flow.argmax()) + 1) * self.storm.step if flow.any() else np.nan
                    for flow in self.flow
                ],
                "outflow_peak_m3s": [float(flow.max(initial=0)) for flow in self.out],
                "outflow_peak_minute": [
                    (int(flow.argmax()) + 1) * self.storm.step if flow.any() else np.nan
                    for flow in self.out
                ],
            }
        )

    def hydrograph(self, place: int) -> pd.DataFrame:
        """Rain, excess, own flow and outflow of one basin by the ends of the steps."""
        out = self.out[place]
        flow = np.zeros(len(out))
        flow[: len(self.flow[place])] = self.flow[place]
        rain, excess = np.zeros(len(flow)), np.zeros(len(flow))
        steps = len(self.storm.rain)
        rain[:steps], excess[:steps] = self.storm.rain, self.excess[place]
        minute = self.storm.step * np.arange(1, len(flow) + 1)
        return pd.DataFrame(
            {
                "minute": minute,
                "rain_mm": rain,
                "excess_mm": excess,
                "flow_m3s": flow,
                "outflow_m3s": out,
            }
        )

    def certificate(self, left_out: float) -> Certificate:
        """Rain = runoff through the outlets + what the ground keeps, basin by basin."""
        rain = self.storm.depth / 1000 * self.area
        ran = np.array([flow.sum() for flow in self.flow]) * self.storm.step * 60
        total = float(rain.sum())
        left = sum(float(self.out[k].sum()) for k in np.flatnonzero(self.onward < 0))
        routed = abs(left * self.storm.step * 60 - float(ran.sum()))
        return Certificate(
            "rain = runoff + kept by the ground", total, float(ran.sum() + self.kept.sum()),
            float(np.abs(rain - ran - self.kept).sum()) + routed, _ROUNDING * total, "m3",
            {"rain": total, "runoff": float(ran.sum()), "kept": float(self.kept.sum())},
            notes=(f"{left_out:.6g} m2 outside all basins or of no known land use are left out",)
            if left_out else (),
        )  # fmt: skip

    def summary(self, storm: Storm) -> dict[str, Any]:
        """Of all basins together."""
        volume = float((self.depth / 1000 * self.area).sum())
        area = float(self.area.sum())
        return {
            "basins": len(self.area),
            "area_m2": area,
            "rain_mm": storm.depth,
            "runoff_mm": volume / area * 1000 if area else None,
            "runoff_m3": volume,
            "highest_outflow_m3s": max((float(one.max(initial=0)) for one in self.out), default=0),
            "highest_peak_m3s": max((float(flow.max(initial=0)) for flow in self.flow), default=0),
        }


def balance(storm: Storm, area: Floats, number: Floats, slope: Floats) -> Basins:
    """Runoff of basins: area (b, kinds) in m², number (kinds,), slope (b,) in percent.

    Excess rain of each kind follows from what has fallen so far, Q(P(t)), and is weighted by area,
    so that a basin's runoff is the sum of its cells'. The lag is by the basin's mean number.
    """
    known = ~np.isnan(number)
    area, cn = area[:, known], number[known]
    fallen = np.cumsum(storm.rain)
    ran = runoff(fallen[None, :], cn[:, None])
    steps = np.diff(ran, axis=1, prepend=0.0)
    size = area.sum(axis=1)
    weight = np.divide(area, size[:, None], out=np.zeros_like(area), where=size[:, None] > 0)
    excess = weight @ steps
    mean = np.where(size > 0, weight @ cn, np.nan)
    late = lag(size, slope, retention(np.where(size > 0, mean, 100.0)))
    lost = area @ (storm.depth - ran[:, -1]) / 1000
    depth = np.full(len(number), np.nan)
    depth[known] = ran[:, -1]
    flows = tuple(
        hydrograph(one, storm.step, wide, float(hours))
        for one, wide, hours in zip(excess, size, late, strict=True)
    )
    return Basins(
        storm, size, mean, slope, late, depth, excess, lost, flows, flows, np.full(len(size), -1)
    )
