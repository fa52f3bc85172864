"""Forbidden turns: junctions taken apart, so that paths can only turn as they may."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial.errors import Invalid
from spatial.traffic.graph import Integers


@dataclass(frozen=True)
class Turned:
    """Links (m,) between nodes that are numbered anew, and the turns (k,) between them.

    A junction with a forbidden turn becomes one node for each link into it and out of it; allowed
    turns join these. The junction itself is kept, with a number below `first_through`: paths start
    and end there, and none passes. node: (n,) the old number of every node, by its new one less 1.
    """

    start: Integers
    end: Integers
    turn_start: Integers
    turn_end: Integers
    node: Integers
    first_through: int

    @property
    def turns(self) -> int:
        return len(self.turn_start)


def forbidden(turns: pd.DataFrame, road: Integers, start: Integers, end: Integers) -> Integers:
    """(b, 2) pairs of links, by their places, that no path may take one after the other.

    turns: `from_road` and `to_road`, fids; from a road to itself is to turn round on it. road,
    start, end: (m,) of the links. Raises Invalid for what is missing or no number.
    """
    for name in ("from_road", "to_road"):
        if name not in turns or pd.to_numeric(turns[name], errors="coerce").isna().any():
            raise Invalid(f"the forbidden turns need the fids of roads in '{name}', in every row")
    links = pd.DataFrame({"link": np.arange(len(road)), "road": road, "start": start, "end": end})
    pairs = (
        turns[["from_road", "to_road"]].astype("int64").drop_duplicates()
        .merge(links, left_on="from_road", right_on="road")
        .merge(links, left_on=["to_road", "end"], right_on=["road", "start"])
    )  # fmt: skip
    same = pairs["from_road"] == pairs["to_road"]
    pairs = pairs[~same | (pairs["start_x"] == pairs["end_y"])]
    return np.asarray(pairs[["link_x", "link_y"]], np.int64)


def apart(start: Integers, end: Integers, banned: Integers) -> Turned:
    """Take the junctions of banned pairs of links (b, 2) apart; nodes are numbered from 1."""
    count = int(max(start.max(initial=0), end.max(initial=0)))
    split = np.unique(end[banned[:, 0]])
    new = np.empty(count + 1, np.int64)
    rest = np.setdiff1d(np.arange(1, count + 1), split)
    new[split], new[rest] = np.arange(len(split)) + 1, len(split) + 1 + np.arange(len(rest))
    into, out = (np.flatnonzero(np.isin(side, split)) for side in (end, start))
    old = np.concatenate([split, rest, end[into], start[out]])
    begun, ended = new[start], new[end]
    ended[into] = count + 1 + np.arange(len(into))
    begun[out] = count + 1 + len(into) + np.arange(len(out))
    ins = pd.DataFrame({"link": into, "at": end[into]})
    outs = pd.DataFrame({"next": out, "at": start[out]})
    pairs = ins.merge(outs, on="at")
    no = pd.MultiIndex.from_arrays([banned[:, 0], banned[:, 1]])
    pairs = pairs[~pd.MultiIndex.from_frame(pairs[["link", "next"]]).isin(no)]
    one, other = pairs["link"].to_numpy(np.int64), pairs["next"].to_numpy(np.int64)
    return Turned(
        begun,
        ended,
        np.concatenate([ended[one], new[start[out]], ended[into]]),
        np.concatenate([begun[other], begun[out], new[end[into]]]),
        old,
        len(split) + 1,
    )
