"""The plane that decisions are measured in: metres, and areas true, whatever the layers' CRSs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from spatial import crs
from spatial.analyses.reading import readings
from spatial.analyses.run import Run
from spatial.analyses.selection import Selection
from spatial.errors import Invalid
from spatial.frame import fetch
from spatial.land_use.polygons import tidy

_PLANAR = ("Polygon", "MultiPolygon")


@dataclass(frozen=True)
class Ground:
    """A plane in metres, and the EPSG code that results are stored in.

    A layer in metres is measured as it lies. One in degrees, in feet or in web mercator is brought
    into Lambert's azimuthal equal-area projection about its middle, in which areas are those of
    the ellipsoid.
    """

    plane: pyproj.CRS
    srid: int

    @property
    def area(self) -> Literal["planar", "equal-area"]:
        """How areas are measured here; `areas.TITLES` says it in words."""
        return "planar" if self.plane.to_epsg() == self.srid else "equal-area"

    @classmethod
    def of(cls, frame: gpd.GeoDataFrame) -> Self:
        """The plane of a layer; the results lie in the layer's own CRS."""
        system = crs.parse(frame.crs)
        srid = crs.srid(system)
        metres = system.is_projected and system.axis_info[0].unit_conversion_factor == 1
        if metres and srid != crs.WEB_MERCATOR:
            return cls(system, srid)
        bounds = frame.total_bounds
        known = tuple(bounds) if np.isfinite(bounds).all() else (0.0, 0.0, 0.0, 0.0)
        west, south, east, north = crs.transform_bounds(known, srid, crs.WGS84)
        middle = f"+lat_0={(south + north) / 2} +lon_0={(west + east) / 2}"
        return cls(pyproj.CRS(f"+proj=laea {middle} +ellps=GRS80 +units=m"), srid)

    def bring(self, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """A layer in the plane, invalid polygons made valid, its geometry in `geometry`.

        Rows without geometry go.
        """
        moved = frame[~(frame.geometry.isna() | frame.geometry.is_empty)].to_crs(self.plane)
        shapes = np.asarray(shapely.force_2d(moved.geometry.to_numpy()), object)
        flat = moved.geom_type.isin(_PLANAR).to_numpy()
        shapes[flat] = tidy(shapes[flat])
        whole = gpd.GeoDataFrame(
            moved.drop(columns=moved.geometry.name), geometry=shapes, crs=self.plane
        )
        return whole[~whole.geometry.is_empty].reset_index(drop=True)

    def back(self, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Results in the CRS that they are stored in."""
        moved: gpd.GeoDataFrame = frame.to_crs(self.srid)
        return moved


def read(
    run: Run, names: Sequence[str | Selection], shapes: Sequence[str | None] = ()
) -> list[gpd.GeoDataFrame]:
    """Layers at the run's AsOf in one snapshot, each with fid, version and its attributes.

    shapes: for each name the shape that its layer must have, such as `Polygon`; None takes any.
    Raises Invalid for another, NotFound for what the grant may not see.
    """
    with readings(run.database, names, run.asof, run.grant) as (pg, views):
        frames = [fetch(run.database, pg, view) for view in views]
    for view, frame, shape in zip(views, frames, shapes, strict=False):
        held = set(frame.geom_type.dropna()) or {view.layer.shape}
        others = {kind for kind in held if kind.removeprefix("Multi") not in (shape, "Geometry")}
        if shape and others:
            raise Invalid(f"'{view.layer.name}' holds {', '.join(sorted(others))}, not {shape}s")
    return frames


def require_columns(frame: gpd.GeoDataFrame, name: str, columns: Sequence[str]) -> None:
    """Raise Invalid where a layer lacks columns, with those that it has."""
    missing = [column for column in columns if column not in frame]
    if missing:
        has = ", ".join(str(c) for c in frame if c not in ("fid", "version", frame.geometry.name))
        raise Invalid(f"'{name}' has no column {', '.join(missing)}: it has {has or 'none'}")
