"""The analysis `camera-coverage`: what each camera sees, and how much of every area is seen."""

from typing import Annotated, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from pydantic import Field
from rasterio.windows import Window, from_bounds, intersect
from scipy.ndimage import map_coordinates

from spatial.analyses.grids import GridFile, grid_at
from spatial.analyses.inputs import Inputs, Label, LayerName, RasterName
from spatial.analyses.making import TABLE, new_layer
from spatial.analyses.reading import readings, require_shape
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewLayer, Outcome, Run
from spatial.certificate import Certificate
from spatial.crs import transformer
from spatial.errors import Invalid
from spatial.frame import fetch
from spatial.geocode.gazetteer import named_by
from spatial.layer import Column, Layer
from spatial.visibility import camera
from spatial.visibility.coverage import Blocks, Cameras, Heights, View, field_cells, views
from spatial.visibility.viewshed import Floats

VIEWS = (
    Column("camera", "bigint", "监控要素号 fid"),
    Column("name", "text", "名称"),
    Column("gb28181", "text", "GB/T 28181 编号"),
    Column("stream", "text", "视频流"),
    Column("lon", "double precision"),
    Column("lat", "double precision"),
    Column("seen_m2", "double precision", "可见面积"),
    Column("field_m2", "double precision", "视场面积"),
)
AREAS = (
    Column("area", "bigint", "分区要素号 fid"),
    Column("name", "text", "名称"),
    Column("area_m2", "double precision", "面积"),
    Column("seen_m2", "double precision", "监控覆盖面积"),
    Column("share", "double precision", "覆盖率"),
)


class CameraInputs(Inputs):
    """Which cameras, and what stands in their way."""

    cameras: Annotated[LayerName, Label("监控图层：点", "the cameras: points")]
    dem: Annotated[RasterName, Label("数字高程模型（米制坐标系）", "heights, in a CRS of metres")]
    buildings: Annotated[LayerName | None, Label("建筑物：面", "buildings: areas")] = None
    building_height: Annotated[
        str, Label("建筑高度字段（m）", "column of their heights", unit="m")
    ] = "height_m"
    areas: Annotated[
        LayerName | None, Label("统计覆盖率的分区：面", "areas to tell the covered share of")
    ] = None
    reach: Annotated[
        float,
        Field(gt=0, le=2000),
        Label("视距，字段 range_m 优先", "how far they see; range_m of each goes first", unit="m"),
    ] = 120.0
    target: Annotated[
        float, Field(ge=0, le=100), Label("目标离地高", "height of what is looked at", unit="m")
    ] = 1.5
    cell: Annotated[float, Field(gt=0, le=50), Label("格网边长", "side of the cells", unit="m")] = (
        2.0
    )


@analysis(
    "camera-coverage",
    zh="监控覆盖",
    en="Camera coverage",
    about_zh="每个监控在地形与建筑遮挡下的可视域（azimuth_deg 朝向、fov_deg 视场角、"
    "height_m 架高），以及各分区被覆盖的比例；校验 GB/T 28181 编号，拒绝带口令的视频流地址。"
    "证明：视场 = 可见 + 遮挡 + 建筑。",
    about_en="What each camera sees over terrain and buildings (`azimuth_deg`, `fov_deg`, "
    "`height_m`, `range_m` of each), and the share of every area that is covered. Ids of "
    "GB/T 28181 are checked, streams with credentials refused. The certificate: cells in the "
    "fields of view = seen + hidden + built over.",
)
def camera_coverage(run: Run, inputs: CameraInputs) -> Outcome:
    """Look from each camera; raises Invalid for an id or stream that cannot be."""
    run.progress(0.0, "reading")
    named = [one for one in (inputs.cameras, inputs.buildings, inputs.areas) if one is not None]
    with readings(run.database, named, run.asof, run.grant) as (pg, found):
        require_shape(found[0].layer, "Point")
        for view in found[1:]:
            require_shape(view.layer, "Polygon")
        frames = [fetch(run.database, pg, view).sort_values("fid") for view in found]
    layers = [view.layer for view in found]
    grid = grid_at(run, inputs.dem)
    moved = [_moved(frame, layer, grid.srid) for frame, layer in zip(frames, layers, strict=True)]
    stations = _stations(moved[0], inputs)
    blocks = Blocks(np.empty(0, object), np.empty(0))
    if inputs.buildings is not None:
        heights = _numbers(moved[1], inputs.building_height, None)
        blocks = Blocks(np.asarray(moved[1].geometry, object), heights)
    terrain = _terrain(grid, stations)
    said = _said(moved[0])
    looked = views(
        stations, blocks, terrain, inputs.cell, inputs.target,
        lambda part: run.progress(0.8 * part, "looking"),
    )  # fmt: skip
    outputs = {"layer": _views(run, grid.srid, moved[0], layers[0], said, looked, inputs.cell)}
    seen = shapely.union_all([view.shape for view in looked])
    summary: dict[str, Any] = {
        "cameras": len(looked),
        "seen_m2": float(shapely.area(seen)),
        "blind": sum(not view.cells[0] for view in looked),
    }
    if inputs.areas is not None:
        run.progress(0.9, "measuring areas")
        outputs["areas"], total, covered = _areas(run, grid.srid, moved[-1], layers[-1], looked)
        summary |= {"areas_m2": total, "covered": covered / total if total else None}
    cells = np.sum([view.cells for view in looked], axis=0) if looked else np.zeros(3)
    fields = field_cells(stations, terrain, inputs.cell)
    names = ("seen", "hidden", "built")
    return Outcome(
        dict(outputs),
        Certificate(
            "cells in the fields of view = seen + hidden + built over", fields,
            float(cells.sum()), float(abs(fields - cells.sum())), 1e-3 * max(fields, 1), "cells",
            balance=dict(zip(names, map(float, cells), strict=True)),
        ),
        summary,
    )  # fmt: skip


