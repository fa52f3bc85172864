"""What is evaluated: parcels or the cells of a grid; and every criterion measured on them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import rasterio
import shapely

from spatial import crs
from spatial.analyses.grids import grid_at
from spatial.analyses.run import Run
from spatial.errors import Invalid
from spatial.land_use import measures
from spatial.land_use.cells import Field, Grid
from spatial.land_use.criteria import Criterion
from spatial.land_use.ground import Ground, read, require_columns
from spatial.land_use.polygons import Floats, Geometries, Indices
from spatial.land_use.standardise import Categories
from spatial.layer import clean_name, shorten

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
        """Cells of `size` m whose middles lie within an area, in its CRS if that is in metres.

        Else in its UTM zone, for a raster needs a CRS with a code. Raises Invalid for none.
        """
        ground = Ground.of(area)
        if ground.plane.to_epsg() is None:
            if area.empty:
                raise Invalid("the area is empty here and then")
            ground = Ground.of(area.to_crs(area.estimate_utm_crs()))
        frame = ground.bring(area)
        if frame.empty:
            raise Invalid("the area is empty here and then")
        grid = Grid.over(tuple(frame.total_bounds), size, crs.srid(ground.plane))
        x, y = grid.middles()
        whole = shapely.union_all(frame.geometry.to_numpy())
        shapely.prepare(whole)
        chosen = np.flatnonzero(shapely.contains_xy(whole, x, y))
        if not len(chosen):
            raise Invalid("no cell's middle lies within the area: choose a smaller cell")
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
        rows, columns = self.grid.shape
        with rasterio.open(
            file, "w", driver="GTiff", width=columns, height=rows, count=1, dtype="float32",
            crs=self.grid.srid, transform=self.grid.transform, nodata=np.nan,
        ) as made:  # fmt: skip
            made.write(self.spread(values), 1)
            made.set_band_description(1, name)
        return file


def measured(run: Run, units: Units, criteria: Sequence[Criterion]) -> dict[str, npt.NDArray[Any]]:
    """The measure (n,) of every criterion, NaN (or None, of words) where nothing is known.

    Raises Invalid for columns that are missing and layers of the wrong shape.
    """
    layers = [one.layer for one in criteria if one.layer is not None]
    frames = iter(read(run, layers))
    made: dict[str, npt.NDArray[Any]] = {}
    for number, one in enumerate(criteria):
        run.progress(0.1 + 0.7 * number / len(criteria), f"measuring {one.name}")
        frame = units.ground.bring(next(frames)) if one.layer is not None else None
        made[one.name] = _measure(run, units, one, frame)
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
    field = Field.read(
        grid_at(run, one.raster).path, gpd.GeoSeries(units.areas, crs=units.ground.plane)
    )
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
