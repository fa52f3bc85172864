"""A case solved by the method that is wanted."""

from typing import Literal

from spatial.errors import Invalid
from spatial.traffic import frank_wolfe
from spatial.traffic.case import Case
from spatial.traffic.equilibrium import Bushes, Flows, Tell, equilibrium

type Method = Literal["bush", "all-or-nothing", "frank-wolfe", "conjugate", "bi-conjugate"]


def solve(
    case: Case,
    method: Method = "bush",
    principle: str = "user",
    gap: float = 1e-6,
    most: int = 1000,
    *,
    start: Bushes | None = None,
    tell: Tell = lambda iteration, gap: None,
) -> Flows:
    """The flows; raises Invalid where a method cannot do what is asked of it."""
    cost = case.felt(principle)
    if method == "bush":
        return equilibrium(
            case.graph, cost, case.demand, gap=gap, most=most, start=start, tell=tell
        )
    if len(case.classes) > 1 or start is not None:
        raise Invalid("several classes of users and a start need the method 'bush'")
    if method == "all-or-nothing":
        return frank_wolfe.on_free_roads(case.graph, cost, case.demand)
    return frank_wolfe.by_links(
        case.graph, cost, case.demand, method, gap=gap, most=most, tell=tell
    )
