"""Rasters into the store: converted to COG, then registered."""

from pathlib import Path
from typing import Any

from datasets.raster import to_cog
from spatial import crs
from spatial.database import Database
from spatial.layer import clean_name
from spatial.rasters import Raster, register


def store_raster(
    database: Database,
    store: Path,
    file: Path,
    *,
    name: str | None = None,
    crs_text: str | None = None,
    access: str = "restricted",
    title: tuple[str, str] = ("", ""),
    vertical_datum: str | None = None,
) -> dict[str, Any]:
    """Convert a GeoTIFF to a COG in the store and register it; a failure leaves nothing."""
    name = name or clean_name(file.stem)
    store.mkdir(parents=True, exist_ok=True)
    target = store / f"{name}.tif"
    existed = target.exists()
    try:
        with database.begin() as tx:
            info = to_cog(file, target, crs=crs_text)
            srid = crs.srid(info.crs)
            extent = crs.transform_bounds(info.bounds, srid, crs.WGS84)
            statistics = [vars(band) for band in info.statistics]
            profile = {"shape": list(info.shape), "dtype": info.dtype, "bands": statistics}
            register(
                tx,
                Raster(name, *title, target.name, srid, extent, access, vertical_datum, profile),
            )
    except BaseException:
        if not existed:
            target.unlink(missing_ok=True)
        raise
    return {"layer": name, "shape": " x ".join(map(str, info.shape)), "srid": srid, **profile}
