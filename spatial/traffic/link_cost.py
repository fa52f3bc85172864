"""What a link costs at a flow: free time and congestion (BPR 1964), toll and distance."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from spatial.errors import Invalid
from spatial.traffic.delay import BPR, CONICAL, delays, summed
from spatial.traffic.graph import Flags, Floats, Integers


@dataclass(frozen=True)
class LinkCost:
    """cost = base + factor * delay(flow), each (m,); of k classes of users the base is (k, m).

    Where the base is infinite, a link is closed to a class. curve: (m, 3) which function the delay
    is, its parameter, and the flow that it is told for; see `spatial.traffic.delay`.
    """

    base: Floats
    factor: Floats
    curve: Floats

    @classmethod
    def bpr(cls, time: Floats, b: Floats, capacity: Floats, power: Floats, extra: Floats) -> Self:
        """time * (1 + b * (flow / capacity) ** power) + extra (Bureau of Public Roads).

        All (m,): time, and extra in the same unit; capacity and flow in vehicles of one period.
        Raises Invalid, naming the first link by its place, for what has no equilibrium: values
        that are negative or not numbers, and no capacity where congestion counts.
        """
        named = {"free-flow time": time, "b": b, "power": power, "toll and distance cost": extra}
        for name, values in named.items():
            _refuse(~(np.isfinite(values) & (values >= 0)), f"{name} is negative or no number")
        congested = (time > 0) & (b > 0)
        _refuse(np.isnan(capacity), "capacity is no number")
        _refuse(
            congested & (capacity <= 0),
            "capacity is zero or negative: leave out links that are closed",
        )
        _refuse(congested & (power > 0) & (power < 1), "power is between 0 and 1")
        rises = congested & (power > 0)
        with np.errstate(all="ignore"):
            factor = np.where(rises, time * b / np.where(rises, capacity, 1.0) ** power, 0.0)
        _refuse(~np.isfinite(factor), "capacity and power are out of all measure")
        one = np.ones(len(time))
        curve = np.column_stack([BPR * one, power, one])
        return cls(time + extra + np.where(congested & ~rises, time * b, 0.0), factor, curve)

    def shaped(self, form: Integers, time: Floats, b: Floats, capacity: Floats) -> Self:
        """The same where `form` is BPR; elsewhere time * delay(flow / capacity) by that function.

        The parameter is the power for a conical function (its alpha), b for Davidson's (its J).
        Raises Invalid for an alpha that is not above 1.
        """
        other, cone = form != BPR, form == CONICAL
        _refuse(cone & ~(self.curve[:, 1] > 1), "power, the conical alpha, is not above 1")
        curve = self.curve.copy()
        curve[other, 0], curve[other, 2] = form[other], capacity[other]
        _refuse(other & ~(capacity > 0), "capacity is zero or negative")
        davidson = other & ~cone
        curve[davidson, 1] = b[davidson]
        return replace(self, factor=np.where(other, time, self.factor), curve=curve)

    @property
    def power(self) -> Floats:
        """(m,) the parameters of the delays: powers, where they are BPR's."""
        return self.curve[:, 1]

    def at(self, flow: Floats) -> Floats:
        """(m,) the cost of each link; (k, m) to each class."""
        return self.base + self.factor * self._delay(flow)[0]

    def slope(self, flow: Floats) -> Floats:
        """(m,) the derivative of the cost."""
        return self.factor * self._delay(flow)[1]

    def integral(self, flow: Floats, by_class: Floats | None = None) -> float:
        """The sum over links of the cost integrated from no flow: Beckmann's objective.

        by_class: (k, m) the flow of each class, where there are several.
        """
        return self._fixed(flow, by_class) + float(np.sum(self.factor * summed(self.curve, flow)))

    def total(self, flow: Floats, by_class: Floats | None = None) -> float:
        """What all trips cost together."""
        risen = float(np.sum(self.factor * flow * self._delay(flow)[0]))
        return self._fixed(flow, by_class) + risen

    def _delay(self, flow: Floats) -> tuple[Floats, Floats]:
        rise, steep = np.empty(len(flow)), np.empty(len(flow))
        delays(self.curve, flow, rise, steep)
        return rise, steep

    def _fixed(self, flow: Floats, by_class: Floats | None) -> float:
        given = flow if by_class is None or self.base.ndim == 1 else by_class
        return float(np.sum(np.where(given > 0, self.base, 0.0) * given))

    def marginal(self) -> Self:
        """What one more vehicle costs all: an equilibrium of these is the system's optimum.

        Raises Invalid where a delay is another function than BPR's.
        """
        if (self.curve[self.factor > 0, 0] != BPR).any():
            raise Invalid("the system's optimum is for BPR functions alone")
        return replace(self, factor=self.factor * (self.power + 1))

    def taken(self, order: Integers) -> Self:
        """The same links in another order."""
        return type(self)(self.base[order], self.factor[order], self.curve[order])


def _refuse(bad: Flags, what: str) -> None:
    if bad.any():
        first, count = int(np.flatnonzero(bad)[0]) + 1, int(bad.sum())
        raise Invalid(
            f"link {first} of the network: its {what}"
            + (f" (and {count - 1} more such links)" if count > 1 else "")
        )
