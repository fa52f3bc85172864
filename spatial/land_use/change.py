"""Change of land use between two states: pieces, slivers, and the matrix whose totals close."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.land_use.overlay import overlay
from spatial.land_use.polygons import Floats

#: What one of the two states does not cover.
NOTHING = "—"


@dataclass(frozen=True)
class Change:
    """pieces: base_fid, target_fid, base, target (codes), area_m2, geometry, sliver.

    A sliver between two classes counts as unchanged in the matrix; the area that it moved is
    told.
    """

    pieces: gpd.GeoDataFrame


def change_pieces(
    base: gpd.GeoDataFrame, target: gpd.GeoDataFrame, areas: tuple[Floats, Floats], width: float
) -> Change:
    """Cut two states of the land by each other.

    base, target: polygons in one CRS with `fid` and `code`; areas: m² of each of their features.
    A piece has the share of its base feature's area (else of its target's) that it has in the
    plane. Pieces between two codes whose mean width (twice the area by the perimeter) is below
    `width` in units of the CRS are slivers.
    """
    ours, theirs = (
        gpd.GeoDataFrame(
            {"fid": frame["fid"], "code": frame["code"], "at": np.arange(len(frame))},
            geometry=np.asarray(frame.geometry, object), crs=frame.crs,
        )
        for frame in (base, target)
    )  # fmt: skip
    cut = overlay(ours, theirs, "union").frame
    shapes = np.asarray(cut.geometry, object)
    plane = shapely.area(shapes)
    alone = cut["at_1"].isna().to_numpy()
    size = np.zeros(len(cut))
    for side, own in ((0, ~alone), (1, alone)):
        frame = (base, target)[side]
        at = cut.loc[own, f"at_{side + 1}"].to_numpy(np.int64)
        whole = shapely.area(np.asarray(frame.geometry, object))[at]
        size[own] = plane[own] / whole * areas[side][at]
    before = cut["code_1"].where(~alone, NOTHING)
    after = cut["code_2"].where(cut["at_2"].notna(), NOTHING)
    thin = 2 * plane < width * shapely.length(shapes)
    pieces = gpd.GeoDataFrame(
        {
            "base_fid": cut["fid_1"],
            "target_fid": cut["fid_2"],
            "base": before.to_numpy(object),
            "target": after.to_numpy(object),
            "area_m2": size,
            "sliver": thin & (before.to_numpy() != after.to_numpy()),
        },
        geometry=shapes,
        crs=base.crs,
    )
    return Change(pieces)


def matrix(pieces: pd.DataFrame, same: pd.DataFrame) -> pd.DataFrame:
    """Areas by (base, target) class: of pieces, and of what was compared as a whole.

    pieces: base, target (classes), area_m2, sliver; same: base, target, area_m2, parcels. Slivers
    stay with the class that they had, or that they came into where there was none. Columns: base,
    target, area_m2, parcels.
    """
    kept = pieces.assign(
        target=np.where(pieces["sliver"], _kept(pieces), pieces["target"]),
        base=np.where(
            pieces["sliver"] & (pieces["base"] == NOTHING), pieces["target"], pieces["base"]
        ),
        parcels=1,
    )
    both = pd.concat([kept, same], ignore_index=True)
    return (
        both.groupby(["base", "target"], as_index=False)[["area_m2", "parcels"]]
        .sum()
        .sort_values(["base", "target"], ignore_index=True)
    )


def _kept(pieces: pd.DataFrame) -> "pd.Series[str]":
    return pieces["base"].where(pieces["base"] != NOTHING, pieces["target"])