def _moved(frame: gpd.GeoDataFrame, layer: Layer, srid: int) -> gpd.GeoDataFrame:
    move = transformer(layer.srid, srid)
    shapes = shapely.transform(
        np.asarray(frame.geometry, object), lambda xy: np.column_stack(move.transform(*xy.T))
    )
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=srid))


def _stations(frame: gpd.GeoDataFrame, inputs: CameraInputs) -> Cameras:
    shapes = shapely.centroid(np.asarray(frame.geometry, object))
    place = np.column_stack([shapely.get_x(shapes), shapely.get_y(shapes)])
    if not np.isfinite(place).all():
        raise Invalid("a camera has no place")
    reach = _numbers(frame, "range_m", inputs.reach)
    view = _numbers(frame, "fov_deg", 360.0)
    if (reach > 2000).any() or (reach <= 0).any() or (view <= 0).any():
        raise Invalid("a camera sees from 0 to 2000 m, at an angle above 0°")
    return Cameras(
        place, _numbers(frame, "height_m", 6.0), _numbers(frame, "azimuth_deg", 0.0), view, reach
    )


def _numbers(frame: Any, column: str, default: float | None) -> Floats:
    if column not in frame:
        if default is None:
            raise Invalid(f"there is no column '{column}' of heights")
        return np.full(len(frame), default)
    found = pd.to_numeric(frame[column], errors="coerce").to_numpy(float)
    return np.where(np.isfinite(found), found, 0.0 if default is None else default)


def _said(frame: Any) -> dict[str, list[str | None]]:
    """Ids and streams of the cameras, each checked; the message names the camera's fid."""
    said: dict[str, list[str | None]] = {}
    for column, check in (("gb28181", camera.gb28181), ("stream", camera.stream)):
        told = frame[column] if column in frame else [None] * len(frame)
        said[column] = []
        for fid, text in zip(frame["fid"], told, strict=True):
            try:
                said[column].append(check(text) if isinstance(text, str) and text else None)
            except Invalid as error:
                raise Invalid(f"camera {fid}: {error}") from None
    return said


def _terrain(grid: GridFile, stations: Cameras) -> Heights:
    """Heights of places, bilinear between the middles of the raster's cells."""
    with rasterio.open(grid.path) as file:
        around = float(stations.reach.max(initial=0)) * 1.1 + 4 * max(file.res)
        if len(stations.place):
            low, high = stations.place.min(axis=0) - around, stations.place.max(axis=0) + around
            window = from_bounds(*low, *high, file.transform).round_offsets().round_lengths()
            whole = Window(0, 0, file.width, file.height)
            if not intersect(window, whole):
                raise Invalid("the cameras lie where the raster has no heights")
            window = window.intersection(whole)
        else:
            window = Window(0, 0, 1, 1)
        heights = file.read(1, window=window, masked=True).filled(np.nan).astype(float)
        inverse = ~file.window_transform(window)

    def at(x: Floats, y: Floats) -> Floats:
        column = inverse.a * x + inverse.b * y + inverse.c
        row = inverse.d * x + inverse.e * y + inverse.f
        found: Floats = map_coordinates(
            heights, [row - 0.5, column - 0.5], order=1, mode="constant", cval=np.nan
        )
        return found

    return at


def _views(
    run: Run, srid: int, frame: Any, layer: Layer, said: dict[str, list[str | None]],
    looked: list[View], cell: float,
) -> NewLayer:  # fmt: skip
    name = next((one for one in named_by(layer) if one), None)
    back = transformer(srid, 4326)
    middle = shapely.centroid(np.asarray(frame.geometry, object))
    lon, lat = back.transform(shapely.get_x(middle), shapely.get_y(middle))
    rows = pd.DataFrame(
        {
            "camera": frame["fid"].to_numpy(),
            "name": frame[name].to_numpy(object) if name else None,
            **said,
            "lon": lon,
            "lat": lat,
            "seen_m2": [float(view.cells[0]) * cell**2 for view in looked],
            "field_m2": [float(view.cells.sum()) * cell**2 for view in looked],
            "geometry": [view.shape for view in looked],
        }
    )
    return new_layer(
        run, rows, VIEWS, srid, geometry_type="MultiPolygon", title_zh="可视域", title_en="views"
    )


def _areas(
    run: Run, srid: int, frame: Any, layer: Layer, looked: list[View]
) -> tuple[NewLayer, float, float]:
    """The share of each area that is seen by any camera."""
    shapes = np.asarray(frame.geometry, object)
    parts = np.array([view.shape for view in looked], object)
    area, part = shapely.STRtree(parts).query(shapes)
    seen = np.zeros(len(shapes))
    for n in np.unique(area).tolist():
        together = shapely.union_all(parts[part[area == n]])
        seen[n] = shapely.area(shapely.intersection(shapes[n], together))
    name = next((one for one in named_by(layer) if one), None)
    size = shapely.area(shapes)
    rows = pd.DataFrame(
        {
            "area": frame["fid"].to_numpy(),
            "name": frame[name].to_numpy(object) if name else None,
            "area_m2": size,
            "seen_m2": seen,
            "share": np.divide(seen, size, out=np.zeros(len(size)), where=size > 0),
        }
    )
    made = new_layer(
        run, rows, AREAS, srid, geometry_type=TABLE, key="areas", title_zh="覆盖率",
        title_en="covered",
    )  # fmt: skip
    return made, float(size.sum()), float(seen.sum())
