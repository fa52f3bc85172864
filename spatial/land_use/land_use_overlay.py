"""The analysis `land-use-overlay`: two polygon layers become one, and no area is lost."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from spatial import crs
from spatial.analyses.inputs import Inputs, Label, LayerName, Names
from spatial.analyses.reading import readings, require_shape
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewLayer, Outcome, Run
from spatial.land_use import overlay_result
from spatial.land_use.areas import PlaneChoice
from spatial.land_use.overlay import How
from spatial.land_use.overlay_parts import STAGED, Cutter, Side
from spatial.land_use.overlay_result import Areas
from spatial.land_use.tally import Tally
from spatial.partition import FEATURES, Part, partition

#: Shares of the progress: once the parts are known, and once all are cut.
DIVIDED, CUT = 0.02, 0.9


class OverlayInputs(Inputs):
    """What to overlay, and how."""

    left: Annotated[LayerName, Label("左图层：被切分的面图层", "left: the polygon layer to cut")]
    right: Annotated[
        LayerName, Label("右图层：用来切分的面图层", "right: the polygon layer to cut by")
    ]
    how: Annotated[
        How,
        Label(
            "方式：identity 标识、intersection 相交、union 联合、difference 擦除、"
            "symmetric_difference 交集取反",
            "how: what of both to keep",
        ),
    ] = "identity"
    grid_size: Annotated[
        float | None,
        Field(gt=0),
        Label(
            "坐标取整的格网", "grid that coordinates snap to", unit="unit of the left layer's CRS"
        ),
    ] = None
    columns: Annotated[
        Names | None,
        Label("保留的字段，缺省为全部", "attributes to keep of either layer; all where not given"),
    ] = None
    area: PlaneChoice = None


@analysis(
    "land-use-overlay",
    zh="土地利用叠加",
    en="Land-use overlay",
    about_zh="任意两个面图层在左图层坐标系中叠加；每块带两侧的属性与要素号，及面积 area_m2"
    "（缺省为该坐标系中的平面面积，经纬度坐标系取椭球面积），并附面积平衡证明。",
    about_en="Overlays any two polygon layers in the CRS of the left one. Each piece has the "
    "attributes and feature ids of both sides and area_m2 (as `area` says; else planar in "
    "that CRS, ellipsoidal where it is in degrees), and the certificate proves the balance of "
    "areas.",
)
def land_use_overlay(run: Run, inputs: OverlayInputs) -> Outcome:
    """Cut both layers part by part; semantics in `spatial.land_use.overlay.overlay`.

    The output has the left attributes, the right ones (a clash gets _1 and _2), `left_fid`,
    `right_fid` and `area_m2`, and is valid always: its lineage says of which moment it tells.
    Raises Invalid for layers without polygons and for columns that neither layer has.
    """
    run.progress(0.0, "dividing the layers")
    with readings(run.database, [inputs.left, inputs.right], run.asof, run.grant) as (pg, views):
        left, right = (view.layer for view in views)
        for layer in (left, right):
            require_shape(layer, "Polygon")
        areas = Areas.of(left.srid, inputs.area)
        carried = overlay_result.carried(left, right, inputs.how, inputs.columns)
        sizes = [row[0] or 0 for view in views for row in pg.execute(view.count())]
        tasks: dict[Side, list[tuple[Side, Part]]] = {}
        for side, view, size in zip(_sides(inputs.how), views, sizes, strict=False):
            # What a part meets on the other side weighs as much as its own features.
            at_most = max(1, FEATURES * size // max(1, sum(sizes)))
            tasks[side] = [(side, part) for part in partition(pg, view, at_most)]
    staging = run.staging(STAGED, left.srid)
    cutter = Cutter(
        run.database.conninfo, inputs.left, inputs.right, run.asof, run.grant, inputs.how,
        inputs.grid_size, staging,
    )  # fmt: skip
    batches: list[int] = []
    tally, parts = Tally(), sum(map(len, tasks.values()))
    for side in tasks:
        if side == "right":
            cutter = cutter.knowing(run.database, batches)
        for batch, part in run.parallel.map(cutter, tasks[side]):
            batches.append(batch)
            tally += part
            share = DIVIDED + (CUT - DIVIDED) * len(batches) / parts
            run.progress(share, f"{len(batches)} of {parts} parts")
    return Outcome(
        {
            "layer": NewLayer(
                geometry_type="MultiPolygon",
                srid=left.srid,
                columns=(*(one.column for one in carried), *overlay_result.OURS),
                rows=overlay_result.rows(left, right, carried, staging, batches, areas),
            )
        },
        certificate=tally.certificate(areas.unit),
        summary={
            "area": areas.method,
            "area_m2": areas.by_kind(run.database, staging, batches),
            "partitions": parts,
            "crs": crs.uri(left.srid),
            "reprojected": [right.name] if right.srid != left.srid else [],
        },
    )


def _sides(how: How) -> Sequence[Side]:
    return ("left", "right") if how in ("union", "symmetric_difference") else ("left",)
