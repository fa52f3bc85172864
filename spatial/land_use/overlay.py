"""Overlay of two polygon layers, part by part, with the proof that no area was lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.land_use.pieces import Pieces, cut, cut_unfilled
from spatial.land_use.polygons import Floats, Geometries

How = Literal["identity", "intersection", "union", "difference", "symmetric_difference"]


@dataclass(frozen=True)
class Overlay:
    """The pieces with the attributes of both layers, and the certificate of their areas."""

    frame: gpd.GeoDataFrame
    certificate: Certificate


def overlay(
    left: gpd.GeoDataFrame, right: gpd.GeoDataFrame, how: How, grid_size: float | None = None
) -> Overlay:
    """Overlay two polygon layers in one CRS.

    identity: each left feature cut by the right layer, with what the right does not cover;
    intersection: only the shared pieces; difference: only what the right does not cover;
    union: identity and what only the right covers; symmetric_difference: what one alone covers.

    Pieces are (multi)polygons, rows in the order shared (by left, right), left alone, right alone;
    columns that clash get the suffixes _1 and _2. Features that overlap within a layer each give
    their own pieces, so areas may count twice, and the certificate says how much.
    What is thinner than floating-point coordinates can tell is no piece.
    `grid_size` (units of the CRS) snaps every coordinate to a grid.

    Raises Invalid for other geometries than polygons, differing CRSs or an unknown `how`.
    Semantics: geopandas.overlay(keep_geom_type=True).
    """
    if how not in get_args(How):
        raise Invalid(f"Unknown overlay {how!r}; choose one of {', '.join(get_args(How))}.")
    if left.crs != right.crs:
        raise Invalid("The two layers have different coordinate systems; transform one first.")
    ours, theirs = (np.asarray(layer.geometry.array) for layer in (left, right))
    cut_left = cut(ours, theirs, grid_size)
    pieces = _pick(cut_left, how)
    if how in ("union", "symmetric_difference"):
        pieces += right_only(theirs, ours, grid_size, cut_left.shared_by_right(len(right)))
    return Overlay(
        frame=_with_attributes(pieces, left, right, how),
        certificate=pieces.tally.certificate(_area_unit(left)),
    )


def left_part(
    left: Geometries, right: Geometries, how: How, grid_size: float | None = None
) -> Pieces:
    """The pieces of some left polygons, given every right polygon that meets their bounds.

    Exact over any partition of the left layer: parts and their tallies add up to the whole.
    """
    return _pick(cut(left, right, grid_size), how)


def right_only(
    right: Geometries,
    left: Geometries,
    grid_size: float | None = None,
    shared: Floats | None = None,
) -> Pieces:
    """What some right polygons alone cover, given every left polygon that meets their bounds.

    A union or symmetric difference is its left parts and this over a partition of the right layer.
    `shared` (right,), the area that each shares with the whole left layer as the left parts found
    it (`Pieces.shared_by_right`, of "identity" or "union"), spares cutting what they fill.
    """
    if shared is None:
        made = cut(right, left, grid_size)
    else:
        made = cut_unfilled(right, left, shared, grid_size)
    return made.pick(shared=False).swapped()


def _pick(pieces: Pieces, how: How) -> Pieces:
    return pieces.pick(
        shared=how in ("identity", "intersection", "union"), alone=how != "intersection"
    )


def _with_attributes(
    pieces: Pieces, left: gpd.GeoDataFrame, right: gpd.GeoDataFrame, how: How
) -> gpd.GeoDataFrame:
    if how == "difference":
        frame = left.iloc[pieces.left].reset_index(drop=True)
        return frame.set_geometry(gpd.GeoSeries(pieces.geometry, crs=left.crs))
    one, two = (_attributes(layer) for layer in (left, right))
    clash = one.columns.intersection(two.columns)
    one = one.rename(columns={name: f"{name}_1" for name in clash})
    two = two.rename(columns={name: f"{name}_2" for name in clash})
    # -1 is no row's label, so reindexing leaves the attributes of a missing side empty.
    sides = [
        one.reindex(pieces.left).reset_index(drop=True),
        two.reindex(pieces.right).reset_index(drop=True),
    ]
    return gpd.GeoDataFrame(pd.concat(sides, axis=1), geometry=pieces.geometry, crs=left.crs)


def _attributes(layer: gpd.GeoDataFrame) -> pd.DataFrame:
    return pd.DataFrame(layer.drop(columns=layer.geometry.name)).reset_index(drop=True)


def _area_unit(layer: gpd.GeoDataFrame) -> str:
    unit = layer.crs.axis_info[0].unit_name if layer.crs else "unit"
    return "m²" if unit == "metre" else f"{unit}²"
