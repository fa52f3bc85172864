"""The analysis `buffer-overlap`: what of a layer lies within distances of features."""

import itertools
from typing import Annotated

import geopandas as gpd
import numpy as np
import shapely
from pydantic import Field

from spatial.analyses.inputs import Inputs, Label, LayerName, Numbers
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.land_use.control_lines import crossings
from spatial.land_use.ground import Ground, read, require_columns
from spatial.land_use.polygons import Floats, Geometries, tidy
from spatial.layer import Column

RELATIVE = 1e-9
PIECES = (
    Column("feature_fid", "bigint", "要素号"),
    Column("class", "text", "类别"),
    Column("within_m", "double precision", "距离上限"),
    Column("area_m2", "double precision", "面积"),
    Column("share", "double precision", "占要素比例"),
)
TABLE = (
    Column("within_m", "double precision", "距离上限"),
    Column("class", "text", "类别"),
    Column("area_m2", "double precision", "面积"),
    Column("features", "bigint", "要素数"),
)


class BufferInputs(Inputs):
    """Around what, how far, and what is counted there."""

    sources: Annotated[LayerName, Label("缓冲的要素，任何几何", "features of any shape to go from")]
    layer: Annotated[LayerName, Label("被统计的面图层", "polygon layer to count")]
    distances: Annotated[
        Numbers, Field(min_length=1), Label("距离，可多个", "distances, one or several", unit="m")
    ]
    code: Annotated[str | None, Label("类别字段", "the layer's column of classes")] = None


@analysis(
    "buffer-overlap",
    zh="缓冲区叠加",
    en="Buffer overlap",
    about_zh="距要素若干距离之内的面图层：按距离环与类别的图斑、面积与个数；缓冲区相互合并，不重复计。",
    about_en="What of a polygon layer lies within distances of features, by ring of distance and "
    "class: pieces, areas and counts. Buffers are merged, so that nothing counts twice.",
)
def buffer_overlap(run: Run, inputs: BufferInputs) -> Outcome:
    """Buffer, merge, cut; raises Invalid for distances that are not above zero."""
    distances = sorted(set(inputs.distances))
    if distances[0] <= 0:
        raise Invalid("distances must be above zero")
    sources, layer = read(run, [inputs.sources, inputs.layer], [None, "Polygon"])
    if inputs.code:
        require_columns(layer, "layer", [inputs.code])
    ground = Ground.of(layer)
    layer, sources = ground.bring(layer), ground.bring(sources)
    shapes = np.asarray(layer.geometry, object)
    rings, reach = rings_of(np.asarray(sources.geometry, object), distances)
    run.progress(0.4, f"cutting {len(shapes)} features by {len(rings)} rings")
    of, at, cut = crossings(shapes, rings)
    size, whole = shapely.area(cut), shapely.area(shapes)
    codes = layer[inputs.code] if inputs.code else layer["fid"].map(lambda _: "")
    pieces = gpd.GeoDataFrame(
        {
            "feature_fid": layer["fid"].to_numpy()[of],
            "class": codes.astype(object).where(codes.notna(), None).to_numpy()[of],
            "within_m": np.asarray(distances)[at],
            "area_m2": size,
            "share": size / whole[of],
        },
        geometry=cut,
        crs=layer.crs,
    )
    table = pieces.groupby(["within_m", "class"], as_index=False, dropna=False).agg(
        area_m2=("area_m2", "sum"), features=("feature_fid", "nunique")
    )
    inside = np.bincount(of, size, minlength=len(shapes))
    outside = _outside(shapes, whole, inside, reach)
    return Outcome(
        {
            "layer": new_layer(
                run, ground.back(pieces), PIECES, ground.srid, geometry_type="MultiPolygon"
            ),
            "table": new_layer(
                run, table, TABLE, ground.srid, key="table", title_zh="汇总", title_en="table"
            ),
        },
        Certificate(
            "areas within + areas beyond = areas of the layer",
            float(inside.sum() + outside.sum()), float(whole.sum()),
            float(np.abs(whole - inside - outside).sum()), RELATIVE * float(whole.sum()), "m²",
            balance={"within": float(inside.sum()), "beyond": float(outside.sum())},
        ),
        {
            "area": ground.area,
            "area_within_m2": {
                str(d): float(size[at <= i].sum()) for i, d in enumerate(distances)
            },
        },
    )  # fmt: skip


def rings_of(sources: Geometries, distances: list[float]) -> tuple[Geometries, shapely.Geometry]:
    """(distances,) what lies within each distance of any source and not within the one before,
    distances growing; and what lies within the largest. A quarter circle has 16 edges.
    """
    buffers = [shapely.union_all(shapely.buffer(sources, d, quad_segs=16)) for d in distances]
    rings = [
        buffers[0],
        *(shapely.difference(b, a) for a, b in itertools.pairwise(buffers)),
    ]
    return tidy(np.array(rings, object)), buffers[-1]


def _outside(shapes: Geometries, whole: Floats, inside: Floats, reach: shapely.Geometry) -> Floats:
    """(n,) areas beyond the reach; only of what is partly within it, the difference is made."""
    beyond = np.where(inside > 0, 0.0, whole)
    partly = (inside > 0) & (whole - inside > RELATIVE * whole)
    beyond[partly] = shapely.area(shapely.difference(shapes[partly], reach))
    return beyond
