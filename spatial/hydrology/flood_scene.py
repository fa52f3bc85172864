"""A flood to be computed, from the layers that tell of it: all in the grid's CRS."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from rasterio.transform import Affine

from spatial.errors import Invalid
from spatial.hydrology.shallow import placing, tables
from spatial.hydrology.shallow.ground import BLOCKED, Ground, Mask
from spatial.hydrology.shallow.links import Link, Opening, Pump
from spatial.hydrology.shallow.placing import Shape
from spatial.hydrology.shallow.series import Series
from spatial.hydrology.shallow.solve import Flood
from spatial.hydrology.shallow.sources import Cells, Inflow, Level, Outlet, Source, downstream

_MM_PER_HOUR = 1 / 3.6e6
SURFACES = ("manning", "infiltration", "drainage")


@dataclass(frozen=True)
class Scene:
    """heights: (rows, columns) m, NaN without ground. layers: by their input's name.

    told: manning, infiltration and drainage where no surface says otherwise, one or by cell.
    share: of the rain that cells get.
    """

    heights: npt.NDArray[np.float64]
    transform: Affine
    layers: Mapping[str, gpd.GeoDataFrame]
    told: Mapping[str, float | npt.NDArray[np.float64]]
    rain: Series
    edges: str = "downstream"
    building_mode: str = "block"
    building_height: float = 3.0
    hydrograph: pd.DataFrame | None = field(default=None)
    share: float | npt.NDArray[np.float64] = 1.0

    def flood(self) -> Flood:
        """Raises Invalid for whatever lies outside the grid, or makes no sense there."""
        ground = self._ground()
        inflows = list(self._inflows(ground))
        sources = [*inflows, *self._outlets(ground, inflows), *self._levels(ground)]
        rain = Series(self.rain.times, self.rain.values * _MM_PER_HOUR, steps=True)
        return Flood(ground, rain, sources, [*self._openings(), *self._pumps()])

    @property
    def _size(self) -> tuple[int, int]:
        return self.heights.shape[0], self.heights.shape[1]

    def _rows(self, name: str) -> Iterator[tuple[Shape, dict[str, object]]]:
        rows = self.layers.get(name)
        if rows is not None:
            told = rows.drop(columns=rows.geometry.name).to_dict("records")
            yield from zip(rows.geometry, told, strict=True)

    def _touched(self, shape: Shape) -> Mask:
        return placing.touched(shape, self.transform, self._size)

    def _ground(self) -> Ground:
        values = {name: np.full(self._size, value) for name, value in self.told.items()}
        for shape, row in self._rows("surfaces"):
            where = self._touched(shape)
            for name in SURFACES:
                own = tables.number(row, name, np.nan)
                if not np.isnan(own):
                    values[name][where] = own
        built = np.zeros(self._size, bool)
        for shape, _ in self._rows("buildings"):
            built |= self._touched(shape)
        raised = self.building_mode == "raise"
        walls_x, walls_y = self._walls()
        return Ground.of(
            self.heights + built * self.building_height if raised else self.heights,
            self.transform.a,
            values["manning"],
            blocks=None if raised else built & ~np.isnan(self.heights),
            walls_x=walls_x,
            walls_y=walls_y,
            infiltration=values["infiltration"],
            drainage=values["drainage"],
            share=self.share,
        )

    def _walls(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        rows, columns = self._size
        walls = np.full((rows, columns + 1), np.nan), np.full((rows + 1, columns), np.nan)
        for shape, row in self._rows("walls"):
            crest = tables.number(row, "crest", float(BLOCKED))
            faces = placing.crossed(shape, self.transform, self._size)
            for wall, where in zip(walls, faces, strict=True):
                wall[where] = np.fmax(wall[where], crest)
        return walls

    def _cells(self, ground: Ground, shape: Shape, what: str) -> Cells:
        where = self._touched(shape)
        if not where.any():
            raise Invalid(f"{what} lies outside the grid")
        rows, columns = np.nonzero(where & ground.open)
        if not len(rows):
            raise Invalid(f"{what} lies on a building or where there is no ground")
        return Cells(ground, rows, columns)

    def _inflows(self, ground: Ground) -> Iterator[Source]:
        rows = self.layers.get("inflow")
        if rows is not None:
            found = tables.told(rows, tables.DISCHARGE, "discharge", self.hydrograph)
            for shape, discharge in zip(rows.geometry, found, strict=True):
                yield Inflow(self._cells(ground, shape, "an inflow"), discharge)

    def _levels(self, ground: Ground) -> Iterator[Source]:
        rows = self.layers.get("levels")
        if rows is not None:
            found = tables.told(rows, tables.LEVEL, "level")
            for shape, level in zip(rows.geometry, found, strict=True):
                yield Level(self._cells(ground, shape, "a water level"), level)

    def _outlets(self, ground: Ground, inflows: list[Source]) -> Iterator[Source]:
        where = np.full(self._size, self.edges == "open")
        if self.edges == "downstream":
            where |= downstream(ground, inflows)
        for shape, _ in self._rows("outlets"):
            where |= self._touched(shape)
        for shape, _ in self._rows("levels"):
            where &= ~self._touched(shape)
        made = Outlet.of(ground, where)
        if made is not None:
            yield made

    def _openings(self) -> Iterator[Link]:
        for name, height in (("culverts", "height"), ("gates", "opening")):
            for shape, row in self._rows(name):
                start, end = placing.ends(shape, self.transform, self._size)
                yield Opening(
                    start,
                    end,
                    tables.number(row, "invert"),
                    tables.number(row, "width"),
                    tables.series(row.get(height, np.nan), height, steps=True),
                    tables.number(row, "length", shape.length if name == "culverts" else 0.0),
                    tables.number(row, "manning", 0.013),
                    tables.number(row, "loss", 1.5),
                    bool(tables.number(row, "one_way", 0.0)),
                )

    def _pumps(self) -> Iterator[Link]:
        for shape, row in self._rows("pumps"):
            if shape.geom_type == "Point":
                start, end = placing.cell_at(shape, self.transform, self._size), None
            else:
                start, end = placing.ends(shape, self.transform, self._size)
            curve = tables.series(row.get("capacity", np.nan), "capacity")
            yield Pump(
                start,
                end,
                tables.number(row, "on"),
                tables.number(row, "off"),
                tuple(curve.times.tolist()),
                tuple(curve.values.tolist()),
                tables.number(row, "outside", 0.0),
            )
