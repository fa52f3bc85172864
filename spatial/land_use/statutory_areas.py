"""The analysis `statutory-area`: areas of parcels as the land survey takes them."""

from typing import Annotated, Any

import numpy as np
import pandas as pd
import shapely
from pydantic import BeforeValidator, Field

from spatial import crs
from spatial.analyses.inputs import Inputs, Label, LayerName
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.land_use.areas import measure
from spatial.land_use.closing import adjust
from spatial.land_use.criteria import read_json
from spatial.land_use.ground import read, require_columns
from spatial.land_use.polygons import Floats, polygon_parts
from spatial.layer import Column

COLUMNS = (
    Column("parcel_fid", "bigint", "图斑要素号"),
    Column("control_by", "text", "控制单元"),
    Column("planar_m2", "double precision", "平面面积"),
    Column("geodesic_m2", "double precision", "测地线面积"),
    Column("statutory_m2", "double precision", "法定椭球面积"),
    Column("adjustment_m2", "double precision", "平差改正"),
    Column("adjusted_m2", "double precision", "平差后面积"),
    Column("ridge_coefficient", "double precision", "田坎系数"),
    Column("ridge_m2", "double precision", "田坎面积"),
    Column("net_m2", "double precision", "净面积"),
)
RELATIVE = 1e-9
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class StatutoryInputs(Inputs):
    """Which parcels, what is deducted, and to which total they are adjusted."""

    parcels: Annotated[LayerName, Label("图斑", "parcels")]
    ridges: Annotated[
        str | None,
        Label("田坎系数（扣除系数）字段，0 至 1", "the column of ridge coefficients, 0 to 1"),
    ] = None
    control: Annotated[
        Positive | dict[str, Positive] | None,
        BeforeValidator(read_json),
        Label("控制面积：一个数，或按 control_by 取值的 JSON",
              "controlled total: a number, or JSON by value of control_by", unit="m²"),
    ] = None  # fmt: skip
    control_by: Annotated[
        str | None, Label("控制单元字段，如行政村", "the column of controlled units")
    ] = None


@analysis(
    "statutory-area",
    zh="图斑法定面积",
    en="Statutory areas",
    about_zh="按国土调查椭球面积公式计算图斑面积，并列平面面积与测地线面积；按控制面积平差，"
    "按田坎系数扣除田坎，逐图斑列出改正数与田坎面积，合计等于控制面积。",
    about_en="Areas of parcels by the ellipsoidal formula of the land survey, beside planar and "
    "geodesic ones; adjusted to a controlled total and less their ridges, with both shown parcel "
    "by parcel, and sums that are the controlled total.",
)
def statutory_areas(run: Run, inputs: StatutoryInputs) -> Outcome:
    """Read, measure, adjust, deduct.

    Raises Invalid for coefficients outside 0 to 1 and for units without parcels or control.
    """
    (frame,) = read(run, [inputs.parcels], ["Polygon"])
    shapes = np.array(frame.geometry, object)
    broken = ~(shapely.is_valid(shapes) | shapely.is_missing(shapes))
    shapes[broken] = polygon_parts(shapely.make_valid(shapes[broken]))
    run.progress(0.3, f"measuring {len(shapes)} parcels")
    system = crs.parse(frame.crs)
    statutory = np.nan_to_num(measure(shapes, system, "statutory"))
    units = _units(frame, inputs)
    adjusted = _adjusted(statutory, units, inputs.control)
    ridge = _ridges(frame, inputs.ridges)
    made = pd.DataFrame(
        {
            "geometry": shapes,
            "parcel_fid": frame["fid"].to_numpy(),
            "control_by": units,
            "planar_m2": np.nan
            if system.is_geographic
            else np.nan_to_num(measure(shapes, system, "planar")),
            "geodesic_m2": measure(shapes, system, "geodesic"),
            "statutory_m2": statutory,
            "adjustment_m2": adjusted - statutory,
            "adjusted_m2": adjusted,
            "ridge_coefficient": ridge,
            "ridge_m2": adjusted * ridge,
            "net_m2": adjusted * (1 - ridge),
        }
    )
    sums = {one.name: float(made[one.name].sum()) for one in COLUMNS if one.name.endswith("_m2")}
    layer = new_layer(run, made, COLUMNS, crs.srid(system), geometry_type="MultiPolygon")
    return Outcome(
        {"layer": layer},
        _certificate(made, sums, inputs.control),
        {
            "area": "statutory",
            "ellipsoid": system.ellipsoid.name if system.ellipsoid else None,
            **sums,
            "adjustment_by_unit_m2": made.groupby("control_by")["adjustment_m2"].sum().to_dict(),
            "repaired": int(broken.sum()),
        },
    )  # fmt: skip


def _units(frame: pd.DataFrame, inputs: StatutoryInputs) -> Any:
    if inputs.control_by is None or isinstance(inputs.control, float):
        if isinstance(inputs.control, dict):
            raise Invalid("say by control_by which column tells the controlled units")
        return np.full(len(frame), "", object)
    require_columns(frame, "parcels", [inputs.control_by])
    return frame[inputs.control_by].fillna("").astype(str).to_numpy(object)


def _adjusted(areas: Floats, units: Any, control: float | dict[str, float] | None) -> Floats:
    """Adjusted to the total of each unit; every unit must have one, and every total a unit."""
    if control is None:
        return areas.copy()
    if not isinstance(control, dict):
        return adjust(areas, control)
    present = set(units)
    if odd := sorted(present ^ set(control)):
        side = "has no controlled total" if odd[0] in present else "has no parcels"
        raise Invalid(f"the unit '{odd[0]}' {side}")
    made = areas.copy()
    for unit, total in control.items():
        made[units == unit] = adjust(areas[units == unit], total)
    return made


def _ridges(frame: pd.DataFrame, column: str | None) -> Floats:
    if column is None:
        return np.zeros(len(frame))
    require_columns(frame, "parcels", [column])
    ridge = pd.to_numeric(frame[column], errors="coerce").fillna(0).to_numpy(float)
    if ((ridge < 0) | (ridge >= 1)).any():
        raise Invalid(f"'{column}' must hold shares from 0 to below 1")
    return ridge


def _certificate(
    made: pd.DataFrame, sums: dict[str, float], control: float | dict[str, float] | None
) -> Certificate:
    by_unit = made.groupby("control_by")
    totals: dict[Any, float] = by_unit["statutory_m2"].sum().to_dict()
    if control is not None:
        totals = dict(control) if isinstance(control, dict) else {"": control}
    parts = by_unit["net_m2"].sum() + by_unit["ridge_m2"].sum()
    total = float(sum(totals.values()))
    return Certificate(
        equation="net areas + ridges = controlled total",
        left=sums["net_m2"] + sums["ridge_m2"],
        right=total,
        residual=float(sum(abs(parts.get(unit, 0.0) - one) for unit, one in totals.items())),
        tolerance=RELATIVE * total,
        unit="m²",
        balance={
            "statutory areas": sums["statutory_m2"],
            "adjustment": sums["adjustment_m2"],
            "ridges": sums["ridge_m2"],
            "net areas": sums["net_m2"],
        },
        moved=float(made["adjustment_m2"].abs().sum()),
    )
