"""Geometry made valid by a named method, or refused with a reason that says where."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

type Geometries = npt.NDArray[np.object_]

METHOD = "make_valid/structure"
"""GEOS's structural repair: rings are polygons first, then holes are cut; collapsed parts go."""


@dataclass(frozen=True)
class Repaired:
    """What came of n geometries, row by row.

    geoms: (n,) valid geometries, None where refused.
    methods: (n,) how a geometry was mended, None where it was left as it came.
    reasons: (n,) why it was refused, None where it was kept.
    """

    geoms: Geometries
    methods: npt.NDArray[np.object_]
    reasons: npt.NDArray[np.object_]


def repair(geoms: Geometries) -> Repaired:
    """Keep the valid, mend the invalid in their own dimension, refuse what cannot be mended.

    Missing and empty geometries, and coordinates that are not finite, are refused. A polygon
    stays polygonal: lines and points that a repair leaves over are dropped.
    """
    geoms = geoms.copy()
    methods = np.full(len(geoms), None, dtype=object)
    reasons = np.full(len(geoms), None, dtype=object)
    reasons[shapely.is_missing(geoms)] = "no geometry"
    reasons[shapely.is_empty(geoms)] = "the geometry is empty"
    sick = np.flatnonzero(~shapely.is_valid(geoms) & (reasons == None))  # noqa: E711
    for row in sick:
        why = str(shapely.is_valid_reason(geoms[row]))
        mended = None if why.startswith("Invalid Coordinate") else _mend(geoms[row])
        if mended is None:
            reasons[row] = _plain(why)
        else:
            geoms[row], methods[row] = mended, METHOD
    geoms[reasons != None] = None  # noqa: E711
    return Repaired(geoms, methods, reasons)


def _mend(geom: Any) -> Any:
    try:
        mended = shapely.make_valid(geom, method="structure", keep_collapsed=False)
    except shapely.GEOSException:
        return None
    dimension = shapely.get_dimensions(geom)
    if mended.geom_type == "GeometryCollection" and geom.geom_type != "GeometryCollection":
        parts = shapely.get_parts(mended)
        mended = shapely.union_all(parts[shapely.get_dimensions(parts) == dimension])
    if mended.is_empty or shapely.get_dimensions(mended) != dimension or not mended.is_valid:
        return None
    return mended


def _plain(why: str) -> str:
    """GEOS's reason with its place: "Self-intersection[1 2]" as "Self-intersection at 1 2"."""
    what, _, place = why.rstrip("]").partition("[")
    return f"{what} at {place}" if place else what
