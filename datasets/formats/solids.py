"""City objects in three dimensions as what a map can hold: footprint, height, level of detail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from datasets.formats.raw import RawLayer, made

_SLIVER = 1e-6
"""The area of a shadow, in square units, below which a face counts as upright."""

type Ring = npt.NDArray[np.float64]

NOTE = "solids kept as footprints at the height of the ground, with ground_m, roof_m and height_m"


@dataclass(frozen=True)
class Surface:
    """A face: its rings, (n, 3) each, the outer one first, and whether it is the ground."""

    rings: Sequence[Ring]
    is_ground: bool = False


@dataclass(frozen=True)
class CityObject:
    """An object with the faces of its most detailed geometry."""

    id: str
    type: str
    lod: str | None
    surfaces: Sequence[Surface]
    parent: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


def layer(
    title: str, objects: Sequence[CityObject], crs: pyproj.CRS | None, notes: Sequence[str] = ()
) -> RawLayer:
    """One row for each object: its footprint as polygons with the ground's height."""
    found = [_footprint(one.surfaces) for one in objects]
    columns: dict[str, list[Any]] = {
        "id": [one.id for one in objects],
        "type": [one.type for one in objects],
        "parent": [one.parent for one in objects],
        "lod": [one.lod for one in objects],
        "ground_m": [ground for _, ground, _, _ in found],
        "roof_m": [roof for _, _, roof, _ in found],
        "height_m": [None if g is None or r is None else r - g for _, g, r, _ in found],
    }
    names = dict.fromkeys(name for one in objects for name in one.attributes)
    for name in names:
        taken = f"{name}_" if name in columns else name
        columns[taken] = [one.attributes.get(name) for one in objects]
    wkb = [shape for shape, *_ in found]
    why = [reason for *_, reason in found]
    return made(title, columns, wkb, "MultiPolygon Z", crs, why=why, notes=(NOTE, *notes))


def _footprint(
    surfaces: Sequence[Surface],
) -> tuple[bytes | None, float | None, float | None, str | None]:
    """The shadow at noon: WKB, the lowest and the highest height, and why there is none."""
    if not surfaces:
        return None, None, None, "it has no surfaces"
    heights = np.concatenate([ring[:, 2] for one in surfaces for ring in one.rings])
    ground, roof = float(heights.min()), float(heights.max())
    flat = _shadows([one for one in surfaces if one.is_ground]) or _shadows(surfaces)
    if not flat:
        return None, ground, roof, "all its surfaces are upright: it has no footprint"
    area = shapely.union_all(flat)
    if area.is_empty:
        return None, ground, roof, "its footprint has no area"
    return shapely.to_wkb(shapely.force_3d(area, ground), output_dimension=3), ground, roof, None


def _shadows(surfaces: Sequence[Surface]) -> list[Any]:
    """The faces seen from above, without the upright ones."""
    shadows: list[Any] = []
    for one in surfaces:
        outer, *holes = (ring[:, :2] for ring in one.rings if len(ring) > 2)
        if _area(outer) < _SLIVER:
            continue
        face: Any = shapely.Polygon(outer, holes)
        shadows.append(face if face.is_valid else shapely.make_valid(face, method="structure"))
    return shadows


def _area(ring: npt.NDArray[np.float64]) -> float:
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    turning = x[:-1] @ y[1:] - y[:-1] @ x[1:] + x[-1] * y[0] - y[-1] * x[0]
    return abs(float(turning)) / 2
