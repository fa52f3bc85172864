"""The water on the grid at a moment, its balance so far, and checkpoints of both."""

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

import numpy as np

from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.hydrology.shallow.ground import Ground
from spatial.hydrology.shallow.kernel import Doubles, Flags, Singles
from spatial.hydrology.shallow.observe import Peaks

#: What may fail to balance, as a share of all the water.
ROUNDING = 1e-10


@dataclass
class Balance:
    """Cubic metres since the start, in double precision."""

    initial: float = 0.0
    rain: float = 0.0
    entered: float = 0.0
    left: float = 0.0
    pumped_out: float = 0.0
    infiltrated: float = 0.0
    drained: float = 0.0

    def certificate(self, stored: float, notes: tuple[str, ...] = ()) -> Certificate:
        """Initial + rain + entered = stored + left + pumped out + infiltrated + drained."""
        given = self.initial + self.rain + self.entered
        found = stored + self.left + self.pumped_out + self.infiltrated + self.drained
        return Certificate(
            equation="initial + rain + entered"
            " = stored + left + pumped out + infiltrated + drained",
            left=given,
            right=found,
            residual=abs(given - found),
            tolerance=ROUNDING * max(given, found),
            unit="m³",
            balance=asdict(self) | {"stored": stored},
            notes=notes,
        )


@dataclass
class State:
    """h: (rows, columns) depths, m. qx, qy: m²/s through the faces. deepest: m, sets the step.

    wet: which tiles hold water; running: which links' pumps run.
    """

    h: Doubles
    qx: Singles
    qy: Singles
    peaks: Peaks
    wet: Flags
    running: Flags
    time: float = 0.0
    steps: int = 0
    deepest: float = 0.0
    balance: Balance = field(default_factory=Balance)

    @classmethod
    def still(cls, ground: Ground, h: Doubles, tiles: int, links: int) -> Self:
        """Water that stands at some depths. Raises Invalid for depths that are not to be had."""
        if not np.isfinite(h).all() or (h < 0).any():
            raise Invalid("an initial depth is missing or negative")
        rows, columns = ground.shape
        h = np.where(ground.open, h, 0.0)
        return cls(
            h,
            np.zeros((rows, columns + 1), np.float32),
            np.zeros((rows + 1, columns), np.float32),
            Peaks.none(ground.shape),
            np.ones(tiles, bool),
            np.zeros(links, bool),
            deepest=float(h.max()),
            balance=Balance(initial=float(h.sum()) * ground.area),
        )

    def stored(self, ground: Ground) -> float:
        """The water on the grid, m³."""
        return float(self.h.sum()) * ground.area

    def save(self, file: Path) -> None:
        """A checkpoint: all that a run needs to go on as if it had not stopped."""
        told: dict[str, Any] = {name: np.asarray(getattr(self, name)) for name in _PLAIN}
        told |= {f"peak_{name}": values for name, values in self.peaks.arrays().items()}
        told |= {f"sum_{name}": np.asarray(value) for name, value in asdict(self.balance).items()}
        whole = file.with_suffix(".part")
        with whole.open("wb") as opened:
            np.savez(opened, **told)
        whole.replace(file)  # so that there is never half of one

    @classmethod
    def restore(cls, file: Path, ground: Ground) -> Self:
        """The state of a checkpoint; raises Invalid for one of another grid, or none."""
        try:
            with np.load(file) as saved:
                told = dict(saved)
            peaks = Peaks(**{one.name: told[f"peak_{one.name}"] for one in fields(Peaks)})
            balance = Balance(
                **{one.name: float(told[f"sum_{one.name}"]) for one in fields(Balance)}
            )
            plain = {name: told[name] if told[name].ndim else told[name].item() for name in _PLAIN}
        except (OSError, ValueError, KeyError, EOFError):
            raise Invalid(f"'{file.name}' is not a checkpoint of a flood") from None
        if plain["h"].shape != ground.shape:
            raise Invalid(f"'{file.name}' is a checkpoint of another grid")
        return cls(**plain, peaks=peaks, balance=balance)


_PLAIN = [one.name for one in fields(State) if one.name not in ("peaks", "balance")]
