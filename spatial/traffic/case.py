"""What is to be assigned: links with their costs, users with their trips, on one graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.errors import Invalid
from spatial.traffic import tables
from spatial.traffic.connectors import Connectors
from spatial.traffic.delay import BPR
from spatial.traffic.demand import Demand
from spatial.traffic.graph import Floats, Graph, Integers
from spatial.traffic.link_cost import LinkCost
from spatial.traffic.reading import Places
from spatial.traffic.travel import node_places
from spatial.traffic.user_class import UserClass, closed


@dataclass(frozen=True)
class Case:
    """table: the network's links, in a layer's order; the graph has connectors beside them.

    cost: in the graph's order, its base (k, m) by class where there are several.
    """

    table: tables.LinkTable
    graph: Graph
    cost: LinkCost
    demand: Demand
    classes: tuple[UserClass, ...]
    alone: int = 0

    @classmethod
    def of(
        cls,
        rows: pd.DataFrame,
        pairs: pd.DataFrame,
        classes: Sequence[UserClass] = (UserClass(),),
        *,
        zones: Places | None = None,
        first_through: int | None = None,
    ) -> Self:
        """From links and trips. With zones, trips are between their fids, else between nodes.

        Of several classes each row of trips names one in its column `class`. Raises Invalid for
        what is missing or makes no sense.
        """
        made = [tables.links(rows, one.toll_weight, one.distance_weight) for one in classes]
        table = made[0]
        base = np.where(closed(rows, classes), np.inf, np.stack([one.cost.base for one in made]))
        factor, curve = table.cost.factor, table.cost.curve
        start, end, alone = table.start, table.end, 0
        if zones is not None:
            shape = np.asarray(rows["geometry"], object)
            alone_graph = table.graph(first_through)
            joined = Connectors.of(
                alone_graph, node_places(alone_graph, shape[alone_graph.order]),
                zones.fid, zones.point,
            )  # fmt: skip
            count, alone = len(joined.start), joined.alone
            start, end = np.append(start, joined.start), np.append(end, joined.end)
            weight = np.array([[one.distance_weight] for one in classes])
            base = np.hstack([base, joined.minutes + weight * joined.length])
            factor = np.append(factor, np.zeros(count))
            curve = np.vstack([curve, np.tile([BPR, 1.0, 1.0], (count, 1))])
        graph = Graph.of(start, end).stopping_before(
            table.first_through if first_through is None else first_through
        )
        base = base[:, graph.order]
        cost = LinkCost(
            base[0] if len(classes) == 1 else base, factor[graph.order], curve[graph.order]
        )
        demand = _demand(graph, pairs, classes, base, -1 if zones is not None else 1)
        return cls(table, graph, cost, demand, tuple(classes), alone)

    def felt(self, principle: str) -> LinkCost:
        """What a user minds by a principle: the link's cost, or what it costs all."""
        return self.cost.marginal() if principle == "system" else self.cost

    def links(self, values: Floats) -> Floats:
        """(links,) values of the graph's links for those of the network, in its order."""
        return self.graph.restored(values)[: len(self.table.start)]

    def chosen(self, place: Integers) -> npt.NDArray[np.bool_]:
        """(m,) in the graph's order, the links at some places of the network."""
        marks = np.zeros(len(self.graph.tail), bool)
        marks[place] = True
        return marks[self.graph.order]

    def names(self) -> list[str]:
        """The names of the classes."""
        return [one.name for one in self.classes]


def _demand(
    graph: Graph, pairs: pd.DataFrame, classes: Sequence[UserClass], base: Floats, sign: int
) -> Demand:
    origin, destination, trips = tables.trips(pairs)
    of: Any = np.zeros(len(pairs), np.int64)
    if len(classes) > 1:
        if "class" not in pairs:
            raise Invalid("of several classes the trips must name theirs in a column class")
        told = pd.Index(pairs["class"].astype(str).str.strip())
        of = pd.Index([one.name for one in classes]).get_indexer(told)
        if (of < 0).any():
            raise Invalid(f"the trips name a class '{pairs['class'].iloc[int(of.argmin())]}' "
                          "that the table of classes does not tell")  # fmt: skip
    return Demand.joined([
        Demand.of(
            graph, sign * origin[of == kind], sign * destination[of == kind],
            one.pcu * trips[of == kind], kind=kind, closed=~np.isfinite(base[kind]),
        )
        for kind, one in enumerate(classes)
    ])  # fmt: skip
