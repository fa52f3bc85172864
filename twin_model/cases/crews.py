"""The crews that are nearest to a case by the road network."""

from typing import Any

import numpy as np

from spatial import catalogue
from spatial.asof import AsOf
from spatial.crs import WGS84, transformer
from spatial.database import Database
from spatial.errors import Invalid, NotFound
from spatial.grant import Grant
from spatial.traffic.reading import roads_here
from twin_model.presence import Wanted
from twin_model.sight import point
from twin_model.state import state

CANDIDATES = 50


def crews(
    database: Database, asof: AsOf, grant: Grant, place: tuple[float, float], *,
    layer: str, network: str, limit: int = 5,
) -> list[dict[str, Any]]:  # fmt: skip
    """The assets of a layer, moving or not, that reach a place soonest, where they are now.

    network: a layer that the analysis `network` made. Of the 50 nearest as the crow flies; each
    from its nearest junction to that of the place. Raises NotFound for layers there are not.
    """
    if not 1 <= limit <= CANDIDATES:
        raise Invalid(f"limit is from 1 to {CANDIDATES}")
    with database.begin() as tx:
        wanted = catalogue.find_visible(tx.pg, layer, grant)
    roads, links = roads_here(database, network, asof, grant)
    held = state(database, asof, grant, Wanted(), shapes=True)
    move = transformer(WGS84, links.srid)
    places = [
        (held.roll.names[asset], spot)
        for asset, shape in zip(held.assets.tolist(), held.shapes or (), strict=True)
        if held.roll.layer_id[asset] == wanted.id and (spot := point(shape)) is not None
    ]
    if not places:
        raise NotFound(f"'{layer}' has no assets that are anywhere")
    lonlat = np.array([spot for _, spot in places])
    points = np.column_stack(move.transform(*lonlat.T))
    here = np.column_stack(move.transform(*np.array([place]).T))
    goal = int(roads.nearest(here)[0])
    nearest = np.argsort(np.hypot(*(points - here).T), kind="stable")[:CANDIDATES].tolist()
    starts = roads.nearest(points)
    finder, found = roads.finder("time"), []
    for n in nearest:
        finder.reach(int(starts[n]))
        if not np.isfinite(finder.label[goal]):
            continue
        links_on = finder.path(goal) if starts[n] != goal else np.empty(0, np.int64)
        found.append(
            {
                "asset": places[n][0],
                "minutes": round(float(finder.label[goal]), 2),
                "metres": round(float(roads.length[links_on].sum()), 1),
                "place": lonlat[n].tolist(),
            }
        )
    return sorted(found, key=lambda one: (one["minutes"], one["asset"]))[:limit]
