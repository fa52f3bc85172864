"""The inputs of the analysis `flood-exposure`, and the columns of its outputs."""

from typing import Annotated

from pydantic import Field

from spatial.analyses.inputs import Inputs, Label, LayerName, RasterName
from spatial.hydrology.exposure import CLOSED
from spatial.layer import Column

BUILDINGS = (
    Column("building", "bigint", "建筑要素号"),
    Column("kind", "text", "类别"),
    Column("zone", "text", "分区"),
    Column("max_depth", "double precision", "最大水深"),
    Column("mean_depth", "double precision", "平均水深"),
    Column("class", "text", "水深等级"),
    Column("wet_m2", "double precision", "淹没面积"),
    Column("damage", "double precision", "损失"),
    Column("population", "double precision", "人口"),
)
ZONES = (
    Column("zone", "text", "分区"),
    Column("class", "text", "水深等级"),
    Column("buildings", "bigint", "栋数"),
    Column("wet_m2", "double precision", "淹没面积"),
    Column("damage", "double precision", "损失"),
    Column("population", "double precision", "人口"),
)
ASSETS = (
    Column("asset", "bigint", "资产要素号"),
    Column("kind", "text", "类别"),
    Column("zone", "text", "分区"),
    Column("max_depth", "double precision", "最大水深"),
    Column("class", "text", "水深等级"),
)
PEOPLE = (
    Column("zone", "text", "分区"),
    Column("class", "text", "水深等级"),
    Column("population", "double precision", "人口"),
)
CLOSED_GROUND = (Column("area_m2", "double precision", "面积"),)
ROADS = (
    Column("road", "bigint", "道路要素号"),
    Column("max_depth", "double precision", "最大水深"),
    Column("closed", "boolean", "中断"),
)


class ExposureInputs(Inputs):
    """The water, and what may stand in it."""

    depth: Annotated[RasterName, Label("水深栅格", "depths of water", unit="m")]
    buildings: Annotated[LayerName, Label("建筑物：面", "buildings: areas")]
    kind: Annotated[
        str | None, Label("建筑类别的字段", "the column that tells a building's kind")
    ] = None
    population: Annotated[
        str | None, Label("建筑人口的字段", "the column that tells who lives in it")
    ] = None
    curves: Annotated[
        LayerName | None,
        Label(
            "水深损失曲线表：kind、depth（m）、damage（每平方米）",
            "depth-damage curves: a table of kind, depth (m) and damage per m²",
        ),
    ] = None
    zones: Annotated[LayerName | None, Label("分区：街道等", "zones, such as streets")] = None
    zone_name: Annotated[str, Label("分区名称的字段", "the column of a zone's name")] = "name"
    assets: Annotated[
        LayerName | None, Label("其他资产：点、线、面", "other assets: points, lines or areas")
    ] = None
    asset_kind: Annotated[
        str | None, Label("资产类别的字段", "the column that tells an asset's kind")
    ] = None
    people: Annotated[
        RasterName | None, Label("人口栅格：每单元人数", "a raster of people in each cell")
    ] = None
    roads: Annotated[LayerName | None, Label("道路：线", "roads: lines")] = None
    closed_at: Annotated[
        float, Field(gt=0), Label("水深达此则道路中断", "depth that closes a road", unit="m")
    ] = CLOSED
