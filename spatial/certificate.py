"""Certificate: what an analysis claims to balance, and by how much it failed to."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Certificate:
    """One balance: `left` should equal `right`, in `unit`.

    `residual` is summed without signs over the parts of the balance (features, cells, links),
    so that errors cannot hide each other; it may exceed `abs(left - right)`.
    `balance` names the terms of both sides. `moved` and `dropped` are what the method itself
    shifted or left out, in `unit`.
    """

    equation: str
    left: float
    right: float
    residual: float
    tolerance: float
    unit: str
    balance: dict[str, float] = field(default_factory=dict)
    moved: float = 0.0
    dropped: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the balance closes within the tolerance; a NaN never does."""
        return self.residual <= self.tolerance

    @property
    def relative(self) -> float:
        """The residual as a share of the larger side; 0 where both sides are 0."""
        size = max(abs(self.left), abs(self.right))
        return self.residual / size if size else self.residual

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with `relative` and `holds` spelled out."""
        return asdict(self) | {
            "notes": list(self.notes),
            "relative": self.relative,
            "holds": self.holds,
        }
