"""What is wrong with polygons that should cover the ground once: the pure function."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from spatial.certificate import Certificate
from spatial.land_use.polygons import Geometries, Indices, clean

KINDS = ("duplicate", "overlap", "gap", "sliver")
RELATIVE = 1e-9


@dataclass(frozen=True)
class Faults:
    """n faults: their kind, the one or two features (-1 for none), and where.

    A duplicate is a feature of the same shape as an earlier one; an overlap is what two others
    share; a gap is ground within that nothing covers; a sliver is a feature that is too thin.
    """

    kind: npt.NDArray[np.object_]
    fid: Indices
    other_fid: Indices
    geometry: Geometries
    certificate: Certificate


def faults(
    fids: Indices, geometry: Geometries, *, sliver: float = 0.1, least: float = 0.0, unit: str = ""
) -> Faults:
    """Every fault of a coverage.

    fids (n,), geometry (n,) polygons in one planar system; `sliver` is the mean width (twice the
    area by the perimeter), in its unit, below which a feature is one; overlaps and gaps of at most
    `least` square units are left out. Raises Invalid for what is no polygon.
    """
    cleaned = clean(geometry)
    shapes, fids = cleaned.geometry, fids[cleaned.index]
    area = shapely.area(shapes)
    same, first = _duplicates(shapes)
    one, two = _pairs(shapes)
    shared = shapely.intersection(shapes[one], shapes[two])
    size = shapely.area(shared)
    real = ~(same[one] | same[two]) & (size > least)
    gaps, union = _gaps(shapes, least)
    width = 2 * area / np.maximum(shapely.length(shapes), np.finfo(float).tiny)
    thin = (width < sliver) & ~same
    none = np.full(len(gaps), -1)
    excess = _excess(shapes, one, two, size)
    total = float(area.sum())
    left_out = float(size[size <= least].sum())
    numbers = [int(same.sum()), int(real.sum()), len(gaps), int(thin.sum())]
    return Faults(
        kind=np.repeat(np.array(KINDS, object), np.array(numbers)),
        fid=np.concatenate([fids[same], fids[one[real]], none, fids[thin]]),
        other_fid=np.concatenate(
            [fids[first[same]], fids[two[real]], none, np.full(thin.sum(), -1)]
        ),
        geometry=np.concatenate([shapes[same], shared[real], gaps, shapes[thin]]),
        certificate=Certificate(
            equation="area of the features = area that they cover + what they cover again",
            left=total,
            right=union + excess,
            residual=abs(total - union - excess),
            tolerance=RELATIVE * total,
            unit=unit,
            balance={"features": total, "covered": union, "covered again": excess},
            moved=cleaned.moved,
            dropped=left_out,
        ),
    )


def _duplicates(shapes: Geometries) -> tuple[npt.NDArray[np.bool_], Indices]:
    """Which shapes were there before, however they are drawn; and the first like each."""
    plain = shapely.to_wkb(shapely.normalize(shapes))
    seen: dict[bytes, int] = {}
    first = np.array([seen.setdefault(wkb, at) for at, wkb in enumerate(plain)], np.int64)
    return first != np.arange(len(shapes)), first


def _pairs(shapes: Geometries) -> tuple[Indices, Indices]:
    """Pairs of shapes whose insides meet, each pair once, the earlier first."""
    one, two = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    once = one < two
    one, two = one[once], two[once]
    meet = ~shapely.touches(shapes[one], shapes[two])
    return one[meet], two[meet]


def _gaps(shapes: Geometries, least: float) -> tuple[Geometries, float]:
    """The holes in what the shapes cover together, and the area of that."""
    union = shapely.union_all(shapes)
    parts = shapely.get_parts(union)
    holes = [shapely.Polygon(ring) for part in parts for ring in part.interiors]
    found = np.array([hole for hole in holes if hole.area > least], object)
    return found, float(shapely.area(union))


def _excess(shapes: Geometries, one: Indices, two: Indices, size: npt.NDArray[np.float64]) -> float:
    """The area covered again: of each shape, what the earlier ones that meet it cover of it."""
    later, counts = np.unique(two, return_counts=True)
    excess = float(size[np.isin(two, later[counts == 1])].sum())
    for at in later[counts > 1]:
        before = shapely.union_all(shapes[one[two == at]])
        excess += float(shapely.area(shapely.intersection(shapes[at], before)))
    return excess
