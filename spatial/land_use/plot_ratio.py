"""The analysis `plot-ratio`: floor area ratio, density, green ratio and heights by parcel."""

from typing import Annotated

import geopandas as gpd
import numpy as np
import pandas as pd
from pydantic import Field

from spatial.analyses.inputs import Inputs, Label, LayerName
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.errors import Invalid
from spatial.land_use.ground import Ground, read, require_columns
from spatial.land_use.plot_ratios import LIMITS, floors_of, plot_ratios
from spatial.land_use.polygons import Floats
from spatial.layer import Column

COLUMNS = (
    Column("parcel_fid", "bigint", "宗地要素号"),
    Column("area_m2", "double precision", "用地面积"),
    Column("buildings", "bigint", "建筑数"),
    Column("footprint_m2", "double precision", "基底面积"),
    Column("floor_area_m2", "double precision", "建筑面积"),
    Column("plot_ratio", "double precision", "容积率"),
    Column("density", "double precision", "建筑密度"),
    Column("height_m", "double precision", "最大高度"),
    Column("green_m2", "double precision", "绿地面积"),
    Column("green_ratio", "double precision", "绿地率"),
    Column("unknown_floors", "bigint", "层数不明的建筑数"),
    *(Column(name, "double precision") for name in LIMITS),
    Column("flags", "text"),
    Column("flags_zh", "text", "超限"),
    Column("flags_en", "text"),
)


class PlotRatioInputs(Inputs):
    """What to measure on what."""

    parcels: Annotated[LayerName, Label("宗地面图层", "polygon layer of parcels")]
    buildings: Annotated[LayerName, Label("建筑面图层", "polygon layer of buildings")]
    floors: Annotated[
        str | None,
        Label(
            "建筑的层数字段，缺省为 floors", "the buildings' column of storeys; floors by default"
        ),
    ] = None
    height: Annotated[
        str | None,
        Label(
            "建筑的高度字段，缺省为 height_m",
            "their column of heights; height_m by default",
            unit="m",
        ),
    ] = None
    storey: Annotated[
        float,
        Field(gt=0),
        Label("无层数时由高度折算的层高", "height of a storey, where only heights are known",
              unit="m"),
    ] = 3.0  # fmt: skip
    green: Annotated[
        LayerName | None, Label("绿地面图层", "polygon layer of green space")
    ] = None  # fmt: skip
    limits: Annotated[
        LayerName | None,
        Label(
            "限值表：按 limits_by 字段取 plot_ratio_max、plot_ratio_min、density_max、"
            "green_ratio_min、height_max；缺省取宗地自己的同名字段",
            "table of plot_ratio_max, plot_ratio_min, density_max, green_ratio_min, height_max by "
            "limits_by; else the parcels' own columns of these names",
        ),
    ] = None
    limits_by: Annotated[
        str | None,
        Label("宗地与限值表共有的字段", "the column that parcels and the table of limits share"),
    ] = None


@analysis(
    "plot-ratio",
    zh="容积率与建设强度",
    en="Plot ratio",
    about_zh="某一时点每宗地的容积率、建筑密度、绿地率与建筑高度，对照限值标出超限；"
    "跨宗地的建筑按基底面积分摊，建筑面积平衡有证明。",
    about_en="Plot ratio, building density, green ratio and building height of each parcel at an "
    "AsOf, flagged against limits; buildings across parcels are shared by footprint, and the "
    "balance of floor area is proved.",
)
def plot_ratio(run: Run, inputs: PlotRatioInputs) -> Outcome:
    """Read, measure and flag; raises Invalid for missing columns and limits told twice."""
    names = [inputs.parcels, inputs.buildings]
    if inputs.green is not None:
        names.append(inputs.green)
    parcels, buildings, *green = read(run, names, ["Polygon"] * len(names))
    ground = Ground.of(parcels)
    parcels, buildings = ground.bring(parcels), ground.bring(buildings)
    run.progress(0.3, f"measuring {len(buildings)} buildings on {len(parcels)} parcels")
    told, height = _told(buildings, inputs)
    floors, guessed = floors_of(told, height, inputs.storey, len(buildings))
    made = plot_ratios(
        parcels,
        np.asarray(buildings.geometry, object),
        floors,
        height,
        green=np.asarray(ground.bring(green[0]).geometry, object) if green else None,
        limits=_limits(run, parcels, inputs),
    )
    rows = made.parcels.rename(columns={"fid": "parcel_fid"})
    whole = made.certificate.balance
    return Outcome(
        {
            "layer": new_layer(
                run, ground.back(rows), COLUMNS, ground.srid, geometry_type="MultiPolygon"
            )
        },
        made.certificate,
        {
            "area": ground.area,
            "parcels": len(rows),
            "buildings": len(buildings),
            "floors_from_height": guessed,
            "floors_unknown": int(np.isnan(floors).sum()),
            "floor_area_m2": whole["buildings"],
            "off_parcels_m2": whole["off all parcels"],
            "flagged": {
                name: sum(name in flags.split(", ") for flags in rows["flags"]) for name in LIMITS
            },
        },
    )


def _told(
    buildings: gpd.GeoDataFrame, inputs: PlotRatioInputs
) -> tuple[Floats | None, Floats | None]:
    """Storeys and heights as told; one of the columns at least must be there."""
    asked = [name for name in (inputs.floors, inputs.height) if name]
    require_columns(buildings, "buildings", asked)
    columns = (inputs.floors or "floors", inputs.height or "height_m")
    floors, height = (
        pd.to_numeric(buildings[name], errors="coerce").to_numpy(float)
        if name in buildings
        else None
        for name in columns
    )
    if floors is None and height is None:
        raise Invalid("the buildings need a column of storeys or of heights: name it")
    return floors, height


def _limits(run: Run, parcels: gpd.GeoDataFrame, inputs: PlotRatioInputs) -> pd.DataFrame | None:
    """A row of limits for each parcel; a parcel of which the table does not tell has none."""
    if inputs.limits is None:
        own = [name for name in LIMITS if name in parcels]
        return parcels[own] if own else None
    key = inputs.limits_by
    if not key:
        raise Invalid("say by limits_by which column the parcels and the table of limits share")
    (table,) = read(run, [inputs.limits])
    require_columns(parcels, "parcels", [key])
    require_columns(table, "limits", [key])
    own = [name for name in LIMITS if name in table]
    if not own:
        raise Invalid(f"the table of limits has none of {', '.join(LIMITS)}")
    if table[key].duplicated().any():
        twice = table.loc[table[key].duplicated(), key].iloc[0]
        raise Invalid(f"the table of limits has '{twice}' twice")
    limits: pd.DataFrame = pd.DataFrame(table.set_index(key)[own]).reindex(parcels[key])
    return limits.reset_index(drop=True)
