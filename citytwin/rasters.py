"""Rasters into the store: converted to COG or to a Zarr stack, then registered."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import rasterio
import rasterio.errors
import rasterio.shutil

from spatial.asof import AsOf
from spatial.cog import RasterInfo, edition, to_cog
from spatial.database import Database
from spatial.errors import NotFound, Rejected
from spatial.grant import OWNER
from spatial.layer import check_name, clean_name
from spatial.moment import resolve
from spatial.period import ALWAYS, Period
from spatial.query import snapshot
from spatial.rasters import RasterSpec, editions, find_visible, register


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
    valid: Period = ALWAYS,
    author: str = "citytwin",
    scenario_id: int = 0,
) -> dict[str, Any]:
    """Convert a raster file into the store and register it; a failure leaves nothing.

    valid: when this state of it is true; a period adds a state to a raster that is there.
    """
    name = check_name(name or clean_name(file.stem))
    made = f"{name}-{uuid4().hex[:8]}"
    try:
        stored, info = _converted(file, store, made, crs_text)
        state = edition(stored, info, valid)
        with database.begin() as tx:
            register(
                tx,
                RasterSpec(
                    name, *title, access, vertical_datum=vertical_datum or info.vertical_datum
                ),
                state,
                author=author,
                scenario_id=scenario_id,
            )
    except BaseException:
        for suffix in (".tif", ".zarr"):
            remove(store, f"{made}{suffix}")
        raise
    return {
        "layer": name,
        "shape": " x ".join(map(str, info.shape)),
        "srid": state.srid,
        "vertical_datum": vertical_datum or info.vertical_datum,
        "notes": list(info.notes),
        **state.profile,
    }


def _converted(file: Path, store: Path, made: str, crs_text: str | None) -> tuple[str, RasterInfo]:
    suffix = file.suffix.lower()
    if suffix in (".tif", ".tiff"):
        return f"{made}.tif", to_cog(file, store / f"{made}.tif", crs=crs_text)
    if suffix == ".asc":
        with TemporaryDirectory() as folder:
            plain = _geotiff(file, Path(folder) / f"{file.stem}.tif")
            return f"{made}.tif", to_cog(plain, store / f"{made}.tif", crs=crs_text)
    from datasets.stack import to_store

    return to_store(file, store, made, crs=crs_text)


def _geotiff(file: Path, place: Path) -> Path:
    """An ASCII grid as GeoTIFF; raises Rejected where it is none."""
    try:
        with rasterio.open(file, driver="AAIGrid") as cells:
            rasterio.shutil.copy(cells, place, driver="GTiff")
    except rasterio.errors.RasterioError:
        raise Rejected(f"'{file.name}' cannot be read as an ASCII grid") from None
    return place


def told(database: Database, name: str, asof: AsOf) -> dict[str, Any] | None:
    """What there is to say of a raster at an AsOf; None where no raster has the name."""
    with snapshot(database) as pg:
        try:
            it = find_visible(pg, name, OWNER)
        except NotFound:
            return None
        moment = resolve(pg, asof)
        found = editions(pg, it, moment)
    states = [
        {
            "from": state.valid.start,
            "to": state.valid.end,
            "shape": state.shape,
            "moments": len(state.starts) or 1,
        }
        for state in found
    ]
    return {
        "layer": it.name, "title_zh": it.title_zh, "title_en": it.title_en, "type": "Raster",
        "srid": it.srid, "class": it.access, "vertical_datum": it.vertical_datum,
        "bands": {band.name: band.unit for band in it.latest.bands}, "extent": it.extent,
        "last_recorded": it.last_recorded, "states": states, "as_of": moment.cite().params(),
    }  # fmt: skip


def remove(store: Path, stored: str) -> None:
    """Take a file out of the store, if it is there."""
    place = store / stored
    if place.is_dir():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)
