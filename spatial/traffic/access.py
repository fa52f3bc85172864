"""What can be reached: opportunities within a limit, and supply shared by who can reach it."""

import numpy as np

from spatial.errors import Invalid
from spatial.traffic.graph import Floats, Graph, Integers
from spatial.traffic.reach import Reached
from spatial.traffic.shortest import Finder
from spatial.traffic.travel import Roads


def opportunities(near: Reached, origins: int, weight: Floats) -> Floats:
    """(origins,) the sum of the weights (g,) of the goals that each origin reaches.

    The cumulative-opportunity measure (Wachs and Kumagai 1973): A_i = sum of w_j, c_ij <= t.
    """
    return np.bincount(near.origin, weight[near.goal], origins).astype(float)


def floating_catchment(near: Reached, people: Floats, supply: Floats) -> tuple[Floats, Floats]:
    """(o,) supply for each person at every origin, and (g,) what nobody reaches of the supply.

    The two-step floating catchment area method (Luo and Wang 2003). Step one: R_j = S_j / sum of
    P_k within the limit of j; step two: A_i = sum of R_j within the limit of i. So the sum of
    P_i A_i is the supply that somebody reaches. people (o,) and supply (g,) are not negative;
    raises Invalid for those that are, and for what is no number.
    """
    for name, values in (("population", people), ("supply", supply)):
        if not (np.isfinite(values) & (values >= 0)).all():
            raise Invalid(f"the {name} must be numbers and not negative")
    asked = np.bincount(near.goal, people[near.origin], len(supply))
    used = asked > 0
    ratio = np.divide(supply, asked, out=np.zeros(len(supply)), where=used)
    share = np.bincount(near.origin, ratio[near.goal], len(people)).astype(float)
    return share, np.where(used, 0.0, supply)


def to_nearest(roads: Roads, goals: Integers, by: str) -> Floats:
    """(n,) of every node the least time (minutes) or distance (m) to any of the goals (g,).

    goals: nodes by index; infinite where no path leads to one. One search backwards along the
    links, from a node beyond all goals (Dijkstra 1959).
    """
    graph, count = roads.graph, len(roads.graph.node)
    if not len(goals):
        return np.full(count, np.inf)
    goals = np.unique(goals)
    blocked = np.append(~graph.through, False)
    blocked[goals] = False
    # every node is the end of a link, so that indices are ids
    back = Graph.of(
        np.concatenate([graph.head, np.full(len(goals), count)]),
        np.concatenate([graph.tail, goals]),
        blocked,
    )
    cost = roads.minutes if by == "time" else roads.length
    finder = Finder(back, np.concatenate([cost, np.zeros(len(goals))])[back.order])
    finder.reach(count)
    return np.asarray(finder.label[:count])
