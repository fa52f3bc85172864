"""Arrays of polygons: cleaned on the way in, stripped to polygons on the way out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely

from spatial.errors import Invalid

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]

POLYGON, MULTIPOLYGON, COLLECTION = 3, 6, 7


@dataclass(frozen=True)
class Cleaned:
    """Valid, flat, non-empty polygons, and what it took to make them so.

    `index` (n,) gives each geometry's place in the array that came in, `skipped` counts those
    that were None or empty. `moved` is the area changed by repair and snapping, `dropped` the
    area that vanished.
    """

    geometry: Geometries
    index: Indices
    skipped: int
    repaired: int
    flattened: int
    moved: float
    dropped: float

    def where(self, mask: Flags) -> Cleaned:
        """The geometries that `mask` (n,) picks, with the account of all."""
        return replace(self, geometry=self.geometry[mask], index=self.index[mask])


def clean(geometry: Geometries, grid_size: float | None = None) -> Cleaned:
    """Copies without None and empty: flatten z, repair the invalid, snap to `grid_size` if given.

    Raises Invalid where a geometry is neither a polygon nor a multipolygon.
    """
    index = np.flatnonzero(~(shapely.is_missing(geometry) | shapely.is_empty(geometry)))
    kept = geometry[index]
    others = ~np.isin(shapely.get_type_id(kept), (POLYGON, MULTIPOLYGON))
    if others.any():
        kind = kept[others][0].geom_type
        raise Invalid(f"An overlay takes polygon layers; {others.sum()} features are not ({kind}).")
    raised = int(shapely.has_z(kept).sum())
    # Flattening also copies, raised or not: these get prepared below, and preparing a geometry
    # that another thread uses too ends the process.
    kept = np.asarray(shapely.force_2d(kept))
    broken = int((~shapely.is_valid(kept)).sum())
    change = np.zeros(len(kept))
    if broken or grid_size:
        area = shapely.area(kept)
        kept = tidy(kept) if broken else kept
        if grid_size:
            kept = polygon_parts(shapely.set_precision(kept, grid_size))
        change = np.abs(shapely.area(kept) - area)
    left = ~shapely.is_empty(kept)
    return Cleaned(
        geometry=kept[left],
        index=index[left],
        skipped=len(geometry) - len(index),
        repaired=broken,
        flattened=raised,
        moved=float(change[left].sum()),
        dropped=float(change[~left].sum()),
    )


def polygon_parts(geometry: Geometries) -> Geometries:
    """(n,) the polygonal part of each geometry: itself, a (multi)polygon, or an empty polygon."""
    kinds = shapely.get_type_id(geometry)
    result = geometry.copy()
    result[~np.isin(kinds, (POLYGON, MULTIPOLYGON))] = shapely.Polygon()
    mixed = np.flatnonzero(kinds == COLLECTION)
    parts, of_mixed = shapely.get_parts(geometry[mixed], return_index=True)
    parts, of_part = shapely.get_parts(parts, return_index=True)
    flat = shapely.get_type_id(parts) == POLYGON
    if flat.any():
        owners, places = np.unique(of_mixed[of_part][flat], return_inverse=True)
        merged = shapely.multipolygons(parts[flat], indices=places)
        single = shapely.get_num_geometries(merged) == 1
        result[mixed[owners]] = np.where(single, shapely.get_geometry(merged, 0), merged)
    return result


def tidy(geometry: Geometries) -> Geometries:
    """(n,) the polygonal part of each result of a set operation, made valid if it is not."""
    broken = ~shapely.is_valid(geometry)
    if broken.any():
        geometry[broken] = shapely.make_valid(geometry[broken])
    return polygon_parts(geometry)


def unions(geometry: Geometries, owner: Indices, grid_size: float | None = None) -> Geometries:
    """(k,) the union of each owner's geometries; `owner` (n,) counts 0 … k-1, sorted."""
    collections = np.asarray(shapely.geometrycollections(geometry, indices=owner))
    return np.asarray(shapely.union_all(collections[:, None], grid_size=grid_size, axis=1))
