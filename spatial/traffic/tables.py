"""Links and trips from the columns of layers, by the names that the field gives them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial.errors import Invalid
from spatial.traffic.delay import BPR, DAVIDSON, FORMS
from spatial.traffic.graph import Floats, Graph, Integers
from spatial.traffic.link_cost import LinkCost

START = ("init_node", "from_node", "from", "a_node")
END = ("term_node", "to_node", "to", "b_node")
ORIGIN, DESTINATION = ("origin", "from_zone"), ("destination", "to_zone")
TRIPS = ("trips", "demand", "volume", "flow")
TIME = ("free_flow_time", "minutes")
LENGTH = ("length", "length_m")
_DEFAULTS: Mapping[str, float] = {"b": 0.15, "power": 4.0, "toll": 0.0}


@dataclass(frozen=True)
class LinkTable:
    """The links of a layer, (m,) each in its order; `first_through` as the layer tells it.

    time: what they take; cost: with tolls and distance.
    """

    start: Integers
    end: Integers
    capacity: Floats
    time: LinkCost
    cost: LinkCost
    first_through: int

    @property
    def loops(self) -> int:
        """Links that end where they start; no trip takes one."""
        return int((self.start == self.end).sum())

    def graph(self, first_through: int | None = None) -> Graph:
        """The graph of the links, whose zones before `first_through` no path passes."""
        graph = Graph.of(self.start, self.end)
        return graph.stopping_before(self.first_through if first_through is None else first_through)


def links(rows: pd.DataFrame, toll_weight: float = 0.0, distance_weight: float = 0.0) -> LinkTable:
    """Links with their generalised cost: time + toll_weight * toll + distance_weight * length.

    Columns as in TNTP (init_node, term_node, capacity, length, free_flow_time, b, power, toll,
    first_thru_node) or their synonyms; b is 0.15 and power 4 where there are none. A column
    `function` names another delay than BPR's (see `spatial.traffic.delay`). Raises Invalid for what
    is missing, and what `LinkCost.bpr` refuses.
    """
    if rows.empty:
        raise Invalid("the network holds no links at this moment")
    b, power, toll = (
        numbers(rows, (name,)) if name in rows else np.full(len(rows), value)
        for name, value in _DEFAULTS.items()
    )
    extra = toll_weight * toll
    if distance_weight:
        extra = extra + distance_weight * numbers(rows, LENGTH)
    capacity = numbers(rows, ("capacity",))
    start, end = ends(rows)
    form = _forms(rows)
    told = numbers(rows, TIME), b, capacity, np.where(form == DAVIDSON, 1.0, power)
    shape = form, told[0], b, capacity
    return LinkTable(
        start=start,
        end=end,
        capacity=capacity,
        time=LinkCost.bpr(*told, np.zeros(len(rows))).shaped(*shape),
        cost=LinkCost.bpr(*told, extra).shaped(*shape),
        first_through=first_through(rows),
    )


def _forms(rows: pd.DataFrame) -> Integers:
    """(m,) which function each link's delay is; BPR's where none is named."""
    if "function" not in rows:
        return np.full(len(rows), BPR)
    named = rows["function"].fillna("bpr").astype(str).str.strip().str.lower()
    form = named.map(FORMS)
    if form.isna().any():
        wrong = named[form.isna()].iloc[0]
        raise Invalid(f"the function '{wrong}' of a link is none of {', '.join(FORMS)}")
    return np.asarray(form, np.int64)


def first_through(rows: pd.DataFrame) -> int:
    """The first node that paths may pass, as the links tell it; 0 where they do not."""
    return int(_ids(rows, ("first_thru_node",)).max()) if "first_thru_node" in rows else 0


def trips(rows: pd.DataFrame) -> tuple[Integers, Integers, Floats]:
    """Origin, destination and trips of each row of a table. Raises Invalid for what is missing."""
    return _ids(rows, ORIGIN), _ids(rows, DESTINATION), numbers(rows, TRIPS)


def ends(rows: pd.DataFrame) -> tuple[Integers, Integers]:
    """The nodes at which each link starts and ends."""
    return _ids(rows, START), _ids(rows, END)


def numbers(rows: pd.DataFrame, names: Sequence[str]) -> Floats:
    """A column of numbers by any of its names; NaN where there is none in a row."""
    values = pd.to_numeric(_column(rows, names), errors="coerce")
    return np.asarray(values, np.float64)


def _ids(rows: pd.DataFrame, names: Sequence[str]) -> Integers:
    values = numbers(rows, names)
    if not (np.isfinite(values) & (values == np.floor(values))).all():
        raise Invalid(f"the column {names[0]} must hold the whole numbers of nodes, in every row")
    return values.astype(np.int64)


def _column(rows: pd.DataFrame, names: Sequence[str]) -> "pd.Series[float]":
    for name in names:
        if name in rows:
            return rows[name]
    raise Invalid(f"there is no column {' or '.join(names)}")
