"""One part of an overlay of two layers: read from the database, cut, staged."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely
from psycopg import sql

from spatial import crs
from spatial.analyses.reading import readings
from spatial.analyses.selection import Selection
from spatial.analyses.staging import Staging, counts
from spatial.asof import AsOf
from spatial.database import Database
from spatial.frame import fetch
from spatial.grant import Grant
from spatial.land_use.overlay import How, left_part, right_only
from spatial.land_use.pieces import Pieces
from spatial.land_use.polygons import Floats, Geometries, Indices
from spatial.land_use.tally import Tally
from spatial.layer import Box
from spatial.parallel import database_here
from spatial.partition import Part
from spatial.pgcopy import Arrow

type Side = Literal["left", "right"]

#: What the staging table holds of a piece: the row versions of both sides, the planar area.
STAGED = (("left_version", "bigint"), ("right_version", "bigint"), ("area", "double precision"))
#: A box may bulge in another CRS by less than this share of its size.
BULGE = 0.01


@dataclass(frozen=True, slots=True)
class Cutter:
    """Cuts any part of two layers in the CRS of the left one."""

    conninfo: str = field(repr=False)
    left: str | Selection
    right: str | Selection
    asof: AsOf
    grant: Grant
    how: How
    grid_size: float | None
    staging: Staging
    found: tuple[int, ...] = ()

    def knowing(self, database: Database, batches: Sequence[int]) -> "Cutter":
        """The cutter for the right parts, once the left ones are staged in these batches."""
        with database.begin() as tx:
            tx.pg.execute(sql.SQL("CREATE INDEX ON {} (right_version)").format(self.staging.table))
        return replace(self, found=tuple(batches))

    def __call__(self, task: tuple[Side, Part]) -> tuple[int, Tally]:
        """Cut the part of one side by all that it meets of the other.

        Returns the batch in which the pieces were staged, and their tally.
        """
        side, part = task
        ours, theirs = self._read(side, part)
        left, right = (ours, theirs) if side == "left" else (theirs, ours)
        cut_by = self._polygons(left), self._polygons(right)
        if side == "left":
            pieces = left_part(*cut_by, self.how, self.grid_size)
        else:
            pieces = right_only(*cut_by[::-1], self.grid_size, self._shared(right))
        return self._stage(pieces, left, right), pieces.tally

    def _read(self, side: Side, part: Part) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
        """The part of this side, and what meets its bounds on the other."""
        database = database_here(self.conninfo)
        with readings(database, [self.left, self.right], self.asof, self.grant) as (pg, views):
            here, there = views if side == "left" else views[::-1]
            ours = fetch(database, pg, part.of(here), [])
            box = _reach(ours, here.layer.srid != there.layer.srid)
            theirs = fetch(database, pg, there.within(box, here.layer.srid), [])
        return ours, theirs

    def _shared(self, frame: gpd.GeoDataFrame) -> Floats | None:
        """(n,) the area that each right feature shares with the left layer, where it is staged."""
        if self.how != "union" or not self.found:
            return None
        versions = frame["version"].tolist()
        # in an order of its own, so that the sum does not depend on the partition
        query = sql.SQL(
            "SELECT right_version, sum(area ORDER BY left_version) FROM {}"
            " WHERE right_version = ANY ({}) AND {} GROUP BY right_version"
        ).format(self.staging.table, versions, counts(self.found))
        with database_here(self.conninfo).begin() as tx:
            areas: dict[int, float] = dict(tx.pg.execute(query).fetchall())
        return np.array([areas.get(version, 0.0) for version in versions])

    def _polygons(self, frame: gpd.GeoDataFrame) -> Geometries:
        """(n,) the geometries in the CRS of the overlay."""
        geometry: Geometries = np.asarray(frame.geometry.array)
        source = frame.crs.to_epsg()
        if source == self.staging.srid or frame.empty:
            return geometry
        move: Any = crs.transformer(source, self.staging.srid).transform
        return np.asarray(shapely.transform(geometry, move, interleaved=False))

    def _stage(self, pieces: Pieces, left: gpd.GeoDataFrame, right: gpd.GeoDataFrame) -> int:
        values = [
            _versions(left, pieces.left),
            _versions(right, pieces.right),
            pa.array(shapely.area(pieces.geometry)),
        ]
        wkb = pa.array(shapely.to_wkb(pieces.geometry), pa.large_binary())
        return self.staging.write(database_here(self.conninfo), values, wkb)


def _versions(frame: gpd.GeoDataFrame, rows: Indices) -> Arrow:
    """(n,) the versions of rows by position; null for -1."""
    versions = np.append(frame["version"].to_numpy(), 0)
    array: Arrow = pa.array(versions[rows], mask=rows < 0)
    return array


def _reach(frame: gpd.GeoDataFrame, moves: bool) -> Box:
    """The bounds of all features, with room for what another CRS does to their edges."""
    x0, y0, x1, y1 = map(float, frame.total_bounds)
    room = BULGE * max(x1 - x0, y1 - y0) if moves else 0.0
    return x0 - room, y0 - room, x1 + room, y1 + room
