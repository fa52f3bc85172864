"""Parts of rasters as files: GeoTIFF and classic NetCDF, made in memory."""

from typing import Any

import numpy as np
import xarray as xr
from rasterio.io import MemoryFile

from datasets.cells import Cells
from ogc_api.rasters.grids import Seen
from ogc_api.rasters.subset import Subset
from spatial import crs
from spatial.asof import format_instant

# what classic NetCDF has no room for, in what it has
_CLASSIC = {"uint8": "int16", "uint16": "int32", "uint32": "float64"} | dict.fromkeys(
    ("int64", "uint64"), "float64"
)
_GEOGRAPHIC = {
    "x": {"standard_name": "longitude", "units": "degrees_east", "axis": "X"},
    "y": {"standard_name": "latitude", "units": "degrees_north", "axis": "Y"},
}
_PROJECTED = {
    "x": {"standard_name": "projection_x_coordinate", "units": "m", "axis": "X"},
    "y": {"standard_name": "projection_y_coordinate", "units": "m", "axis": "Y"},
}


def geotiff(view: Seen, subset: Subset, values: Cells) -> bytes:
    """A GeoTIFF whose bands are the moments' bands, in order; each names its time."""
    count = len(subset.steps) * len(subset.bands)
    rows, columns = subset.frame.shape
    nodata, filled = _filled(values)
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=columns, height=rows, count=count, dtype=filled.dtype,
            crs=crs.parse(subset.frame.srid).to_wkt(), transform=subset.frame.transform,
            nodata=nodata, compress="deflate", tiled=True, bigtiff="IF_SAFER",
        ) as out:  # fmt: skip
            out.write(filled.reshape(count, rows, columns))
            if view.raster.vertical_datum:
                out.update_tags(vertical_datum=view.raster.vertical_datum)
            number = 0
            for step in subset.steps:
                for band in subset.bands:
                    number += 1
                    said = step.edition.bands[band]
                    out.set_band_description(number, said.name)
                    out.set_band_unit(number, said.unit or "")
                    if step.period.start:
                        out.update_tags(number, datetime=format_instant(step.period.start))
        return bytes(memory.read())


def _filled(values: Cells) -> tuple[Any, Any]:
    """Values with a mark where there is none, and that mark (None where it is not needed)."""
    if values.dtype.kind == "f":
        return np.nan, np.ma.filled(values, np.nan)
    if not np.ma.is_masked(values):
        return None, np.ma.getdata(values)
    limits = np.iinfo(values.dtype)
    for mark in (limits.max, limits.min):
        if not (values == mark).any():
            return mark, np.ma.filled(values, mark)
    wider = values.astype(np.float64)
    return np.nan, np.ma.filled(wider, np.nan)


def netcdf(view: Seen, subset: Subset, values: Cells) -> bytes:
    """A NetCDF file by CF conventions, with a time axis where the raster has one."""
    xs, ys = subset.frame.centres()
    srs = crs.parse(subset.frame.srid)
    axes = _GEOGRAPHIC if srs.is_geographic else _PROJECTED
    starts = [step.period.start for step in subset.steps]
    timed = None not in starts
    variables: dict[str, Any] = {"crs": ((), np.int32(0), srs.to_cf())}
    nodata, filled = _filled(values)
    kept = filled.astype(_CLASSIC.get(str(filled.dtype), filled.dtype))
    for at, band in enumerate(subset.bands):
        said = subset.steps[-1].edition.bands[band]
        attributes = {"long_name": said.title, "grid_mapping": "crs"}
        if said.unit:
            attributes["units"] = said.unit
        if view.raster.vertical_datum:
            attributes["vertical_datum"] = view.raster.vertical_datum
        cells = kept[:, at] if timed else kept[-1, at]
        variables[said.name] = (("time", "y", "x") if timed else ("y", "x"), cells, attributes)
    dataset = xr.Dataset(
        variables,
        coords={"x": ("x", xs, axes["x"]), "y": ("y", ys, axes["y"])},
        attrs={"Conventions": "CF-1.8", "title": view.raster.title("en")},
    )
    if timed:
        seconds = [start.timestamp() for start in starts if start is not None]
        units = {"units": "seconds since 1970-01-01", "standard_name": "time", "axis": "T"}
        dataset = dataset.assign_coords(time=("time", np.array(seconds), units))
    mark = None if nodata is None else kept.dtype.type(nodata)
    encoding = {name: {"_FillValue": mark} for name, var in variables.items() if var[0]}
    encoding |= {str(axis): {"_FillValue": None} for axis in dataset.coords}
    return bytes(dataset.to_netcdf(engine="scipy", encoding=encoding))
