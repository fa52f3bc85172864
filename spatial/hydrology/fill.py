"""The analysis `fill`: the ground as water runs over it."""

import numpy as np

from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.hydrology import grid_store
from spatial.hydrology.drained_ground import NO_HEIGHT, DrainedGround, GroundInputs
from spatial.hydrology.neighbours import NO_DATA


class FillInputs(GroundInputs):
    """The heights to condition."""


@analysis(
    "fill",
    zh="填洼",
    en="Fill depressions",
    about_zh="把每处洼地抬升到水能流出的最低高度（或开凿通路），可先烧录河道。"
    "凭证：填后处处有路流出。",
    about_en="Raises every depression to the lowest level at which water leaves it, or breaches "
    "it, after burning in rivers if given. The certificate: every cell then drains.",
)
def fill(run: Run, inputs: FillInputs) -> Outcome:
    """Fill, and prove by accumulating that all cells drain to the edge or to cells without data."""
    if inputs.dem is None:
        raise Invalid("fill: there are heights to fill in 'dem' alone, not in directions")
    ground = DrainedGround.of(run, inputs)
    raised = deepest = volume = lowered = 0.0
    for tile, (before, after) in ground.windows(ground.heights, ground.filled):
        rise = np.nan_to_num(after.astype(np.float64) - before)
        raised += float(np.count_nonzero(rise > 0))
        lowered += float(np.count_nonzero(rise < 0))
        deepest = max(deepest, float(rise.max(initial=0)))
        area = ground.lattice.area[tile.top : tile.top + tile.rows, None]
        volume += float((rise * area).sum())
    proof = ground.balance()
    trapped = trapped_cells(ground)
    return Outcome(
        {
            "layer": ground.raster(
                ground.filled, "height", NO_HEIGHT, unit="m",
                vertical_datum=ground.grid.vertical_datum,
            )
        },
        Certificate(
            "cells = cells that drain out",
            proof.left, proof.left - trapped, trapped, 0, "cells", proof.balance,
        ),
        {
            "cells": int(proof.left),
            "raised_cells": int(raised),
            "lowered_cells": int(lowered),
            "deepest_fill": deepest,
            "fill_volume": volume,
            "trapped_cells": trapped,
        },
    )  # fmt: skip


def trapped_cells(ground: DrainedGround) -> int:
    """Cells whose water ends in the ground's midst, with data all about."""
    trapped = 0
    for (tile, at), (_, (count,)) in zip(
        ground.outlets(), ground.windows(ground.counts), strict=True
    ):
        code = grid_store.read(ground.codes, tile, NO_DATA)
        void = code == NO_DATA
        rows, columns = at.shape
        beside = np.zeros(at.shape, bool)
        for r in range(3):
            for c in range(3):
                beside |= void[r : r + rows, c : c + columns]
        trapped += int(count[at & ~beside].sum())
    return trapped
