"""Why the areas of a balance do not close: where parcels overlap, and where none is."""

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.land_use.areas import AreaMethod, measure
from spatial.land_use.coverage import faults
from spatial.land_use.overlay import overlay
from spatial.land_use.polygons import tidy
from spatial.layer import Column

FAULTS = (
    Column("state", "text", "期次"),
    Column("kind", "text", "类型"),
    Column("fid_a", "bigint"),
    Column("fid_b", "bigint"),
    Column("zone", "text", "分区"),
    Column("area_m2", "double precision", "面积"),
)


def balance_faults(
    parcels: gpd.GeoDataFrame, zones: gpd.GeoDataFrame | None, method: AreaMethod
) -> gpd.GeoDataFrame:
    """Duplicates, overlaps and gaps of parcels, each with fid_a, fid_b, zone and area_m2.

    parcels: polygons with `fid`; zones: with `zone`, in the same CRS. A gap is what no parcel
    covers of a zone or, without zones, of what parcels enclose; where two zones overlap, that is a
    `zone overlap`.
    """
    found = _of(parcels, "")
    if zones is not None:
        doubled = _of(zones.assign(fid=np.arange(len(zones))), "zone ")
        doubled = doubled[doubled["kind"] == "zone overlap"].assign(fid_a=None, fid_b=None)
        bare = overlay(zones[["zone", "geometry"]], parcels[["geometry"]], "difference").frame
        gaps = bare.assign(kind="gap", fid_a=None, fid_b=None)
        found = pd.concat([found[found["kind"] != "gap"], doubled, gaps], ignore_index=True)
    found["area_m2"] = measure(np.asarray(found.geometry, object), parcels.crs, method)
    return found[found["area_m2"] > 0].reset_index(drop=True)


def _of(frame: gpd.GeoDataFrame, prefix: str) -> gpd.GeoDataFrame:
    found = faults(frame["fid"].to_numpy(np.int64), np.asarray(frame.geometry, object), sliver=0.0)
    other = pd.array(found.other_fid, "Int64")
    other[found.other_fid < 0] = pd.NA
    one = pd.array(found.fid, "Int64")
    one[found.fid < 0] = pd.NA
    return gpd.GeoDataFrame(
        {
            "kind": [f"{prefix}{kind}" for kind in found.kind], "fid_a": one, "fid_b": other,
            "zone": None,
        },
        geometry=tidy(found.geometry.copy()),
        crs=frame.crs,
    )  # fmt: skip
