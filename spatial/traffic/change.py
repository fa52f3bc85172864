"""Two equilibria compared: what a plan, a flood or a closure does to links and junctions."""

import numpy as np
import pandas as pd

from spatial.traffic import tables
from spatial.traffic.case import Case
from spatial.traffic.equilibrium import Flows
from spatial.traffic.graph import Floats
from spatial.traffic.level_of_service import levels

_KMH = 0.06  # metres a minute


def links_compared(
    links: pd.DataFrame, was: "pd.Series[int]", now: "pd.Series[int]",
    base: tuple[Case, Flows], after: tuple[Case, Flows],
) -> pd.DataFrame:  # fmt: skip
    """Flow, minutes, saturation, speed and level of service of each link, before and after.

    was, now: the fids of the links of both networks, in their order. A link that is not there
    carries nothing, and its time is none. Speeds are lengths over times; levels by
    `level_of_service`.
    """
    fid = pd.Index(links["fid"])
    length = np.full(len(links), np.nan)
    if any(name in links for name in tables.LENGTH):
        length = tables.numbers(links, tables.LENGTH)
    kind = links["class"] if "class" in links else pd.Series("", links.index)
    start, end = tables.ends(links)
    rows = pd.DataFrame({"link": fid.to_numpy(), "from": start, "to": end})
    for when, there, (case, found) in (("", was, base), ("_after", now, after)):
        place = fid.get_indexer(pd.Index(there))
        flow = np.zeros(len(links))
        minutes, capacity = np.full(len(links), np.nan), np.full(len(links), np.nan)
        flow[place], capacity[place] = case.links(found.flow), case.table.capacity
        minutes[place] = case.table.time.at(case.links(found.flow))
        kmh = _KMH * _share(length, minutes)
        rows[f"flow{when}"], rows[f"minutes{when}"] = flow, minutes
        rows[f"saturation{when}"], rows[f"kmh{when}"] = _share(flow, capacity), kmh
        rows[f"level{when}"] = levels(kind, kmh)
    for name in ("flow", "minutes"):
        rows[f"{name}_change"] = rows[f"{name}_after"] - rows[name]
    return rows


def junctions_compared(links: pd.DataFrame) -> pd.DataFrame:
    """Of every node what flows into it and how long that is on the way there, before and after.

    delay: vehicle-minutes on the links into it, of which the change ranks junctions.
    """
    into = links.assign(
        delay=links["flow"] * links["minutes"].fillna(0.0),
        delay_after=links["flow_after"] * links["minutes_after"].fillna(0.0),
    ).groupby("to")[["flow", "flow_after", "delay", "delay_after"]].sum()  # fmt: skip
    into["flow_change"] = into["flow_after"] - into["flow"]
    into["delay_change"] = into["delay_after"] - into["delay"]
    return into.rename_axis("node").reset_index()


def worsened(rows: pd.DataFrame) -> int:
    """How many of the links compared fall to a lower level of service."""
    known = rows[["level", "level_after"]].dropna()
    return int((known["level_after"].astype(str) > known["level"].astype(str)).sum())


def _share(part: Floats, whole: Floats) -> Floats:
    share: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return share
