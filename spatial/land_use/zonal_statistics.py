"""The analysis `zonal-statistics`: a raster's cells, or another layer's classes, in each zone."""

from typing import Annotated, Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from exactextract import exact_extract
from pydantic import Field, model_validator

from spatial import crs
from spatial.analyses.grids import grid_at
from spatial.analyses.inputs import InputKind, Inputs, Label, LayerName, OptionalLayer
from spatial.analyses.making import new_layer
from spatial.analyses.reading import readings
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.land_use.areas import AreaChoice, area_method
from spatial.land_use.class_areas import OUTSIDE, by_zone, zone_areas
from spatial.land_use.ground import read, require_columns
from spatial.land_use.polygons import tidy
from spatial.layer import Column

RELATIVE = 1e-9
#: Coverage fractions are single-precision numbers.
COVERAGE = 1e-6
FIGURES = ("count", "sum", "mean", "min", "max", "stdev", "median", "variety")
CELLS = (
    Column("zone_fid", "bigint", "分区要素号"),
    *(Column(name, "double precision") for name in FIGURES),
    Column("without_data", "double precision", "无数据的像元数"),
)
CLASSES = (
    Column("zone", "text", "分区"),
    Column("class", "text", "类别"),
    Column("area_m2", "double precision", "面积"),
    Column("share", "double precision", "占分区比例"),
    Column("parcels", "bigint", "图斑数"),
)


class ZonalInputs(Inputs):
    """Which zones, and what is counted in them."""

    zones: Annotated[LayerName, Label("分区面图层", "polygon layer of zones")]
    zone_name: Annotated[
        str | None,
        Label("分区名称字段，统计图层时必填", "column of the zones' names, which a layer needs"),
    ] = None
    raster: Annotated[
        Annotated[str, InputKind("raster")] | None, Label("栅格", "the raster to sum up")
    ] = None
    band: Annotated[int, Field(ge=1), Label("波段", "its band")] = 1
    layer: Annotated[OptionalLayer, Label("或：面图层", "or: a polygon layer")] = None
    code: Annotated[str | None, Label("其类别字段", "its column of classes")] = None
    area: AreaChoice = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.raster is None) == (self.layer is None):
            raise ValueError("give either a raster or a layer")
        if self.layer is not None and not (self.code and self.zone_name):
            raise ValueError("a layer needs `code`, its classes, and `zone_name`")
        return self


@analysis(
    "zonal-statistics",
    zh="分区统计",
    en="Zonal statistics",
    about_zh="各分区内栅格的像元数、和、均值、极值、标准差、中位数与类数，边缘像元按覆盖比例计；"
    "或另一面图层各类别的面积、占比与个数。",
    about_en="Of a raster in each zone: cells, sum, mean, extremes, standard deviation, median and "
    "variety, cells at the edge by what is covered of them; or of another polygon layer the area, "
    "share and count of each class.",
)
def zonal_statistics(run: Run, inputs: ZonalInputs) -> Outcome:
    """Count in the raster by exactextract, in a layer in the database.

    Raises Invalid for a band or a column that is not there.
    """
    return _of_cells(run, inputs) if inputs.raster is not None else _of_classes(run, inputs)


