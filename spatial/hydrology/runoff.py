"""The analysis `runoff`: what of a storm runs off the land, and how high it peaks in each basin."""

from typing import Annotated, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from pydantic import Field

from spatial.analyses.grids import grid_at
from spatial.analyses.inputs import Label, LayerName, RasterName
from spatial.analyses.making import new_layer
from spatial.analyses.reading import readings
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewRaster, Outcome, Run
from spatial.analyses.selection import Selection
from spatial.errors import Invalid
from spatial.frame import fetch
from spatial.hydrology import grid_store
from spatial.hydrology.curve_number import Condition, CurveNumbers, Moisture, moistened
from spatial.hydrology.drained_ground import NO_HEIGHT
from spatial.hydrology.lattice import Lattice
from spatial.hydrology.neighbours import Floats
from spatial.hydrology.relief import relief
from spatial.hydrology.routing import downstream
from spatial.hydrology.runoff_balance import Basins, balance
from spatial.hydrology.runoff_ground import RunoffGround, burn, shares
from spatial.hydrology.storm_inputs import KIND, StormInputs, StormKind
from spatial.hydrology.tiling import Tiling
from spatial.layer import Column

COLUMNS = (
    Column("basin", "bigint", "分区要素号"),
    Column("area_m2", "double precision", "产流面积"),
    Column("curve_number", "double precision", "平均 CN"),
    Column("slope_percent", "double precision", "平均坡度"),
    Column("rain_mm", "double precision", "雨量"),
    Column("runoff_mm", "double precision", "径流深"),
    Column("runoff_m3", "double precision", "径流量"),
    Column("coefficient", "double precision", "径流系数"),
    Column("lag_h", "double precision", "滞时"),
    Column("peak_m3s", "double precision", "洪峰流量"),
    Column("peak_minute", "double precision", "峰现时间"),
    Column("outflow_peak_m3s", "double precision", "出口洪峰流量（含上游来水）"),
    Column("outflow_peak_minute", "double precision", "出口峰现时间"),
)
HYDROGRAPH = (
    Column("basin", "bigint", "分区要素号"),
    Column("minute", "double precision", "时间"),
    Column("rain_mm", "double precision", "雨量"),
    Column("excess_mm", "double precision", "净雨"),
    Column("flow_m3s", "double precision", "流量"),
    Column("outflow_m3s", "double precision", "出口流量（含上游来水）"),
)


class RunoffInputs(StormInputs):
    """The storm, the land it falls on, and the basins in which it gathers."""

    storm: Annotated[StormKind, KIND] = "chicago"
    dem: Annotated[
        RasterName, Label("数字高程模型（定栅格与坡度）", "heights: they give cells and slopes")
    ]
    basins: Annotated[LayerName, Label("汇水分区面图层", "polygon layer of basins")]
    basin: Annotated[str, Label("分区编号字段", "the column of a basin's number")] = "basin"
    onward: Annotated[
        str | None,
        Label(
            "下游分区编号字段（如 sub-basins 的 onward）：逐区演进",
            "the column of the next basin's number, such as `onward` of sub-basins: flow is "
            "routed from basin to basin",
        ),
    ] = None
    wave_speed: Annotated[
        float, Field(gt=0), Label("洪水波速", "how fast waves pass a basin", unit="m/s")
    ] = 1.0
    weight: Annotated[
        float, Field(ge=0, le=0.3), Label("马斯京根 x", "Muskingum's x: 0 flattens most")
    ] = 0.2
    land_use: Annotated[LayerName, Label("用地面图层", "polygon layer of land use")]
    land_use_column: Annotated[str, Label("用地代码字段", "its column of classes")] = "land_code"
    curve_numbers: Annotated[
        LayerName | None,
        Label(
            "CN 表：class、condition、A、B、C、D；缺省为 TR-55 与国土空间用地分类的对照",
            "a table of class, condition, A, B, C, D; TR-55 for China's land classes by default",
        ),
    ] = None
    condition: Annotated[Condition, Label("水文条件", "hydrologic condition")] = "good"
    moisture: Annotated[
        Moisture, Label("前期土壤湿润程度（AMC Ⅰ、Ⅱ、Ⅲ）", "moisture before: AMC I, II or III")
    ] = "average"
    soil: Annotated[LayerName | None, Label("土壤面图层", "polygon layer of soils")] = None
    soil_column: Annotated[str, Label("水文土壤组字段", "its column of groups A to D")] = "group"
    soil_group: Annotated[
        Literal["A", "B", "C", "D"],
        Label("无土壤图层处的水文土壤组", "the group where no soil is told"),
    ] = "C"
    buildings: Annotated[
        LayerName | None,
        Label("建筑面图层：所占单元按不透水计", "polygons of buildings: their cells are paved"),
    ] = None


