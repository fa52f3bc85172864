"""Addresses of the buildings: numbered along the street that each is nearest to."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from datasets.sample import plan
from datasets.sample.blocks import Network

_EXPRESSWAY = 0


def addressed(
    buildings: gpd.GeoDataFrame, network: Network, titles: list[tuple[str, str]]
) -> gpd.GeoDataFrame:
    """The buildings with address_zh and address_en; the states of one keep its number.

    Along each street numbers rise with the distance on its main axis, odd on one side and even on
    the other. titles: the name of each edge.
    """
    edges = np.flatnonzero(network.rank != _EXPRESSWAY)
    first = buildings.drop_duplicates("key")
    place = shapely.get_coordinates(shapely.centroid(first.geometry.to_numpy())) - plan.ORIGIN
    near = shapely.STRtree(network.lines[edges]).nearest(shapely.points(place))
    edge = edges[near]
    foot = shapely.get_coordinates(
        shapely.line_interpolate_point(
            network.lines[edge],
            shapely.line_locate_point(network.lines[edge], shapely.points(place)),
        )
    )
    axis = _axes(network)[network.street[edge]]
    along = (foot * axis).sum(axis=1)
    aside = place - foot
    left = axis[:, 0] * aside[:, 1] - axis[:, 1] * aside[:, 0] > 0
    rows = pd.DataFrame({"street": network.street[edge], "left": left, "along": along})
    rank = rows.sort_values("along", kind="stable").groupby(["street", "left"]).cumcount()
    number = (2 * rank.sort_index() + np.where(left, 1, 2)).to_numpy()
    zh = [f"{titles[e][0]}{n}号" for e, n in zip(edge, number, strict=True)]
    en = [f"{n} {titles[e][1]}" for e, n in zip(edge, number, strict=True)]
    return buildings.assign(
        address_zh=buildings["key"].map(dict(zip(first["key"], zh, strict=True))),
        address_en=buildings["key"].map(dict(zip(first["key"], en, strict=True))),
    )


def _axes(network: Network) -> plan.Floats:
    """(streets, 2) the direction of each street, the main one of its points, to the east."""
    points, line = shapely.get_coordinates(network.lines, return_index=True)
    frame = pd.DataFrame(points, columns=["x", "y"]).assign(street=network.street[line])
    spread = frame.groupby("street").cov(ddof=0).fillna(0).to_numpy().reshape(-1, 2, 2)
    axes = np.linalg.eigh(spread)[1][:, :, 1]
    axes *= np.where(axes[:, :1] < 0, -1.0, 1.0)
    found = np.zeros((int(network.street.max()) + 1, 2))
    found[np.unique(network.street)] = axes
    return found
