"""The analysis `hand`: how high the ground is above the stream that it drains to."""

import numpy as np

from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.hydrology import grid_store
from spatial.hydrology.drained_ground import NO_HEIGHT, DrainedGround
from spatial.hydrology.neighbours import NO_DATA
from spatial.hydrology.streams import StreamInputs, stream_cells
from spatial.hydrology.tiled_downstream import carry


class HandInputs(StreamInputs):
    """The ground, and how much water makes a stream."""


@analysis(
    "hand",
    zh="高于最近排水面高度（HAND）",
    en="Height above nearest drainage (HAND)",
    about_zh="每个单元沿流向到达的第一个河道单元之上的高差（填洼后的高程）。",
    about_en="The height of each cell above the first cell of a stream that its water reaches, "
    "both of the conditioned ground (Nobre et al. 2011).",
)
def hand(run: Run, inputs: HandInputs) -> Outcome:
    """Carry the heights of stream cells upstream and subtract; cells that reach none have none."""
    if inputs.dem is None:
        raise Invalid("hand: heights are needed: give 'dem', not 'directions'")
    ground = DrainedGround.of(run, inputs)
    cells = stream_cells(ground, inputs.threshold)
    marks, beds = ground.scratch("marks", np.float64), ground.scratch("beds", np.float64)
    ground.place(marks, cells.place, cells.height)
    carry(ground.codes, marks, beds, ground.tiling, run.parallel.map)
    above = ground.scratch("above", np.float32)
    total = reached = negative = 0
    highest = 0.0
    for tile, (bed, level, code) in ground.windows(beds, ground.filled, ground.codes):
        height = level.astype(np.float64) - bed
        known = np.isfinite(height)
        total, reached = total + int((code != NO_DATA).sum()), reached + int(known.sum())
        negative += int((height[known] < 0).sum())
        highest = max(highest, float(height[known].max(initial=0)))
        grid_store.write(above, tile, height.astype(np.float32))
    return Outcome(
        {"layer": ground.raster(above, "hand", NO_HEIGHT, unit="m")},
        Certificate(
            "cells that reach a stream = such cells not below it",
            reached, reached - negative, negative, 0, "cells",
            dropped=float(total - reached),
            notes=("dropped are the cells that reach no stream",) if total > reached else (),
        ),
        {"cells": reached, "reach_no_stream": total - reached, "highest": highest},
    )  # fmt: skip