@analysis(
    "runoff",
    zh="降雨径流（SCS-CN）",
    en="Runoff by curve numbers",
    about_zh="按用地、土壤组与水文条件取 CN，由设计暴雨或实测雨量推求每个单元与分区的径流深、"
    "SCS 单位线流量过程与洪峰。用地按所选时点与方案读取。凭证：雨量＝径流＋损失。",
    about_en="Curve numbers by land use, soil group and condition; the runoff of a design storm or "
    "of measured rain for each cell and basin, its hydrograph by the SCS unit and its peak. Land "
    "use is read at the AsOf. The certificate: rain = runoff + what the ground keeps.",
)
def runoff(run: Run, inputs: RunoffInputs) -> Outcome:
    """Kinds of ground by cell, then depths by kind; see `spatial.hydrology.curve_number`.

    Ground outside all basins, or of no known land use, has no part in it, and is counted.
    """
    storm = inputs.falls(run)
    grid = grid_at(run, inputs.dem)
    lattice = Lattice.of(grid.path, grid.srid)
    layers = _layers(run, inputs, lattice.srid)
    if not len(layers["basins"]):
        raise Invalid("there is no basin at this time")
    table = layers.get("curve_numbers")
    numbers = CurveNumbers.built_in() if table is None else CurveNumbers.of(table)
    nothing = gpd.GeoDataFrame(geometry=[])
    ground = RunoffGround.of(
        numbers,
        inputs.condition,
        (layers["land_use"], inputs.land_use_column),
        (layers.get("soil", nothing), inputs.soil_column),
        layers.get("buildings", nothing),
        inputs.soil_group,
    )
    number = moistened(ground.number, inputs.moisture)
    basins = layers["basins"].assign(burn=np.arange(1, len(layers["basins"]) + 1))
    area, slope, kinds = _measured(run, lattice, grid.path, ground, basins)
    made = balance(storm, area[1:], number, slope)
    if inputs.onward is not None:
        told = [_told(basins, one) for one in (inputs.basin, inputs.onward)]
        made = made.routed(downstream(*told), inputs.wave_speed, inputs.weight)
    outputs: dict[str, Any] = {
        "layer": _basin_layer(run, basins, made, lattice.srid),
        "hydrograph": _hydrographs(run, basins, made, lattice.srid),
    }
    for name, values, unit, zh, en in (
        ("runoff", made.depth_by_kind, "mm", "径流深", "runoff"),
        ("curve_number", number, "1", "CN 值", "curve number"),
    ):
        outputs[f"{name}_grid"] = _raster(run, lattice, kinds, values, name, unit, zh, en)
    left_out = float(area[0].sum() + area[1:, np.isnan(number)].sum())
    return Outcome(outputs, made.certificate(left_out), made.summary(storm) | {
        "left_out_m2": left_out, "as_of": run.asof.params(),
    })  # fmt: skip


