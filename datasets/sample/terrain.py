"""The terrain: a plain with hills, channels burnt in, every cell draining to water or the edge."""

import heapq

import numpy as np
import numpy.typing as npt
import rioxarray  # noqa: F401  the .rio accessor
import shapely
import xarray as xr
from rasterio.features import rasterize
from rasterio.transform import Affine, from_origin
from shapely.geometry.base import BaseGeometry

from datasets.sample import plan
from datasets.sample.plan import Field, Floats, Geometries
from datasets.sample.polders import CREST, GROUND, Polders
from datasets.sample.shapes import Flags, Integers, points_at
from datasets.sample.waters import Waters

CELL, MARGIN, COARSE = 20.0, 1_000.0, 5
BEDS = {"lake": -0.9, "canal": -1.6, "river": -0.4}


def draw_terrain(seed: int, field: Field, waters: Waters, polders: Polders) -> xr.DataArray:
    """Ground heights (y, x) in m above the 1985 datum, north up, in the plan's metres."""
    xs = np.arange(-MARGIN + CELL / 2, plan.WIDTH + MARGIN, CELL)
    ys = np.arange(plan.HEIGHT + MARGIN - CELL / 2, -MARGIN, -CELL)
    x, y = np.meshgrid(xs, ys)
    transform = from_origin(-MARGIN, plan.HEIGHT + MARGIN, CELL, CELL)
    away = _distance(waters, x, y)
    z = 2.7 + 1.5 * (1 - np.exp(-away / 420)) + 0.6 * y / plan.HEIGHT + 0.3 * away / 1_500
    z += 0.16 * field.relief(x, y) * (1 - np.exp(-away / 160))
    z += 0.35 * field.growth(x, y) * (1 - np.exp(-away / 300))
    z += _hills(seed, field, x, y)
    z = np.maximum(z, 2.3)

    inside = _burn([*polders.shapes], z.shape, transform)
    z[inside] = GROUND + 0.12 * field.relief(x, y)[inside]
    water = np.zeros(z.shape, dtype=bool)
    for kind, surface in zip(waters.kinds, waters.surfaces, strict=True):
        shape = waters.lake if kind == "lake" else surface
        wet = _burn([shape], z.shape, transform, touched=kind != "lake")
        z[wet & ~water] = BEDS[kind]
        water |= wet
    dikes = [polder.exterior.buffer(CELL * 0.75) for polder in polders.shapes]
    dike = _burn(dikes, z.shape, transform)
    z[dike], water[dike] = CREST, False
    edge = np.ones(z.shape, dtype=bool)
    edge[1:-1, 1:-1] = False
    drained = fill(z, water | edge | inside)
    return xr.DataArray(
        drained.astype(np.float32), dims=("y", "x"), coords={"y": ys, "x": xs}, name="terrain"
    )


def raster(terrain: xr.DataArray) -> xr.DataArray:
    """The terrain at its place in EPSG:4549, with CRS, nodata, units and vertical datum."""
    placed = terrain.assign_coords(x=terrain.x + plan.ORIGIN[0], y=terrain.y + plan.ORIGIN[1])
    placed = placed.rio.write_crs(plan.CRS).rio.write_nodata(np.nan)
    result: xr.DataArray = placed.assign_attrs(units="m", vertical_datum=plan.DATUM)
    return result


def _burn(
    shapes: list[BaseGeometry], size: tuple[int, int], transform: Affine, touched: bool = False
) -> Flags:
    burnt: Flags = rasterize(shapes, size, transform=transform, all_touched=touched).astype(bool)
    return burnt


def _distance(waters: Waters, x: Floats, y: Floats) -> Floats:
    """Distance to the nearest shore, exact on a coarse grid and interpolated between."""
    rows = np.unique(np.append(np.arange(0, x.shape[0], COARSE), x.shape[0] - 1))
    columns = np.unique(np.append(np.arange(0, x.shape[1], COARSE), x.shape[1] - 1))
    part = np.ix_(rows, columns)
    points = points_at(x[part].ravel(), y[part].ravel())
    shores = [shapely.get_coordinates(s) for s in _rings(waters)]
    legs = np.concatenate([np.stack([shore[:-1], shore[1:]], axis=1) for shore in shores])
    tree = shapely.STRtree(np.asarray(shapely.linestrings(legs), dtype=object))
    index, away = tree.query_nearest(points, return_distance=True, all_matches=False)
    found = np.empty(len(points))
    found[index[0]] = away
    coarse = found.reshape(len(rows), len(columns))
    wide = np.array([np.interp(np.arange(x.shape[1]), columns, row) for row in coarse])
    return np.array([np.interp(np.arange(x.shape[0]), rows, column) for column in wide.T]).T


