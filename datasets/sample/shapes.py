"""Splitting, noding and arranging shapes, whole arrays at a time."""

import numpy as np
import numpy.typing as npt
import shapely

from datasets.sample.plan import GRID, Floats, Geometries

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_FAR = 20_000.0


def parts_of(shapes: Geometries, dimension: int) -> tuple[Geometries, Integers]:
    """The single parts with the given dimension (1 lines, 2 polygons) and whose they are."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    nested = shapely.get_type_id(parts) > 3
    if nested.any():
        inner, again = shapely.get_parts(parts, return_index=True)
        parts, owner = inner, owner[again]
    keep = (shapely.get_dimensions(parts) == dimension) & ~shapely.is_empty(parts)
    return parts[keep], owner[keep]


def frame_of(polygons: Geometries) -> tuple[Floats, Floats, Floats, Floats]:
    """Centre (n, 2), unit long axis (n, 2), length and width (n,) of each oriented envelope."""
    corners = shapely.get_coordinates(shapely.oriented_envelope(polygons)).reshape(-1, 5, 2)
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 1]
    la, lb = np.hypot(*a.T), np.hypot(*b.T)
    axis = np.where((la >= lb)[:, None], a, b) / np.maximum(la, lb)[:, None]
    return corners[:, :4].mean(axis=1), axis, np.maximum(la, lb), np.minimum(la, lb)


def subdivide(
    polygons: Geometries,
    target: Floats,
    rng: np.random.Generator,
    *,
    jitter: float = 0.08,
    skew: Floats | float = 0.0,
) -> tuple[Geometries, Integers, Geometries, Integers]:
    """Halve polygons across their long side until none is larger than about its target area.

    target (n,) is in m²; jitter moves the cut along the side, skew turns it (radians, one sigma).
    Returns the pieces, the polygon that each came from, the cut lines, and theirs.
    """
    shapes, root = np.asarray(polygons, dtype=object), np.arange(len(polygons))
    skew = np.broadcast_to(np.asarray(skew, dtype=np.float64), (len(polygons),))
    done: list[Geometries] = []
    done_root: list[Integers] = []
    cuts: list[Geometries] = []
    cut_root: list[Integers] = []
    while len(shapes):
        large = shapely.area(shapes) > target[root] * rng.uniform(1.0, 1.7, len(shapes))
        done.append(shapes[~large])
        done_root.append(root[~large])
        shapes, root = shapes[large], root[large]
        if not len(shapes):
            break
        centre, axis, length, _ = frame_of(shapes)
        centre = centre + axis * (length * rng.uniform(-jitter, jitter, len(shapes)))[:, None]
        turn = rng.normal(0, 1, len(shapes)) * skew[root]
        c, s = np.cos(turn), np.sin(turn)
        along = np.column_stack([axis[:, 0] * c - axis[:, 1] * s, axis[:, 0] * s + axis[:, 1] * c])
        across = np.column_stack([-along[:, 1], along[:, 0]]) * _FAR
        a, b, far = centre - across, centre + across, along * _FAR
        cut, mine = parts_of(
            shapely.intersection(shapes, shapely.linestrings(np.stack([a, b], axis=1))), 1
        )
        cuts.append(cut)
        cut_root.append(root[mine])
        halves = []
        for side in (far, -far):
            quad = shapely.polygons(np.stack([a, b, b + side, a + side], axis=1))
            halves.append(parts_of(shapely.intersection(shapes, quad), 2))
        shapes = np.concatenate([half[0] for half in halves])
        root = np.concatenate([root[half[1]] for half in halves])
    return (
        np.concatenate(done),
        np.concatenate(done_root),
        np.concatenate(cuts) if cuts else np.empty(0, object),
        np.concatenate(cut_root) if cuts else np.empty(0, np.int64),
    )


def arrange(lines: Geometries) -> tuple[Geometries, Geometries]:
    """Node lines on the 1 cm grid; their edges and the faces between them, an exact coverage."""
    noded = shapely.get_parts(shapely.union_all(lines, grid_size=GRID))
    return noded, shapely.get_parts(shapely.polygonize(noded))


def within(points: Geometries, polygons: Geometries) -> Integers:
    """For each point the index of a polygon that it lies in, or -1."""
    found = np.full(len(points), -1, dtype=np.int64)
    point, polygon = shapely.STRtree(polygons).query(points, predicate="within")
    found[point] = polygon
    return found


def touching(shapes: Geometries, others: Geometries, distance: float = 0.0) -> Flags:
    """Which shapes come within `distance` of any of the others."""
    found: Flags = np.zeros(len(shapes), dtype=bool)
    parts = shapely.get_parts(others)
    query = shapely.STRtree(shapes).query(parts, predicate="dwithin", distance=distance)
    found[query[1]] = True
    return found


def nearest(points: Geometries, shapes: Geometries) -> Integers:
    """For each point the index of the shape that it lies in, else of the nearest."""
    found = within(points, shapes)
    lost = np.flatnonzero(found < 0)
    if len(lost):
        found[lost] = shapely.STRtree(shapes).nearest(points[lost])
    return found


def dissolve(polygons: Geometries, group: Integers) -> tuple[Geometries, Integers]:
    """Union faces of one coverage by group; the unions and their groups, in group order."""
    order = np.argsort(group, kind="stable")
    groups, start = np.unique(group[order], return_index=True)
    unions = [shapely.coverage_union_all(some) for some in np.split(polygons[order], start[1:])]
    return np.array(unions, dtype=object), groups


def borders(shapes: Geometries, some: Integers) -> tuple[Integers, Integers, Floats]:
    """Pairs (one of `some`, its neighbour) in a coverage, and the length that they share."""
    tree = shapely.STRtree(shapes)
    mine, theirs = tree.query(shapes[some], predicate="touches")
    mine = some[mine]
    shared = shapely.length(shapely.intersection(shapes[mine], shapes[theirs]))
    keep = shared > 0.5
    return mine[keep], theirs[keep], shared[keep]


def absorb(shapes: Geometries, smallest: float, kind: Integers) -> tuple[Geometries, Integers]:
    """Give faces below `smallest` m² to the neighbour with the longest common border.

    A neighbour of the same kind is preferred. Returns the faces left and which each one was.
    """
    kept = np.arange(len(shapes))
    for _ in range(6):
        small = np.flatnonzero(shapely.area(shapes) < smallest)
        if not len(small):
            break
        mine, theirs, shared = borders(shapes, small)
        order = np.argsort(shared * np.where(kind[mine] == kind[theirs], 50.0, 1.0), kind="stable")
        into = np.arange(len(shapes))
        into[mine[order]] = theirs[order]
        busy = np.zeros(len(shapes), dtype=bool)
        for i in small:
            if busy[i] or into[into[i]] != into[i]:
                into[i] = i
            busy[into[i]] = True
        loners = np.unique(into, return_counts=True)
        alone = np.zeros(len(shapes), dtype=bool)
        alone[loners[0][loners[1] == 1]] = True
        merged, groups = dissolve(shapes[~alone[into]], into[~alone[into]])
        result = shapes.copy()
        result[groups] = merged
        left = np.unique(into)
        shapes, kind, kept = result[left], kind[left], kept[left]
    return shapes, kept


def points_at(x: Floats, y: Floats) -> Geometries:
    """Points at coordinates, always as an array."""
    return np.asarray(shapely.points(x, y), dtype=object)


def xy(shapes: Geometries) -> tuple[Floats, Floats]:
    """Coordinates of a point inside each shape."""
    points = shapely.point_on_surface(shapes)
    return shapely.get_x(points), shapely.get_y(points)
