"""The analysis `flow-accumulation`: how many cells drain through each."""

import numpy as np

from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.hydrology import grid_store
from spatial.hydrology.d_infinity import accumulate
from spatial.hydrology.drained_ground import DrainedGround, GroundInputs
from spatial.hydrology.flow_direction import Model
from spatial.hydrology.tiling import Tile


class AccumulationInputs(GroundInputs):
    """The ground to drain, and the model of directions."""

    model: Model = "d8"


@analysis(
    "flow-accumulation",
    zh="汇流累积量",
    en="Flow accumulation",
    about_zh="每个栅格单元上游（含自身）的单元数，按 D8 流向；水从栅格边缘和无数据处流出。"
    "凭证：各出口累积量之和等于有效单元数。",
    about_en="How many cells drain through each, itself among them, by D8 directions; water leaves "
    "over the edge and into cells without data. The certificate: the outlets' sums are all cells.",
)
def flow_accumulation(run: Run, inputs: AccumulationInputs) -> Outcome:
    """Condition, direct and accumulate; see `spatial.hydrology.tiled_accumulation`.

    With D-infinity water parts, and the grid is accumulated in one piece, up to 50 M cells.
    """
    ground = DrainedGround.of(run, inputs)
    if inputs.model == "dinf":
        return _parted(ground)
    largest, place = 0, (0, 0)
    for tile, (count,) in ground.windows(ground.counts):
        if count.max() > largest:
            row, column = np.unravel_index(int(count.argmax()), count.shape)
            largest, place = int(count.max()), (tile.top + int(row), tile.left + int(column))
    x, y = ground.lattice.centres(place[0], place[1])
    proof = ground.balance()
    return Outcome(
        {"layer": ground.counted()},
        proof,
        {
            "model": "d8",
            "max_accumulation": largest,
            "max_at": [float(x), float(y)],
            "cells": int(proof.left),
            "outlets": int(proof.balance["outlets"]),
        },
    )


def _parted(ground: DrainedGround) -> Outcome:
    whole, lattice = Tile(0, 0, 0, *ground.lattice.shape), ground.lattice
    angle = grid_store.window(ground.angles, whole)
    ground.run.progress(0.6, "accumulating")
    count, left = accumulate(angle, lattice.dx, lattice.dy)
    made = ground.scratch("shares", np.float64)
    grid_store.write(made, whole, count)
    row, column = np.unravel_index(int(count.argmax()), count.shape)
    x, y = lattice.centres(int(row), int(column))
    cells = int(np.isfinite(angle).sum())
    return Outcome(
        {"layer": ground.raster(made, "accumulation", 0, unit="1")},
        Certificate(
            "cells = cells through the outlets", cells, left, abs(cells - left), 1e-9 * cells,
            "cells", {"cells": cells, "through outlets": left},
        ),
        {
            "model": "dinf",
            "max_accumulation": float(count.max()),
            "max_at": [float(x), float(y)],
            "cells": cells,
        },
    )  # fmt: skip