def _rings(waters: Waters) -> Geometries:
    shapes = np.array([waters.lake, *waters.surfaces[1:]], dtype=object)
    return shapely.get_rings(shapely.get_parts(shapes))


def _hills(seed: int, field: Field, x: Floats, y: Floats) -> Floats:
    """Height of the hills above the plain: domes with gentle ridges, level at the foot."""
    rise = np.zeros_like(x)
    for hill, foot in zip(plan.HILLS, plan.hill_outlines(seed), strict=True):
        low = foot.bounds
        near = (x > low[0]) & (x < low[2]) & (y > low[1]) & (y < low[3])
        points = shapely.points(x[near], y[near])
        shapely.prepare(foot)
        depth = shapely.distance(points, foot.exterior) * shapely.contains(foot, points)
        t = np.radians(hill[4])
        u, v = x[near] - hill[0], y[near] - hill[1]
        along, across = u * np.cos(t) + v * np.sin(t), v * np.cos(t) - u * np.sin(t)
        dome = np.exp(-1.9 * ((along / hill[2]) ** 2 + (across / hill[3]) ** 2))
        ridge = 1 + 0.1 * np.clip(field.relief(x[near], y[near]), -2, 2)
        rise[near] = np.maximum(rise[near], hill[5] * dome * ridge * -np.expm1(-depth / 130))
    return rise


def fill(z: Floats, outlet: Flags) -> Floats:
    """Raise every pit to its spill level, so that each cell drains to an outlet.

    Follows steepest descent to each pit, then finds for each pit the lowest pass on its way to an
    outlet, over a graph of basins. Equal to a priority flood, without visiting single cells.
    """
    heights = z.ravel()
    basin = _sinks(z, outlet)
    root = np.where(outlet.ravel()[basin], -1, basin)
    low, high, level = _passes(heights, root.reshape(z.shape))
    pits, index = np.unique(np.concatenate([low, high]), return_inverse=True)
    near: list[list[tuple[int, float]]] = [[] for _ in pits]
    for a, b, c in zip(*index.reshape(2, -1).tolist(), level.tolist(), strict=True):
        near[a].append((b, c))
        near[b].append((a, c))
    spill = np.full(len(pits), np.inf)
    queue = [(-np.inf, 0)]  # basin 0 is -1: all that drains already
    while queue:
        height, i = heapq.heappop(queue)
        if spill[i] < np.inf:
            continue
        spill[i] = height
        for j, pass_height in near[i]:
            if spill[j] == np.inf:
                heapq.heappush(queue, (max(height, pass_height), j))
    place = np.searchsorted(pits, root)
    filled: Floats = np.maximum(heights, spill[place]).reshape(z.shape)
    return filled


_NEIGHBOURS = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if (a, b) != (0, 0)]


def _sinks(z: Floats, outlet: Flags) -> Integers:
    """For each cell the outlet or pit that steepest descent leads to (flat indices)."""
    padded = np.pad(z, 1, constant_values=np.inf)
    best, step = z.copy(), np.zeros(z.shape, dtype=np.int64)
    for a, b in _NEIGHBOURS:
        other = padded[1 + a : 1 + a + z.shape[0], 1 + b : 1 + b + z.shape[1]]
        lower = other < best
        best[lower] = other[lower]
        step[lower] = a * z.shape[1] + b
    step[outlet] = 0
    to = np.arange(z.size) + step.ravel()
    while True:
        further = to[to]
        if (further == to).all():
            return to
        to = further


def _passes(heights: Floats, root: npt.NDArray[np.int64]) -> tuple[Integers, Integers, Floats]:
    """The lowest pass between each two neighbouring basins."""
    index = np.arange(root.size).reshape(root.shape)
    pairs = [
        (index[:, :-1], index[:, 1:]),
        (index[:-1], index[1:]),
        (index[:-1, :-1], index[1:, 1:]),
        (index[:-1, 1:], index[1:, :-1]),
    ]
    a = np.concatenate([pair[0].ravel() for pair in pairs])
    b = np.concatenate([pair[1].ravel() for pair in pairs])
    flat = root.ravel()
    border = flat[a] != flat[b]
    a, b = a[border], b[border]
    level = np.maximum(heights[a], heights[b])
    low, high = np.minimum(flat[a], flat[b]), np.maximum(flat[a], flat[b])
    order = np.lexsort((level, high, low))
    low, high, level = low[order], high[order], level[order]
    first = np.append(True, (low[1:] != low[:-1]) | (high[1:] != high[:-1]))
    return low[first], high[first], level[first]
