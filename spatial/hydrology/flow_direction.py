"""The analysis `flow-direction`: where each cell's water goes."""

from typing import Annotated, Literal

from spatial.analyses.inputs import Label
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.hydrology.d_infinity import NOWHERE
from spatial.hydrology.drained_ground import DrainedGround, GroundInputs
from spatial.hydrology.neighbours import NO_DATA

#: How water leaves a cell.
Model = Annotated[
    Literal["d8", "dinf"],
    Label("流向模型：d8 或 dinf（D∞）", "d8: one of eight neighbours; dinf: an angle (D∞)"),
]


class DirectionInputs(GroundInputs):
    """The ground, and the model of directions."""

    model: Model = "d8"


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
        layer = ground.raster(ground.angles, "direction", NOWHERE - 1, unit="rad")
    proof = ground.balance()
    return Outcome(
        {"layer": layer},
        proof,
        {"cells": int(proof.left), "outlets": int(proof.balance["outlets"]), "model": inputs.model},
    )
