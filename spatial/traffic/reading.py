"""Networks and places read for a run; a network is kept by each process while it stays the same."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Annotated, Any, Literal

import geopandas as gpd
import numpy as np
import shapely

from spatial.analyses.inputs import Label, LayerName
from spatial.analyses.reading import readings
from spatial.analyses.run import Run
from spatial.analyses.selection import Selection
from spatial.asof import AsOf
from spatial.crs import transformer
from spatial.database import Database, Pg
from spatial.errors import Invalid
from spatial.frame import fetch
from spatial.grant import Grant
from spatial.layer import Layer
from spatial.query import Reading
from spatial.traffic.graph import Floats, Integers
from spatial.traffic.travel import Roads

#: Networks that a process keeps.
KEPT = 4

Network = Annotated[
    LayerName,
    Label("路网：network 的成果", "the network: a layer that 'network' made"),
]
By = Annotated[
    Literal["time", "distance"],
    Label("按时间（分钟）或距离（米）", "least time (minutes) or distance (metres)"),
]

_kept: OrderedDict[Hashable, Roads] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True)
class Places:
    """Features of a layer, and (k, 2) their middles in the network's reference system."""

    layer: Layer
    frame: gpd.GeoDataFrame
    point: Floats

    @property
    def fid(self) -> Integers:
        """(k,) the features' ids."""
        return np.asarray(self.frame["fid"], np.int64)


def read_roads(
    run: Run, network: str | Selection, *places: str | Selection
) -> tuple[Roads, int, list[Places]]:
    """The roads, their CRS, and the places of each layer; raises Invalid for what has no place."""
    run.progress(0.0, "reading the network")
    with readings(run.database, [network, *places], run.asof, run.grant) as (pg, views):
        roads, srid = roads_of(run.database, pg, views[0]), views[0].layer.srid
        frames = [fetch(run.database, pg, view) for view in views[1:]]
    found = [
        placed(frame.sort_values("fid", ignore_index=True), view.layer, srid)
        for frame, view in zip(frames, views[1:], strict=True)
    ]
    return roads, srid, found


def placed(frame: gpd.GeoDataFrame, layer: Layer, srid: int) -> Places:
    """The features with their middles in a CRS."""
    middle = shapely.get_coordinates(shapely.centroid(np.asarray(frame.geometry, object)))
    if len(middle) != len(frame):
        raise Invalid(f"'{layer.name}' has features without a place")
    move = transformer(layer.srid, srid)
    return Places(layer, frame, np.column_stack(move.transform(middle[:, 0], middle[:, 1])))


def roads_here(
    database: Database, network: str | Selection, asof: AsOf, grant: Grant
) -> tuple[Roads, Layer]:
    """The roads of a network, read in whatever process this is."""
    with readings(database, [network], asof, grant) as (pg, (view,)):
        return roads_of(database, pg, view), view.layer


def roads_of(database: Database, pg: Pg, view: Reading) -> Roads:
    """The roads of a reading, as kept or read now."""
    key = _question(database, view)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    links = fetch(database, pg, view).sort_values("fid", ignore_index=True)
    roads = Roads.of(links, np.asarray(links.geometry, object))
    with _lock:
        _kept[key] = roads
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return roads


def _question(database: Database, view: Reading) -> Hashable:
    """What is asked, and the layer's cursor: two readings with the same one give the same rows."""
    moment, asked = view.moment, tuple(one.as_string() for one in view.conditions)
    when: Any = None if view.present else (moment.valid_at, moment.known_at)
    return database.conninfo, view.edition, moment.scenario_id, when, asked
