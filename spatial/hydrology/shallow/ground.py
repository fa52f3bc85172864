"""The ground under water: beds, crests between cells, friction, what soil and drains take."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from spatial.errors import Invalid
from spatial.hydrology.shallow.kernel import GRAVITY, Singles

#: The bed of cells, and the crest of faces, that no water passes (m).
BLOCKED = np.float32(1e9)
_MM_PER_HOUR = 1 / 3.6e6
type Numbers = npt.NDArray[np.floating]
type Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Ground:
    """(rows, columns) of square cells of dx metres.

    z: bed, m, BLOCKED where there is none. crest_x (rows, columns + 1), crest_y
    (rows + 1, columns): m, the lowest level at which water passes a face. friction: g n².
    gain: the share of the rain that a cell gets; rain on a block runs off to the nearest cell.
    soil, drains: m/s that they take at most. void: cells where there is no ground at all.
    """

    dx: float
    z: Singles
    crest_x: Singles
    crest_y: Singles
    friction: Singles
    gain: Singles
    soil: Singles
    drains: Singles
    void: Mask

    @classmethod
    def of(
        cls,
        dem: Numbers,
        dx: float,
        manning: float | Numbers,
        *,
        blocks: Mask | None = None,
        walls_x: Numbers | None = None,
        walls_y: Numbers | None = None,
        infiltration: float | Numbers = 0.0,
        drainage: float | Numbers = 0.0,
        share: float | Numbers = 1.0,
    ) -> Self:
        """From elevations in metres, NaN where there is no ground.

        manning: n in s/m^(1/3). blocks: cells that hold no water, such as buildings.
        walls: crests in m of faces, as in `crest_x` and `crest_y`; NaN where there is none.
        infiltration, drainage: mm/h. share: of the rain that a cell lets go.
        Raises Invalid for values that make no sense.
        """
        void = np.isnan(dem)
        if void.all():
            raise Invalid("the elevation model holds no ground")
        closed = void if blocks is None else void | blocks
        if closed.all():
            raise Invalid("blocks cover all of the ground")
        n = _full(manning, dem.shape, "Manning's n", closed)
        if (n <= 0).any():
            raise Invalid("Manning's n must be positive")
        z = np.where(closed, BLOCKED, dem).astype(np.float32)
        crest_x = np.full((z.shape[0], z.shape[1] + 1), BLOCKED)
        crest_y = np.full((z.shape[0] + 1, z.shape[1]), BLOCKED)
        crest_x[:, 1:-1] = np.maximum(z[:, 1:], z[:, :-1])
        crest_y[1:-1] = np.maximum(z[1:], z[:-1])
        for crest, wall in ((crest_x, walls_x), (crest_y, walls_y)):
            if wall is not None:
                np.fmax(crest, wall.astype(np.float32), out=crest)
        taken = [
            np.where(closed, 0, _full(one, dem.shape, name, closed) * _MM_PER_HOUR)
            for one, name in ((infiltration, "infiltration"), (drainage, "drainage capacity"))
        ]
        gain = _gain(void, closed, _full(share, dem.shape, "the share of the rain", void))
        return cls(
            float(dx), z, crest_x, crest_y, (GRAVITY * n * n).astype(np.float32), gain,
            taken[0].astype(np.float32), taken[1].astype(np.float32), void,
        )  # fmt: skip

    @property
    def shape(self) -> tuple[int, int]:
        return self.z.shape[0], self.z.shape[1]

    @property
    def area(self) -> float:
        """Of a cell, in m²."""
        return self.dx * self.dx

    @property
    def open(self) -> Mask:
        """Cells that can hold water."""
        return self.z < BLOCKED


def _full(value: float | Numbers, shape: tuple[int, ...], name: str, closed: Mask) -> Numbers:
    whole = np.broadcast_to(np.asarray(value, float), shape)
    if not np.isfinite(whole[~closed]).all():
        raise Invalid(f"{name} is missing in some cells")
    if (whole[~closed] < 0).any():
        raise Invalid(f"{name} must not be negative")
    return np.where(closed, 1.0, whole)


def _gain(void: Mask, closed: Mask, share: Numbers) -> Singles:
    gain = np.where(closed, 0, share).astype(np.float32)
    roofs = closed & ~void
    if roofs.any():
        near = distance_transform_edt(closed, return_distances=False, return_indices=True)
        np.add.at(gain, tuple(near[:, roofs]), share[roofs])
    return gain