def _layers(run: Run, inputs: RunoffInputs, srid: int) -> dict[str, gpd.GeoDataFrame]:
    """The layers that are given, in one snapshot, in the grid's CRS."""
    names: dict[str, str | Selection] = {
        name: getattr(inputs, name)
        for name in ("basins", "land_use", "curve_numbers", "soil", "buildings")
        if getattr(inputs, name) is not None
    }
    with readings(run.database, list(names.values()), run.asof, run.grant) as (pg, views):
        frames = [fetch(run.database, pg, view) for view in views]
    found = {}
    for name, frame in zip(names, frames, strict=True):
        if name != "curve_numbers":
            frame = frame[~(frame.geometry.isna() | frame.geometry.is_empty)].to_crs(srid)
            if not frame.geom_type.isin(["Polygon", "MultiPolygon"]).all():
                raise Invalid(f"'{name}' must be a layer of polygons")
        found[name] = frame.reset_index(drop=True)
    return found


def _told(basins: gpd.GeoDataFrame, column: str) -> list[object]:
    if column not in basins:
        raise Invalid(f"the basins have no column '{column}'")
    values: list[object] = basins[column].tolist()
    return values


def _measured(
    run: Run, lattice: Lattice, path: Any, ground: RunoffGround, basins: gpd.GeoDataFrame
) -> tuple[Floats, Floats, Any]:
    """m² by basin and kind, mean slope of each basin in percent, and a scratch grid of kinds."""
    tiling = Tiling.of(lattice.shape)
    dx, dy = np.pad(lattice.dx, 1, mode="edge"), np.pad(lattice.dy, 1, mode="edge")
    kinds = grid_store.create(run.folder / "kinds.npy", lattice.shape, np.int32)
    count, size = len(basins), len(ground.number)
    area, rise, ran = np.zeros((count + 1, size)), np.zeros(count + 1), np.zeros(count + 1)
    for done, tile in enumerate(tiling.tiles):
        run.progress(0.8 * done / len(tiling.tiles), "reading the land")
        where, shape = lattice.part(tile.top, tile.left), (tile.rows, tile.columns)
        kind, basin = ground.kinds(shape, where), burn(basins, shape, where)
        rows = slice(tile.top, tile.top + tile.rows)
        area += shares(basin, kind, lattice.area[rows], count, size)
        level = grid_store.read(path, tile, np.nan)
        ring = slice(tile.top, tile.top + tile.rows + 2)
        tangent = np.tan(np.radians(relief(level, dx[ring], dy[ring], 315.0, 45.0)[0]))
        known = np.isfinite(tangent)
        rise += np.bincount(basin[known], tangent[known].astype(float), minlength=count + 1)
        ran += np.bincount(basin[known], minlength=count + 1)
        grid_store.write(kinds, tile, kind)
    with np.errstate(invalid="ignore"):
        slope = np.nan_to_num(100 * rise / ran)[1:]
    return area, slope, kinds


def _basin_layer(run: Run, basins: gpd.GeoDataFrame, made: Basins, srid: int) -> Any:
    rows = gpd.GeoDataFrame(
        made.table().assign(basin=basins["fid"].to_numpy()), geometry=basins.geometry, crs=srid
    )
    return new_layer(run, rows, COLUMNS, srid, geometry_type="MultiPolygon")


def _hydrographs(run: Run, basins: gpd.GeoDataFrame, made: Basins, srid: int) -> Any:
    parts = [
        made.hydrograph(place).assign(basin=fid) for place, fid in enumerate(basins["fid"].tolist())
    ]
    return new_layer(
        run, pd.concat(parts, ignore_index=True), HYDROGRAPH, srid, key="hydrograph",
        title_zh="流量过程", title_en="hydrographs",
    )  # fmt: skip


def _raster(
    run: Run, lattice: Lattice, kinds: Any, values: Floats, name: str, unit: str, zh: str, en: str
) -> NewRaster:
    """The values of the kinds at their cells."""
    made = grid_store.create(run.folder / f"{name}.npy", lattice.shape, np.float32)
    for tile in Tiling.of(lattice.shape).tiles:
        grid_store.write(made, tile, values.astype(np.float32)[grid_store.window(kinds, tile)])
    target = run.folder / f"{name}.tif"
    grid_store.to_tiff(made, target, lattice, NO_HEIGHT, name=name, unit=unit)
    return NewRaster.of(target, title_zh=zh, title_en=en)
