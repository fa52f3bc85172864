"""The analysis `flow-accumulation`: how many cells drain through each."""

import numpy as np

from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.hydrology.drained_ground import DrainedGround, GroundInputs


class AccumulationInputs(GroundInputs):
    """The ground to drain."""


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
    """Condition, direct and accumulate; see `spatial.hydrology.tiled_accumulation`."""
    ground = DrainedGround.of(run, inputs)
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
            "max_accumulation": largest,
            "max_at": [float(x), float(y)],
            "cells": int(proof.left),
            "outlets": int(proof.balance["outlets"]),
        },
    )
