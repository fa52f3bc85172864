"""What is evaluated: parcels or the cells of a grid; and every criterion measured on them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from spatial.analyses.grids import grid_at
from spatial.analyses.run import Run
from spatial.errors import Invalid
from spatial.land_use import measures
from spatial.land_use.cells import Elsewhere, Field, Grid
from spatial.land_use.criteria import Criterion
from spatial.land_use.ground import Ground, read, require_columns
from spatial.land_use.polygons import Floats, Geometries, Indices
from spatial.land_use.standardise import Categories
from spatial.layer import clean_name, shorten
from spatial.traffic.access import to_nearest
from spatial.traffic.reading import read_roads

_OWN: dict[str, Callable[[Geometries], Floats]] = {
    "area": shapely.area,
    "compactness": measures.compactness,
    "width": measures.width,
}


@dataclass(frozen=True)
class Units:
    """n units in a plane in metres.

    places: what distances are taken from, the parcels themselves or the middles of cells; middles:
    a point in each; areas: their polygons. frame has the parcels' attributes; of a grid, `cells`
    (n,) number the cells that are units, row by row.
    """

    places: Geometries
    middles: Geometries
    areas: Geometries
    ground: Ground
    frame: gpd.GeoDataFrame
    grid: Grid | None = None
    cells: Indices | None = None

    @classmethod
    def of_parcels(cls, parcels: gpd.GeoDataFrame) -> Self:
        """Each parcel a unit; raises Invalid where there are none."""
        ground = Ground.of(parcels)
        frame = ground.bring(parcels)
        if frame.empty:
            raise Invalid("there are no parcels to evaluate here and then")
        shapes = np.asarray(frame.geometry, object)
        return cls(shapes, np.asarray(shapely.point_on_surface(shapes)), shapes, ground, frame)

    @classmethod
    def of_grid(cls, area: gpd.GeoDataFrame, size: float) -> Self:
        """Cells of `size` m whose middles lie within an area; raises Invalid for none."""
        ground, frame = ground_of_grid(area)
        grid = Grid.over(tuple(frame.total_bounds), size, ground.srid)
        whole = shapely.union_all(frame.geometry.to_numpy())
        shapely.prepare(whole)
        made = cls.of_cells(grid, whole, ground)
        if made is None:
            raise Invalid("no cell's middle lies within the area: choose a smaller cell")
        return made

    @classmethod
    def of_cells(cls, grid: Grid, whole: Any, ground: Ground) -> Self | None:
        """The cells of a grid whose middles lie within a shape; None where there are none."""
        x, y = grid.middles()
        chosen = np.flatnonzero(shapely.contains_xy(whole, x, y))
        if not len(chosen):
            return None
        middles = np.asarray(shapely.points(x[chosen], y[chosen]), object)
        own = gpd.GeoDataFrame(geometry=middles, crs=ground.plane)
        return cls(middles, middles, grid.boxes(chosen), ground, own, grid, chosen)

    def spread(self, values: Floats) -> npt.NDArray[np.float32]:
        """(rows, columns) of the grid, NaN off the units."""
        assert self.grid is not None
        assert self.cells is not None
        made = np.full(self.grid.shape[0] * self.grid.shape[1], np.nan, np.float32)
        made[self.cells] = values
        return made.reshape(self.grid.shape)

    def mask(self) -> npt.NDArray[np.bool_]:
        """(rows, columns) of the grid: which cells are units."""
        return np.isfinite(self.spread(np.zeros(len(self.places))))

    def write(self, file: Path, values: Floats, name: str) -> Path:
        """The values (n,) of the cells as a GeoTIFF of one band."""
        assert self.grid is not None
        with self.grid.written(file, name) as made:
            made.write(self.spread(values), 1)
        return file


def ground_of_grid(area: gpd.GeoDataFrame) -> tuple[Ground, gpd.GeoDataFrame]:
    """The plane of a grid over an area, and the area in it: its own CRS if that is in metres.

    Else its UTM zone, for a raster needs a CRS with a code. Raises Invalid for an empty area.
    """
    ground = Ground.of(area)
    if ground.plane.to_epsg() is None:
        if area.empty:
            raise Invalid("the area is empty here and then")
        ground = Ground.of(area.to_crs(area.estimate_utm_crs()))
    frame = ground.bring(area)
    if frame.empty:
        raise Invalid("the area is empty here and then")
    return ground, frame


def measured(
    run: Run,
    units: Units,
    criteria: Sequence[Criterion],
    frames: Mapping[str, gpd.GeoDataFrame] | None = None,
) -> dict[str, npt.NDArray[Any]]:
    """The measure (n,) of every criterion, NaN (or None, of words) where nothing is known.

    frames: by the criteria's names their layers in the plane, where they were read already.
    Raises Invalid for columns that are missing and layers of the wrong shape.
    """
    placed = [one for one in criteria if one.layer is not None]
    if frames is None:
        layers = read(run, [one.layer for one in placed if one.layer is not None])
        frames = {
            one.name: units.ground.bring(its) for one, its in zip(placed, layers, strict=True)
        }
    made: dict[str, npt.NDArray[Any]] = {}
    for number, one in enumerate(criteria):
        run.progress(0.1 + 0.7 * number / len(criteria), f"measuring {one.name}")
        made[one.name] = _measure(run, units, one, frames.get(one.name))
    return made


def _measure(
    run: Run, units: Units, one: Criterion, frame: gpd.GeoDataFrame | None
) -> npt.NDArray[Any]:
    if one.measure in _OWN:
        return _OWN[one.measure](units.areas)
    if one.raster is not None:
        return _of_raster(run, units, one)
    if frame is None:
        require_columns(units.frame, "parcels", [str(one.field)])
        return _values(units.frame[one.field].to_numpy(), one)
    shapes = np.asarray(frame.geometry, object)
    if one.measure == "access":
        return _along(run, units, one, shapes)
    if one.measure == "distance":
        return measures.distance(units.places, shapes)
    if one.measure == "density":
        assert one.radius is not None
        return measures.density(units.middles, shapes, one.radius)
    if not frame.geom_type.isin(["Polygon", "MultiPolygon"]).all():
        raise Invalid(f"'{one.name}' needs a layer of polygons to measure {one.measure}")
    if one.measure == "share":
        return measures.share(units.areas, shapes)
    require_columns(frame, one.name, [str(one.field)])
    found = measures.attribute(units.middles, shapes, frame[one.field].to_numpy(object))
    return _values(found, one)


def _along(run: Run, units: Units, one: Criterion, shapes: Geometries) -> Floats:
    """From the node nearest to each unit to that nearest to any feature; NaN where no path is."""
    assert one.network is not None
    roads, srid, _ = read_roads(run, one.network)
    move = pyproj.Transformer.from_crs(units.ground.plane, srid, always_xy=True)

    def nodes(of: Geometries) -> Indices:
        x, y = shapely.get_coordinates(shapely.centroid(of)).T
        return roads.nearest(np.column_stack(move.transform(x, y)))

    away = to_nearest(roads, nodes(shapes), one.by)[nodes(units.middles)]
    return np.where(np.isfinite(away), away, np.nan)


def _values(found: npt.NDArray[Any], one: Criterion) -> npt.NDArray[Any]:
    """Words for categories, numbers for all else."""
    if isinstance(one.standard, Categories):
        return found
    try:
        return np.array([np.nan if v is None else float(v) for v in found])
    except (TypeError, ValueError):
        raise Invalid(f"'{one.name}': {one.field} holds words: score it by categories") from None


def _of_raster(run: Run, units: Units, one: Criterion) -> Floats:
    assert one.raster is not None
    path = grid_at(run, one.raster).path
    try:
        field = Field.read(path, gpd.GeoSeries(units.areas, crs=units.ground.plane))
    except Elsewhere:
        if units.grid is None:
            raise
        return np.full(len(units.places), np.nan)
    if one.measure == "slope":
        field = field.planar(units.ground.plane).slope()
    if units.grid is not None:
        return field.onto(units.grid)[units.cells]
    return field.means(gpd.GeoSeries(units.areas, crs=units.ground.plane))


def columns_of(names: Sequence[str]) -> Mapping[str, str]:
    """A column name for each criterion, none like another."""
    made: dict[str, str] = {}
    for name in names:
        plain, number = clean_name(name), 1
        while (found := shorten(plain, f"_{number}" if number > 1 else "")) in made.values():
            number += 1
        made[name] = found
    return made
