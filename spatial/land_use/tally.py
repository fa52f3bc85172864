"""Tally: the areas of a part of an overlay, which add up over parts to its certificate."""

from __future__ import annotations

from dataclasses import dataclass, fields

from spatial.certificate import Certificate

#: Pieces smaller than this many square units count as slivers.
SLIVER = 1.0
#: A balance must close to this share of the area, apart from what a grid size may move.
RELATIVE = 1e-9


@dataclass(frozen=True)
class Tally:
    """What became of the features of one side; areas in square units of the CRS.

    area = shared - twice + alone, feature by feature, where `shared` sums the pieces shared with
    the other side, `twice` is what these pieces cover more than once (the other side overlaps
    itself), `alone` what the other side does not cover. `residual` sums each feature's failure.
    `slack` is what a grid size may move.
    """

    features: int = 0
    area: float = 0.0
    shared: float = 0.0
    twice: float = 0.0
    alone: float = 0.0
    residual: float = 0.0
    slack: float = 0.0
    pieces: int = 0
    slivers: int = 0
    skipped: int = 0
    repaired: int = 0
    flattened: int = 0
    moved: float = 0.0
    dropped: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Tally)))

    def certificate(self, unit: str) -> Certificate:
        """The balance of all that was tallied, in `unit` (of area)."""
        return Certificate(
            equation="area = shared - shared more than once + alone",
            left=self.area,
            right=self.shared - self.twice + self.alone,
            residual=self.residual,
            tolerance=RELATIVE * self.area + self.slack,
            unit=unit,
            balance={
                "area": self.area,
                "shared": self.shared,
                "shared more than once": self.twice,
                "alone": self.alone,
            },
            moved=self.moved,
            dropped=self.dropped,
            notes=tuple(self._notes(unit)),
        )

    def _notes(self, unit: str) -> list[str]:
        counts = {
            f"of {self.pieces} pieces are slivers under {SLIVER:g} {unit}": self.slivers,
            "features had no geometry": self.skipped,
            "features were invalid and were repaired": self.repaired,
            "features lost their heights": self.flattened,
        }
        return [f"{count} {what}" for what, count in counts.items() if count]
