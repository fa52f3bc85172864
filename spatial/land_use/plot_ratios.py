"""Floor area ratio, building density, green ratio and heights of parcels: the pure function."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.certificate import Certificate
from spatial.land_use.control_lines import crossings
from spatial.land_use.polygons import Flags, Floats, Geometries, Indices, unions

RELATIVE = 1e-9
#: Limits that a parcel may have: of which figure, and whether it may not be exceeded or undercut.
LIMITS: dict[str, tuple[str, bool]] = {
    "plot_ratio_max": ("plot_ratio", True),
    "plot_ratio_min": ("plot_ratio", False),
    "density_max": ("density", True),
    "green_ratio_min": ("green_ratio", False),
    "height_max": ("height_m", True),
}
WORDS = {
    "plot_ratio_max": ("容积率超上限", "plot ratio above its limit"),
    "plot_ratio_min": ("容积率低于下限", "plot ratio below its limit"),
    "density_max": ("建筑密度超上限", "building density above its limit"),
    "green_ratio_min": ("绿地率低于下限", "green ratio below its limit"),
    "height_max": ("建筑高度超上限", "building height above its limit"),
}


@dataclass(frozen=True)
class PlotRatios:
    """A row for each parcel, in its order, and the balance of floor area.

    parcels: fid, area_m2, buildings, footprint_m2, floor_area_m2, plot_ratio, density, height_m,
    green_m2 and green_ratio (NaN without a green layer), unknown_floors, the limits, flags,
    flags_zh, flags_en, geometry.
    """

    parcels: gpd.GeoDataFrame
    certificate: Certificate


def floors_of(
    floors: Floats | None, height: Floats | None, storey: float, count: int
) -> tuple[Floats, int]:
    """(n,) storeys above ground: as told, else from height; NaN where neither is known.

    A height gives its whole storeys of `storey` metres, and at least one. Counts of storeys below
    zero, and heights not above zero, tell nothing. Also how many were taken from heights.
    """
    told = np.full(count, np.nan) if floors is None else floors.astype(float)
    told = np.where(told >= 0, told, np.nan)
    if height is None:
        return told, 0
    known = np.isnan(told) & (height > 0)
    told[known] = np.maximum(1.0, np.floor(height[known] / storey + 1e-9))
    return told, int(known.sum())


def plot_ratios(
    parcels: gpd.GeoDataFrame,
    buildings: Geometries,
    floors: Floats,
    height: Floats | None = None,
    *,
    green: Geometries | None = None,
    limits: pd.DataFrame | None = None,
    sliver: float = 1.0,
) -> PlotRatios:
    """What is built on each parcel, and whether it keeps its limits.

    parcels: polygons with `fid`; buildings (n,) polygons with their floors (NaN: unknown, which
    counts as no floor area and is told) and heights in m; all in one plane in metres.
    plot ratio = Σ (footprint within × floors) / area; density = area under footprints / area;
    green ratio = area that green covers / area; a building's height counts for a parcel of which
    it takes more than `sliver` m². limits: a row for each parcel, columns of `LIMITS`, else NaN.
    Floor area of the buildings = on parcels − on several parcels at once + off all parcels.
    """
    shapes = np.asarray(parcels.geometry, object)
    area, count = shapely.area(shapes), len(shapes)
    of, at, cut = crossings(buildings, shapes)
    size = shapely.area(cut)
    built = np.nan_to_num(floors)
    storeys = np.bincount(at, size * built[of], minlength=count)
    counted = size > sliver
    unknown = np.isnan(floors)[of] & counted
    made = gpd.GeoDataFrame(
        {
            "fid": parcels["fid"].to_numpy(),
            "area_m2": area,
            "buildings": np.bincount(at[counted], minlength=count),
            "footprint_m2": _covered(cut, at, count),
            "floor_area_m2": storeys,
            "unknown_floors": np.bincount(at[unknown], minlength=count),
        },
        geometry=shapes,
        crs=parcels.crs,
    )
    made["plot_ratio"] = storeys / area
    made["density"] = made["footprint_m2"] / area
    made["height_m"] = _tallest(height, of[counted], at[counted], count)
    made["green_m2"] = np.nan if green is None else _share(shapes, green)
    made["green_ratio"] = made["green_m2"] / area
    _flag(made, limits)
    return PlotRatios(made, _certificate(buildings, built, shapes, of, at, cut))


def _covered(cut: Geometries, at: Indices, count: int) -> Floats:
    """The area that pieces cover of each parcel, what overlaps counted once."""
    covered = np.zeros(count)
    order = np.argsort(at, kind="stable")
    owners, places = np.unique(at[order], return_inverse=True)
    if len(owners):
        covered[owners] = shapely.area(unions(cut[order], places.astype(np.int64)))
    return covered


def _share(shapes: Geometries, covers: Geometries) -> Floats:
    at, _, cut = crossings(shapes, covers)
    return _covered(cut, at, len(shapes))


def _tallest(height: Floats | None, of: Indices, at: Indices, count: int) -> Floats:
    tallest = np.full(count, np.nan)
    if height is not None:
        np.fmax.at(tallest, at, height[of])
    return tallest


def _flag(made: gpd.GeoDataFrame, limits: pd.DataFrame | None) -> None:
    """The limits, and which of them each parcel does not keep."""
    broken: dict[str, Flags] = {}
    for name, (figure, upper) in LIMITS.items():
        limit = np.full(len(made), np.nan)
        if limits is not None and name in limits:
            limit = pd.to_numeric(limits[name], errors="coerce").to_numpy(float)
        made[name] = limit
        value = made[figure].to_numpy(float)
        broken[name] = value > limit if upper else value < limit
    rows = [[name for name in LIMITS if broken[name][i]] for i in range(len(made))]
    made["flags"] = [", ".join(names) for names in rows]
    made["flags_zh"] = ["；".join(WORDS[name][0] for name in names) for names in rows]
    made["flags_en"] = ["; ".join(WORDS[name][1] for name in names) for names in rows]


def _certificate(
    buildings: Geometries, floors: Floats, shapes: Geometries, of: Indices, at: Indices,
    cut: Geometries,
) -> Certificate:  # fmt: skip
    area = shapely.area(buildings)
    within = np.bincount(of, shapely.area(cut), minlength=len(area))
    once = _covered(cut, of, len(area))
    outside = area.copy()
    first = np.searchsorted(of, np.arange(len(area) + 1))
    numbers = np.diff(first)
    single, several = np.flatnonzero(numbers == 1), np.flatnonzero(numbers > 1)
    covers = np.empty(len(area), object)
    covers[single] = shapes[at[first[single]]]
    covers[several] = [shapely.union_all(shapes[at[first[b] : first[b + 1]]]) for b in several]
    met = numbers > 0
    outside[met] = shapely.area(shapely.difference(buildings[met], covers[met]))
    total = float((area * floors).sum())
    balance = {
        "buildings": total,
        "on parcels": float((within * floors).sum()),
        "on several at once": float(((within - once) * floors).sum()),
        "off all parcels": float((outside * floors).sum()),
    }
    return Certificate(
        equation="floor area = on parcels - on several parcels at once + off all parcels",
        left=total,
        right=balance["on parcels"] - balance["on several at once"] + balance["off all parcels"],
        residual=float((np.abs(area - once - outside) * floors).sum()),
        tolerance=RELATIVE * total,
        unit="m²",
        balance=balance,
    )
