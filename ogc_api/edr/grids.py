"""Data queries over rasters: cells at points, within areas and along lines."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely
from rasterio.features import geometry_mask

from datasets.cells import Frame, sample, snapped, whole
from ogc_api.edr import locations
from ogc_api.edr.source import Asked, EdrSource
from ogc_api.rasters import coverage, covjson
from ogc_api.rasters.covjson import Node
from ogc_api.rasters.grids import Seen, seen
from ogc_api.rasters.subset import Subset, limited
from spatial import crs
from spatial.asof import Interval
from spatial.errors import Invalid, NotFound, TooLarge
from spatial.raster import Step
from tiles.colours import bands_of

MOST_PLACES = 10_000


class GridSource:
    """A raster as a source of environmental data."""

    def __init__(self, view: Seen) -> None:
        self._view = view

    def parameters(self, asked: Asked) -> Node:
        edition = self._steps()[-1].edition
        bands = [edition.bands[at] for at in bands_of(edition, ",".join(asked.names))]
        return covjson.parameters((band.name, band.title, band.unit) for band in bands)

    def position(self, asked: Asked) -> list[Node]:
        steps, said = self._steps(), self.parameters(asked)
        places = shapely.get_coordinates(asked.shape)
        _require_few(len(places) * len(steps))
        values = self._sampled(steps, places, asked)
        times = [step.period.start for step in steps]
        return [
            covjson.point_series(x, y, asked.srid, times, values[:, :, at], said)
            for at, (x, y) in enumerate(places.tolist())
        ]

    def area(self, asked: Asked, *, boxed: bool = False) -> list[Node]:
        steps, said = self._steps(), self.parameters(asked)
        edition = steps[-1].edition
        fine = replace(asked, shape=shapely.segmentize(asked.shape, _side(asked.shape) / 32))
        own = fine.in_crs(edition.srid)
        if not np.isfinite(own.bounds).all():
            raise NotFound("the raster has no cell there")
        frame = snapped(edition, own.bounds)
        if frame is None:
            raise NotFound("the raster has no cell there")
        inside = own
        if asked.output not in (None, edition.srid):
            bounds = crs.transform_bounds(frame.bounds, frame.srid, asked.output)
            frame, inside = Frame(bounds, asked.output, frame.shape), fine.in_crs(asked.output)
        bands = bands_of(edition, ",".join(asked.names))
        subset = limited(Subset(steps, frame, bands), asked.most)
        values = coverage.values(self._view, subset)
        if not boxed:
            outside = geometry_mask([inside], frame.shape, frame.transform)
            values[..., outside] = np.ma.masked
        return [covjson.grid(subset, values, said, [step.period.start for step in steps])]

    def trajectory(self, asked: Asked) -> list[Node]:
        said = self.parameters(asked)
        lines = shapely.get_parts(asked.shape)
        if shapely.has_m(asked.shape):
            return [self._timed(replace(asked, shape=line), said) for line in lines]
        steps, found = self._steps(), []
        for line in lines:
            places = shapely.get_coordinates(self._walked(replace(asked, shape=line)))
            _require_few(len(places) * len(steps))
            values = self._sampled(steps, places, asked)
            for at, step in enumerate(steps):
                start = step.period.start
                path = [(start, x, y) if start else (x, y) for x, y in places.tolist()]
                names = ["t", "x", "y"] if start else ["x", "y"]
                found.append(covjson.trajectory(path, names, asked.srid, values[at], said))
        return found

    def locations(self, words: Mapping[str, str]) -> Node:
        return locations.listed(words)

    def location(self, name: str, asked: Asked) -> list[Node]:
        shape, srid = locations.shape(name)
        there = replace(asked, shape=shape, srid=srid)
        match shape.geom_type.removeprefix("Multi"):
            case "Point":
                return self.position(there)
            case "LineString":
                return self.trajectory(there)
            case _:
                return self.area(there)

    def _timed(self, asked: Asked, said: Node) -> Node:
        """Each vertex at its own time."""
        places = shapely.get_coordinates(asked.shape, include_m=True)
        _require_few(len(places))
        values: Any = np.ma.masked_all((len(said), len(places)), np.float64)
        path = []
        for at, (x, y, seconds) in enumerate(places.tolist()):
            try:
                when = datetime.fromtimestamp(seconds, UTC)
            except (ValueError, OverflowError, OSError):
                raise Invalid("the M of a trajectory is a time in seconds since 1970") from None
            path.append((when, x, y))
            try:
                steps = self._view.meant(Interval(when, when))
            except NotFound:
                continue
            values[:, at] = self._sampled(steps[-1:], np.array([[x, y]]), asked)[0, :, 0]
        return covjson.trajectory(path, ["t", "x", "y"], asked.srid, values, said)

    def _walked(self, asked: Asked) -> Any:
        """The line with a place at least every cell's side."""
        edition = self._steps()[-1].edition
        own = asked.in_crs(edition.srid)
        step = min(whole(edition).cell)
        if not own.length / step < MOST_PLACES:
            raise TooLarge(f"the line crosses more than {MOST_PLACES:,} cells: ask for a part")
        return replace(asked, shape=shapely.segmentize(own, step), srid=edition.srid).in_crs(
            asked.srid
        )

    def _sampled(self, steps: list[Step], places: Any, asked: Asked) -> Any:
        bands = bands_of(steps[-1].edition, ",".join(asked.names))
        x, y = places[:, 0], places[:, 1]
        return sample(self._view.store, steps, x, y, asked.srid, bands)

    def _steps(self) -> list[Step]:
        return self._view.meant()


def _side(shape: Any) -> float:
    west, south, east, north = shape.bounds
    return float(max(east - west, north - south, 1e-9))


def _require_few(count: int) -> None:
    if count > MOST_PLACES:
        raise TooLarge(
            f"{count:,} places and moments are more than the {MOST_PLACES:,} given at once:"
            " ask for fewer points or a shorter datetime"
        )


def find(name: str) -> EdrSource | None:
    """The raster of that name, if the request's grant may see it."""
    try:
        return GridSource(seen(name))
    except NotFound:
        return None
