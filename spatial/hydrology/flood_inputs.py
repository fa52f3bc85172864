"""The inputs of the analysis `inundation`."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from spatial.analyses.inputs import Label, LayerName, RasterName
from spatial.errors import Invalid
from spatial.hydrology.shallow.tables import series
from spatial.hydrology.storm_inputs import StormInputs


def _rain(value: Any) -> Any:
    try:
        found = series(value, "rain", steps=True)
    except Invalid as error:
        raise ValueError(str(error)) from None
    if (found.values < 0).any():
        raise ValueError("rain must not be negative")
    return tuple(zip(found.times.tolist(), found.values.tolist(), strict=True))


def _amount(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


Rain = Annotated[tuple[tuple[float, float], ...], BeforeValidator(_rain)]
#: A number, or a raster of them.
Amount = Annotated[Annotated[float, Field(ge=0)] | RasterName, BeforeValidator(_amount)]


class FloodInputs(StormInputs):
    """The ground, what feeds it with water, and what empties it."""

    dem: Annotated[
        RasterName, Label("数字高程模型（米制坐标系，方格）", "heights on square cells in metres")
    ]
    cell: Annotated[
        float | None,
        Field(gt=0),
        Label("单元边长：高程单元的整数倍", "how wide cells are: a multiple of the heights'", "m"),
    ] = None
    inflow: Annotated[
        LayerName | None,
        Label(
            "入流：点、线或面，带 discharge（m³/s，数值或 [[秒, 流量], …]）",
            "inflows: points, lines or areas with `discharge`, a number or [[seconds, m³/s], …]",
        ),
    ] = None
    hydrograph: Annotated[
        LayerName | None,
        Label(
            "入流过程表：time（秒）、discharge，可带 id",
            "a table of time (s) and discharge for the inflows, by id where it has one",
        ),
    ] = None
    manning: Annotated[
        Annotated[float, Field(gt=0, le=1)] | RasterName,
        BeforeValidator(_amount),
        Label("曼宁糙率：数值或栅格", "Manning's n: a number or a raster", unit="s/m^(1/3)"),
    ] = 0.035
    duration: Annotated[
        float, Field(gt=0, allow_inf_nan=False), Label("模拟时长", "how long", unit="s")
    ]
    interval: Annotated[
        float | None,
        Field(gt=0),
        Label("成果的时间间隔，缺省为时长的十分之一", "time between results", unit="s"),
    ] = None
    gauges: Annotated[LayerName | None, Label("测站：点图层", "gauges: points")] = None
    rain: Annotated[
        Rain,
        Label(
            "降雨强度：数值，或暴雨过程 [[秒, mm/h], …]，每个值持续到下一个",
            "rain: a number, or a storm [[seconds, mm/h], …], each until the next",
            unit="mm/h",
        ),
    ] = ((0.0, 0.0),)
    runoff: Annotated[
        RasterName | None,
        Label(
            "同一场雨的径流深栅格（mm，由 runoff 得出）：各单元只得其径流",
            "the depth of runoff of the same storm, as `runoff` makes it: each cell gets no more",
        ),
    ] = None
    surfaces: Annotated[
        LayerName | None,
        Label(
            "下垫面：面，带 manning、infiltration、drainage（mm/h）中的任意项",
            "areas with any of `manning`, `infiltration` and `drainage` (mm/h) of their own",
        ),
    ] = None
    infiltration: Annotated[
        Amount,
        Label("下渗能力：数值或栅格", "what the soil takes at most: a number or a raster", "mm/h"),
    ] = 0.0
    drainage: Annotated[
        Amount,
        Label("管网排水能力：数值或栅格", "what drains take at most: a number or a raster", "mm/h"),
    ] = 0.0
    buildings: Annotated[LayerName | None, Label("建筑物：面", "buildings: areas")] = None
    building_mode: Annotated[
        Literal["block", "raise"],
        Label("建筑物不过水，或抬高地面", "buildings hold no water, or raise the ground"),
    ] = "block"
    building_height: Annotated[
        float, Field(gt=0), Label("抬高多少", "how much they raise it", unit="m")
    ] = 3.0
    edges: Annotated[
        Literal["downstream", "open", "closed"],
        Label(
            "网格边缘：downstream 下游边缘出流，open 全部，closed 不出流",
            "edges of the ground: open downstream (where it falls towards them, nearer to the "
            "lowest edge than to the inflows), all open, or closed",
        ),
    ] = "downstream"
    outlets: Annotated[
        LayerName | None,
        Label("出流边界：线或面，所触边缘单元出流", "where else edges are open: lines or areas"),
    ] = None
    levels: Annotated[
        LayerName | None,
        Label(
            "水位边界：带 level（m，数值或 [[秒, 水位], …]）",
            "given water levels: shapes with `level`, a number or [[seconds, m], …]",
        ),
    ] = None
    walls: Annotated[
        LayerName | None,
        Label("圩堤、防洪墙：线，可带 crest（m）", "dikes and walls: lines, perhaps with `crest`"),
    ] = None
    culverts: Annotated[
        LayerName | None,
        Label(
            "涵洞：线，带 invert、width、height，可带 length、manning、loss、one_way",
            "culverts: lines with `invert`, `width`, `height`, perhaps `length`, `manning`, "
            "`loss`, `one_way`",
        ),
    ] = None
    gates: Annotated[
        LayerName | None,
        Label(
            "水闸：线，带 invert、width 与 opening（m，数值或 [[秒, 开度], …]）",
            "sluice gates: lines with `invert`, `width` and `opening`, a number or "
            "[[seconds, m], …]",
        ),
    ] = None
    pumps: Annotated[
        LayerName | None,
        Label(
            "泵：线（从起点到终点）或点（排出网格外），带 on、off（m）与 capacity"
            "（m³/s，数值或 [[扬程, 流量], …]）",
            "pumps: lines, or points that lift out of the grid, with `on`, `off` and `capacity`, "
            "a number or [[head, m³/s], …]",
        ),
    ] = None
    initial: Annotated[
        RasterName | None, Label("初始水深（同一网格）", "depths to begin with, on the same cells")
    ] = None
    vertical_datum: Annotated[
        str | None,
        Label("所给水位、堤顶的高程基准", "the vertical datum of levels and crests given here"),
    ] = None

    @model_validator(mode="after")
    def _one_rain(self) -> Self:
        if self.storm is not None and any(value for _, value in self.rain):
            raise ValueError("give either 'rain' or a 'storm'")
        return self
