"""The analysis `flow-direction`: where each cell's water goes."""

from typing import Annotated, Literal

import numpy as np

from spatial.analyses.inputs import Label
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.hydrology import grid_store
from spatial.hydrology.d_infinity import NOWHERE, angles
from spatial.hydrology.drained_ground import DrainedGround, GroundInputs
from spatial.hydrology.neighbours import NO_DATA, inner


class DirectionInputs(GroundInputs):
    """The ground, and the model of directions."""

    model: Annotated[
        Literal["d8", "dinf"],
        Label("流向模型：d8 或 dinf（D∞）", "d8: one of eight neighbours; dinf: an angle (D∞)"),
    ] = "d8"


@analysis(
    "flow-direction",
    zh="流向",
    en="Flow direction",
    about_zh="填洼并解析平地后每个栅格单元的流向：D8（ESRI 编码 1–128，0 为出口）或 D∞ 角度"
    "（自东起逆时针，弧度）。",
    about_en="Where each cell's water goes, with depressions filled and flats resolved: D8 in "
    "ESRI's codes 1 to 128, 0 at outlets, or the angle of D-infinity, radians anticlockwise from "
    "the east.",
)
def flow_direction(run: Run, inputs: DirectionInputs) -> Outcome:
    """Directions, proved by accumulating over them: all cells get out."""
    ground = DrainedGround.of(run, inputs)
    if inputs.model == "d8":
        layer = ground.raster(ground.codes, "direction", NO_DATA, unit="1")
    else:
        made = ground.scratch("angles", np.float32)
        lattice = ground.lattice
        dx, dy = np.pad(lattice.dx, 1, mode="edge"), np.pad(lattice.dy, 1, mode="edge")
        for tile in ground.tiling.tiles:
            rows = slice(tile.top, tile.top + tile.rows + 2)
            level = grid_store.read(ground.filled, tile, np.nan)
            code = grid_store.read(ground.codes, tile, NO_DATA)
            grid_store.write(made, tile, inner(angles(level, code, dx[rows], dy[rows])))
        layer = ground.raster(made, "direction", NOWHERE - 1, unit="rad")
    proof = ground.balance()
    return Outcome(
        {"layer": layer},
        proof,
        {"cells": int(proof.left), "outlets": int(proof.balance["outlets"]), "model": inputs.model},
    )
