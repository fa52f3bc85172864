"""A column of WKB on its way in: decoded, judged, moved, mended, and written as EWKB."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely

from datasets import wkb
from datasets.places import Storage, implausible, moved
from datasets.repair import Geometries, repair
from datasets.wkb import Column

type Flags = npt.NDArray[np.bool_]
type Reasons = npt.NDArray[np.object_]

_SINGLE = {"MultiPoint": "Point", "MultiLineString": "LineString", "MultiPolygon": "Polygon"}


@dataclass(frozen=True)
class Taken:
    """What came of n geometries.

    reasons: (n,) why each was refused, None where it was not.
    repaired: (n,) which were mended.
    """

    reasons: Reasons
    repaired: Flags
    column: Column
    geoms: Geometries
    changed: Flags
    form: "Form"

    def ewkb(self, kept: Flags) -> Column:
        """EWKB of the kept geometries: their own bytes, or new ones where they changed."""
        column = self.column.filter(pa.array(kept))
        if (self.changed & kept).any():
            size: Any = 3 if self.form.has_z else 2
            new = shapely.to_wkb(
                self.geoms[self.changed & kept], output_dimension=size, byte_order=1
            )
            mask = pa.array(self.changed[kept])
            column = pc.replace_with_mask(column, mask, pa.array(new, column.type))
        multi = self.form.geometry_type.startswith("Multi")
        return wkb.to_ewkb(column, self.form.storage.srid, multi=multi)


@dataclass(frozen=True)
class Form:
    """What every geometry of a layer must come to."""

    geometry_type: str
    has_z: bool
    crs: pyproj.CRS
    storage: Storage

    def take(self, column: Column) -> Taken:
        """Judge and mend a column of WKB."""
        with np.errstate(invalid="ignore"):  # not-a-number is refused, row by row
            return self._take(column)

    def _take(self, column: Column) -> Taken:
        found = wkb.kinds(column)
        geoms, reasons = _decoded(column)
        note(reasons, self._misfits(found.types))
        changed = found.is_odd | ((found.has_z != self.has_z) & (found.types != 0))
        geoms[changed] = self._levelled(geoms[changed])
        note(reasons, implausible(geoms, self.crs))
        if self.storage.moves:
            geoms = moved(geoms, self.crs, self.storage.srid)
            changed[:] = True
        mended = repair(geoms)
        note(reasons, mended.reasons)
        repaired = mended.methods != None  # noqa: E711 (row by row)
        return Taken(reasons, repaired, column, mended.geoms, changed | repaired, self)

    def _levelled(self, geoms: Geometries) -> Geometries:
        """Geometries with heights or without, as the layer has them; a missing height is 0."""
        level = shapely.force_3d if self.has_z else shapely.force_2d
        return np.asarray(level(geoms), dtype=object)

    def _misfits(self, types: npt.NDArray[np.uint32]) -> Reasons:
        """Why a geometry's type does not belong into this layer."""
        reasons = np.full(len(types), None, dtype=object)
        if self.geometry_type == "Geometry":
            return reasons
        allowed = {self.geometry_type, _SINGLE.get(self.geometry_type)}
        for code in np.unique(types[types != 0]):
            name = wkb.TYPES[code] if code < len(wkb.TYPES) else "curve or surface"
            if name not in allowed:
                reasons[types == code] = f"a {name} in a layer of {self.geometry_type}"
        return reasons


def _decoded(column: Column) -> tuple[Geometries, Reasons]:
    """Geometries, None where there is none, and why where it could not be decoded."""
    values = column.to_numpy(zero_copy_only=False)
    reasons = np.full(len(values), None, dtype=object)
    try:
        geoms: Any = shapely.from_wkb(values, on_invalid="ignore")
        broken = np.flatnonzero(shapely.is_missing(geoms) & column.is_valid().to_numpy(False))
    except NotImplementedError:  # curves: one of them stops a whole array
        geoms, broken = np.full(len(values), None, dtype=object), np.arange(len(values))
    for row in broken:
        try:
            geoms[row] = shapely.from_wkb(values[row])
        except (shapely.GEOSException, NotImplementedError) as error:
            reasons[row] = f"the geometry cannot be decoded: {error}"
    return geoms, reasons


def note(reasons: Reasons, more: Reasons) -> None:
    """Fill in reasons where there are none yet: the first one found is the one told."""
    empty = reasons == None  # noqa: E711
    reasons[empty] = more[empty]