def _of_cells(run: Run, inputs: ZonalInputs) -> Outcome:
    (zones,) = read(run, [inputs.zones], ["Polygon"])
    assert inputs.raster is not None
    grid = grid_at(run, inputs.raster)
    shapes = tidy(np.array(shapely.force_2d(zones.geometry.to_numpy()), object))
    plain = gpd.GeoDataFrame(geometry=shapes, crs=zones.crs)
    with rasterio.open(grid.path) as data:
        if inputs.band > data.count:
            raise Invalid(f"'{inputs.raster}' has no band {inputs.band}: it has {data.count}")
        moved = plain.to_crs(crs.parse(data.crs))
        cell = abs(data.transform.a * data.transform.e)
        bounds = shapely.box(*data.bounds)
        run.progress(0.3, f"counting in {len(zones)} zones")
        found = statistics(data, moved, inputs.band)
    within = shapely.area(shapely.intersection(np.asarray(moved.geometry, object), bounds)) / cell
    found["geometry"], found["zone_fid"] = zones.geometry.to_numpy(), zones["fid"].to_numpy()
    counted = (found["count"] + found["without_data"]).to_numpy(float)
    certificate = Certificate(
        "cells with data + cells without = zones within the raster",
        float(counted.sum()), float(within.sum()), float(np.abs(counted - within).sum()),
        COVERAGE * float(within.sum()), "cells",
        balance={
            "with data": float(found["count"].sum()),
            "without data": float(found["without_data"].sum()),
        },
    )  # fmt: skip
    srid = crs.srid(zones.crs)
    return Outcome(
        {"layer": new_layer(run, found, CELLS, srid, geometry_type="MultiPolygon")},
        certificate,
        {
            "cell": [abs(data.transform.a), abs(data.transform.e)],
            "zones": len(zones),
            "zones_without_cells": int((found["count"] == 0).sum()),
            "raster_crs": crs.uri(grid.srid),
        },
    )


def statistics(data: Any, zones: gpd.GeoDataFrame, band: int = 1) -> pd.DataFrame:
    """FIGURES and `without_data` of each zone, in the raster's own CRS; NaN where no cell is.

    data: an open raster. A cell counts as what is covered of it.
    """
    own = [one for one in FIGURES if data.count == 1]
    prefix = "" if data.count == 1 else f"band_{band}_"
    asked = [*(own or FIGURES), "every=count(default_value=0)"]
    found = exact_extract(data, zones, asked, output="pandas")
    made = pd.DataFrame({name: found[f"{prefix}{name}"].astype(float) for name in FIGURES})
    made["without_data"] = found[f"{prefix}every"].astype(float) - made["count"]
    return made


def _of_classes(run: Run, inputs: ZonalInputs) -> Outcome:
    assert inputs.layer is not None
    assert inputs.code is not None
    assert inputs.zone_name is not None
    with readings(run.database, [inputs.layer, inputs.zones], run.asof, run.grant) as (pg, views):
        layer, zones = views
        for view, column in ((layer, inputs.code), (zones, inputs.zone_name)):
            frame = gpd.GeoDataFrame(columns=[*view.layer.column_names, "geometry"])
            require_columns(frame.set_geometry("geometry"), view.layer.name, [column])
        srid = layer.layer.srid
        method = area_method(inputs.area, srid)
        found = by_zone(pg, layer, inputs.code, method, zones, inputs.zone_name)
        sizes = zone_areas(pg, zones, inputs.zone_name, srid, method)
    rows = found.rows.rename(columns={"code": "class"}).sort_values(["zone", "class"])
    rows["share"] = rows["area_m2"] / rows["zone"].map(sizes)
    outside = float(rows.loc[rows["zone"] == OUTSIDE, "area_m2"].sum())
    total = float(rows["area_m2"].sum())
    certificate = Certificate(
        "areas of classes in zones + outside = areas of the layer",
        total, found.whole, max(found.residual, abs(total - found.whole)),
        RELATIVE * found.whole, "m²",
        balance={"in zones": total - outside, "outside": outside},
        notes=("zones overlap: what lies in several counts in each",)
        if found.residual > RELATIVE * found.whole else (),
    )  # fmt: skip
    return Outcome(
        {"layer": new_layer(run, rows.reset_index(drop=True), CLASSES, srid)},
        certificate,
        {
            "area": method,
            "empty_zones": sorted(set(sizes) - set(rows["zone"])),
            "zone_gap_m2": {
                zone: size - float(rows.loc[rows["zone"] == zone, "area_m2"].sum())
                for zone, size in sizes.items()
            },
        },
    )
