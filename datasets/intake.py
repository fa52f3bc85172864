"""A column of WKB on its way in: decoded, judged, moved, mended, and written as EWKB."""

import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely

from datasets import antimeridian, curves, wkb
from datasets.formats.raw import TABLE
from datasets.places import Storage, implausible, moved, transformed
from datasets.repair import Geometries, repair
from datasets.wkb import Column

type Flags = npt.NDArray[np.bool_]
type Reasons = npt.NDArray[np.object_]
type Move = Callable[..., Any]

_PLAIN = 7  # the last type that GEOS knows
_REDRAWN = np.uint32(1 << 16)
_SINGLE = {"MultiPoint": "Point", "MultiLineString": "LineString", "MultiPolygon": "Polygon"}


@dataclass(frozen=True)
class Taken:
    """What came of n geometries.

    reasons: (n,) why each was refused, None where it was not.
    repaired: (n,) which were mended; `methods` says how many by which method, and what else
    was done to how many.
    """

    reasons: Reasons
    repaired: Flags
    methods: Counter[str]
    column: Column
    geoms: Geometries
    changed: Flags
    form: "Form"

    def ewkb(self, kept: Flags) -> Column:
        """EWKB of the kept geometries: their own bytes, or new ones where they changed."""
        column = self.column.filter(pa.array(kept))
        if self.form.geometry_type == TABLE:
            return column.cast(pa.large_binary())
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
    """What every geometry of a layer must come to.

    `shift` moves longitudes and latitudes of a disguised system to true ones.
    """

    geometry_type: str
    has_z: bool
    crs: pyproj.CRS
    storage: Storage
    shift: Move | None = None

    def take(self, column: Column) -> Taken:
        """Judge and mend a column of WKB; a table's is left as it is."""
        if self.geometry_type == TABLE:
            reasons, none = np.full(len(column), None, object), np.zeros(len(column), bool)
            return Taken(reasons, none, Counter(), column, reasons, none, self)
        with np.errstate(invalid="ignore"):  # not-a-number is refused, row by row
            return self._take(column)

    def _take(self, column: Column) -> Taken:
        found = wkb.kinds(column)
        geoms, reasons, types = _decoded(column, found.types)
        straightened = types != found.types
        note(reasons, self._misfits(types & ~_REDRAWN))
        changed = found.is_odd | ((found.has_z != self.has_z) & (found.types != 0))
        geoms[changed] = self._levelled(geoms[changed])
        changed |= straightened
        note(reasons, implausible(geoms, self.crs))
        if self.shift is not None:
            geoms, changed[:] = transformed(geoms, self.shift), True
        split = np.zeros(len(geoms), bool)
        if self.crs.is_geographic:
            split = antimeridian.crossing(geoms)
            geoms[split] = antimeridian.cut(geoms[split])
        if self.storage.moves:
            geoms = moved(geoms, self.crs, self.storage.srid)
            changed[:] = True
        mended = repair(geoms)
        note(reasons, mended.reasons)
        kept = reasons == None  # noqa: E711 (row by row)
        repaired = (mended.methods != None) | split  # noqa: E711
        methods = Counter(mended.methods[kept & (mended.methods != None)].tolist())  # noqa: E711
        methods[antimeridian.METHOD] = int((split & kept).sum())
        methods[curves.METHOD] = int((straightened & kept).sum())
        methods["measures (M) dropped"] = int((found.has_m & kept).sum())
        return Taken(reasons, repaired, +methods, column, mended.geoms, changed | repaired, self)

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
            name = wkb.TYPES[code] if code < len(wkb.TYPES) else "geometry of an unknown type"
            if name not in allowed:
                reasons[types == code] = f"a {name} in a layer of {self.geometry_type}"
        return reasons


def _decoded(
    column: Column, types: npt.NDArray[np.uint32]
) -> tuple[Geometries, Reasons, npt.NDArray[np.uint32]]:
    """Geometries, None where there is none; why where one could not be decoded; their types.

    Curves and surfaces are decoded as lines and polygons; their types are marked as redrawn.
    """
    values = column.to_numpy(zero_copy_only=False)
    reasons = np.full(len(values), None, dtype=object)
    curved = types > _PLAIN
    plain, types = values, types.copy()
    if curved.any():
        plain = values.copy()
        plain[curved] = None
    geoms: Any = shapely.from_wkb(plain, on_invalid="ignore")
    for row in np.flatnonzero(shapely.is_missing(geoms) & column.is_valid().to_numpy(False)):
        try:
            geoms[row] = shapely.from_wkb(values[row])
        except NotImplementedError:
            curved[row] = True
        except shapely.GEOSException as error:
            curved[row] = "Unknown WKB type" in str(error)  # among the parts of a collection
            reasons[row] = None if curved[row] else f"the geometry cannot be decoded: {error}"
    for row in np.flatnonzero(curved):
        try:
            geoms[row] = curves.straightened(values[row])
            types[row] = wkb.TYPES.index(geoms[row].geom_type) | _REDRAWN
        except (shapely.GEOSException, ValueError, struct.error) as error:
            reasons[row] = f"the geometry cannot be decoded: {error}"
    return geoms, reasons, types


def note(reasons: Reasons, more: Reasons) -> None:
    """Fill in reasons where there are none yet: the first one found is the one told."""
    empty = reasons == None  # noqa: E711
    reasons[empty] = more[empty]
