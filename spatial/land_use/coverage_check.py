"""The analysis `coverage-check`: what is wrong with a layer that should cover the ground once."""

from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import shapely
from psycopg import sql
from pydantic import Field

from spatial.analyses.inputs import Inputs, Label, LayerName
from spatial.analyses.reading import readings, require_shape
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewLayer, Outcome, Run
from spatial.analyses.staging import counts
from spatial.frame import fetch
from spatial.land_use.areas import PlaneChoice
from spatial.land_use.coverage import KINDS, Faults, faults
from spatial.land_use.overlay_result import Areas
from spatial.layer import Column

COLUMNS = (
    Column("kind", "text"),
    Column("fid_a", "bigint"),
    Column("fid_b", "bigint"),
    Column("area_m2", "double precision"),
)
STAGED = (
    ("kind", "text"),
    ("fid_a", "bigint"),
    ("fid_b", "bigint"),
    ("area", "double precision"),
)
_ROWS = """
SELECT kind, nullif(fid_a, -1) AS fid_a, nullif(fid_b, -1) AS fid_b, {area} AS area_m2,
       ST_Multi(ST_CollectionExtract(s.geom, 3)) AS geom
FROM {staging} s WHERE {counts} ORDER BY kind, s.area DESC, fid_a, fid_b
"""


class CoverageInputs(Inputs):
    """What to check, and what counts."""

    layer: Annotated[LayerName, Label("面图层", "the polygon layer")]
    sliver: Annotated[
        float,
        Field(ge=0),
        Label("狭长面的平均宽度上限", "mean width below which a polygon is a sliver",
              unit="unit of the layer's CRS"),
    ] = 0.1  # fmt: skip
    least: Annotated[
        float,
        Field(ge=0),
        Label("忽略不超过此面积的重叠与缝隙", "overlaps and gaps up to this area are left out",
              unit="square unit of the layer's CRS"),
    ] = 0.0  # fmt: skip
    area: PlaneChoice = None


@analysis(
    "coverage-check",
    zh="面层拓扑检查",
    en="Coverage check",
    about_zh="应当不重不漏的面图层：查出重复面、重叠、缝隙与狭长面，每处一个要素，"
    "带类型 kind、要素号 fid_a、fid_b 与面积 area_m2，并附面积平衡证明。",
    about_en="Of a polygon layer that should cover the ground once: duplicates, overlaps, gaps "
    "and slivers, each a feature with its kind, fid_a, fid_b and area_m2; the certificate proves "
    "the balance of areas.",
)
def coverage_check(run: Run, inputs: CoverageInputs) -> Outcome:
    """Read the layer, find its faults, and make a layer of them.

    Raises Invalid for a layer without polygons.
    """
    run.progress(0.0, "reading the layer")
    with readings(run.database, [inputs.layer], run.asof, run.grant) as (pg, (view,)):
        layer = view.layer
        require_shape(layer, "Polygon")
        areas = Areas.of(layer.srid, inputs.area)
        frame = fetch(run.database, pg, view, [])
    run.progress(0.3, f"comparing {len(frame)} polygons")
    found = faults(
        frame["fid"].to_numpy(np.int64),
        np.asarray(frame.geometry, object),
        sliver=inputs.sliver,
        least=inputs.least,
        unit=areas.unit,
    )
    staging = run.staging(STAGED, layer.srid)
    batch = staging.write(run.database, _columns(found), pa.array(shapely.to_wkb(found.geometry)))
    return Outcome(
        {
            "layer": NewLayer(
                geometry_type="MultiPolygon",
                srid=layer.srid,
                columns=COLUMNS,
                rows=sql.SQL(_ROWS).format(
                    area=areas.square_metres, staging=staging.table, counts=counts([batch])
                ),
            )
        },
        certificate=found.certificate,
        summary={"area": areas.method} | {kind: int((found.kind == kind).sum()) for kind in KINDS},
    )


def _columns(found: Faults) -> list[Any]:
    return [
        pa.array(found.kind, pa.string()),
        pa.array(found.fid, pa.int64()),
        pa.array(found.other_fid, pa.int64()),
        pa.array(shapely.area(found.geometry), pa.float64()),
    ]
