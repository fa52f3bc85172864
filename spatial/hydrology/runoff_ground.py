"""Ground as runoff sees it: the curve number of each cell, and the areas of each in each basin."""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from rasterio.features import rasterize
from rasterio.transform import Affine

from spatial.errors import Invalid
from spatial.hydrology.curve_number import GROUPS, PAVED, Condition, CurveNumbers
from spatial.hydrology.neighbours import Floats

type Kinds = npt.NDArray[np.int32]


@dataclass(frozen=True)
class RunoffGround:
    """Polygons that tell the kind of each cell, all in one CRS.

    A kind is a class of land use on a soil group, paved by a building or not; kind 0 is ground of
    which no land use is known. number: (kinds,) its curve number.
    """

    number: Floats
    land_use: gpd.GeoDataFrame
    soil: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    default_soil: int

    @classmethod
    def of(
        cls,
        numbers: CurveNumbers,
        condition: Condition,
        land_use: tuple[gpd.GeoDataFrame, str],
        soil: tuple[gpd.GeoDataFrame, str],
        buildings: gpd.GeoDataFrame,
        default_soil: str,
    ) -> "RunoffGround":
        """From layers and the columns of classes and groups; raises Invalid for unknown ones."""
        frame, column = land_use
        classes = _texts(frame, column, "land_use")
        known = sorted(set(classes))
        found = {one: numbers.of_class(one, condition) for one in known}
        unknown = [one for one, told in found.items() if told is None]
        if unknown:
            raise Invalid(
                f"there are no curve numbers for the class '{unknown[0]}'"
                f"{f' and {len(unknown) - 1} more' if len(unknown) > 1 else ''}: "
                "give a table in 'curve_numbers'"
            )
        places = {one: place for place, one in enumerate(known, 1)}
        table = np.full((len(known) + 1, len(GROUPS), 2), np.nan)
        for one, place in places.items():
            table[place, :, 0] = found[one]
            table[place, :, 1] = np.maximum(table[place, :, 0], PAVED)
        ground, group = soil
        groups = _texts(ground, group, "soil") if len(ground) else []
        strange = sorted(set(groups) - set(GROUPS))
        if strange:
            raise Invalid(f"'{strange[0]}' is no soil group: they are A, B, C and D")
        return cls(
            table.reshape(-1),
            frame.assign(burn=[places[one] for one in classes]),
            ground.assign(burn=[GROUPS.index(one) + 1 for one in groups]),
            buildings.assign(burn=1),
            GROUPS.index(default_soil),
        )

    def kinds(self, shape: tuple[int, int], transform: Affine) -> Kinds:
        """(rows, columns) the kind of each cell by its middle."""
        place = burn(self.land_use, shape, transform)
        soil = burn(self.soil, shape, transform)
        soil = np.where(soil > 0, soil - 1, self.default_soil)
        paved = burn(self.buildings, shape, transform)
        return np.where(place > 0, (place * len(GROUPS) + soil) * 2 + paved, 0).astype(np.int32)


def burn(frame: gpd.GeoDataFrame, shape: tuple[int, int], transform: Affine) -> Kinds:
    """(rows, columns) the column `burn` of the polygon over each cell's middle, 0 where none."""
    if not len(frame):
        return np.zeros(shape, np.int32)
    made: Kinds = rasterize(
        zip(frame.geometry, frame["burn"], strict=True), shape, transform=transform, dtype=np.int32
    )
    return made


def shares(basins: Kinds, kinds: Kinds, area: Floats, basin_count: int, kind_count: int) -> Floats:
    """(basins + 1, kinds) m² of each kind in each basin; basin 0 is the ground outside all.

    area: (rows,) of a cell of each row.
    """
    key = (basins.astype(np.int64) * kind_count + kinds).ravel()
    weights = np.broadcast_to(area[:, None], kinds.shape).ravel()
    size = (basin_count + 1) * kind_count
    return np.bincount(key, weights, minlength=size).reshape(basin_count + 1, kind_count)


def _texts(frame: gpd.GeoDataFrame, column: str, what: str) -> Sequence[str]:
    if column not in frame:
        raise Invalid(f"the layer of '{what}' has no column '{column}'")
    if frame[column].isna().any():
        raise Invalid(f"the layer of '{what}' has rows without '{column}'")
    told: list[str] = frame[column].astype(str).tolist()
    return told
