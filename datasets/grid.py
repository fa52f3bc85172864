"""What a dataset of arrays says as rasters: its grid, its times, its bands, by CF conventions."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import xarray as xr

from spatial import crs as crs_of
from spatial.cog import datum_of
from spatial.errors import Invalid, Rejected, TooLarge

MAX_CELLS = 4_000_000_000
_X = frozenset(("x", "lon", "long", "longitude", "easting", "projection_x_coordinate"))
_Y = frozenset(("y", "lat", "latitude", "northing", "projection_y_coordinate"))
_TIME = frozenset(("time", "t", "date", "valid_time"))
_EAST = frozenset(("degrees_east", "degree_east", "degrees_e"))
_NORTH = frozenset(("degrees_north", "degree_north", "degrees_n"))
type Times = tuple[datetime, ...]


@dataclass(frozen=True)
class Grid:
    """Bands on one grid: variables with the dimensions time (in a stack), y (north up), x.

    bounds: minx, miny, maxx, maxy in `crs`. starts is empty for a raster of one moment.
    """

    variables: dict[str, xr.DataArray]
    crs: pyproj.CRS
    bounds: tuple[float, float, float, float]
    shape: tuple[int, int]
    starts: Times = ()
    ends: Times = ()
    vertical_datum: str | None = None
    notes: tuple[str, ...] = ()


def grid_of(dataset: xr.Dataset, crs: str | None = None) -> Grid:
    """Read the conventions of a dataset; `crs` overrides what it says.

    Raises Rejected with what is missing or in the way.
    """
    roles = {str(name): _role(coordinate) for name, coordinate in dataset.variables.items()}
    chosen = {}
    for name, variable in dataset.data_vars.items():
        flat = variable.squeeze([d for d in variable.dims if variable.sizes[d] == 1
                                 and roles.get(str(d)) not in ("x", "y", "time")])  # fmt: skip
        kinds = {str(d): roles.get(str(d)) or _named(str(d)) for d in flat.dims}
        if not {"x", "y"} <= set(kinds.values()) or variable.dtype.kind not in "iuf":
            continue
        if sorted(str(kind) for kind in kinds.values()) not in (["x", "y"], ["time", "x", "y"]):
            raise Rejected(
                f"'{name}' has the dimensions {', '.join(kinds)}: a raster has y and x and,"
                " in a stack, time; cut out one level first"
            )
        chosen[str(name)] = flat.rename({d: str(kind) for d, kind in kinds.items() if d != kind})
    if not chosen:
        raise Rejected("no variable has an x and a y dimension with coordinates")
    return _grid(dataset, chosen, crs)


def _grid(dataset: xr.Dataset, chosen: dict[str, xr.DataArray], crs: str | None) -> Grid:
    first = next(iter(chosen.values()))
    for name, variable in chosen.items():
        if variable.sizes != first.sizes:
            raise Rejected(f"'{name}' has another grid than '{first.name}': load them apart")
        if "x" not in variable.coords or "y" not in variable.coords:
            raise Rejected(f"'{name}' has no coordinates of x and y")
    if first.size * len(chosen) > MAX_CELLS:
        raise TooLarge(f"more than {MAX_CELLS:,} cells: load it in parts")
    found, vertical, notes = _crs(dataset, first, crs)
    if found.is_geographic:
        chosen = {name: _westward(variable) for name, variable in chosen.items()}
    chosen = {
        name: variable.sortby("x").sortby("y", ascending=False).transpose(..., "y", "x")
        for name, variable in chosen.items()
    }
    if "time" in first.dims:
        chosen = {name: variable.sortby("time") for name, variable in chosen.items()}
    first = next(iter(chosen.values()))
    west, east = _edges(first["x"].to_numpy(), "x")
    south, north = _edges(first["y"].to_numpy()[::-1], "y")
    starts, ends = _times(dataset, first)
    stated = [
        str(v.attrs["vertical_datum"]) for v in chosen.values() if "vertical_datum" in v.attrs
    ]
    return Grid(
        chosen, found, (west, south, east, north), (first.sizes["y"], first.sizes["x"]),
        starts, ends, datum_of(vertical) or (stated[0] if stated else None), notes,
    )  # fmt: skip


def _role(coordinate: Any) -> str | None:
    """Which axis a coordinate variable is, by what it says of itself."""
    attributes = coordinate.attrs
    axis, units = str(attributes.get("axis", "")).upper(), str(attributes.get("units", "")).lower()
    standard = str(attributes.get("standard_name", ""))
    if coordinate.ndim > 1:
        return None
    if np.issubdtype(coordinate.dtype, np.datetime64):
        return "time"
    if axis == "X" or standard in _X or units in _EAST:
        return "x"
    if axis == "Y" or standard in _Y or units in _NORTH:
        return "y"
    return _named(str(coordinate.dims[0])) if coordinate.dims else None


def _named(dimension: str) -> str | None:
    name = dimension.lower()
    return "x" if name in _X else "y" if name in _Y else "time" if name in _TIME else None


def _crs(
    dataset: xr.Dataset, variable: xr.DataArray, given: str | None
) -> tuple[pyproj.CRS, pyproj.CRS | None, tuple[str, ...]]:
    if given is not None:
        return *crs_of.split(given), ()
    mapping = variable.encoding.get("grid_mapping") or variable.attrs.get("grid_mapping")
    names = [str(mapping)] if mapping else ["spatial_ref", "crs"]
    said = next((dataset[name].attrs for name in names if name in dataset.variables), None)
    if said:
        text = said.get("crs_wkt") or said.get("spatial_ref") or said.get("epsg_code")
        try:
            spelling = str(text) if text else pyproj.CRS.from_cf(dict(said))
            return *crs_of.split(spelling), ()
        except (Invalid, pyproj.exceptions.CRSError, KeyError, ValueError):
            pass
    units = str(variable["x"].attrs.get("units", "")).lower()
    if units in _EAST:
        note = "the file names no datum: its degrees are taken as WGS 84"
        return crs_of.parse(crs_of.WGS84), None, (note,)
    raise Rejected(
        "the file does not say its coordinate reference system: name it, as --crs EPSG:4549"
    )


def _westward(variable: xr.DataArray) -> xr.DataArray:
    """Longitudes from -180 to 180, where a file counts them to 360."""
    x = variable["x"].to_numpy()
    if x.max() <= 180 + abs(x[-1] - x[0]) / max(x.size - 1, 1):
        return variable
    return variable.assign_coords(x=np.where(x > 180, x - 360, x))


def _edges(centres: npt.NDArray[Any], axis: str) -> tuple[float, float]:
    """The outer edges of an ascending axis of cell centres; raises Rejected where it is uneven."""
    values = centres.astype(np.float64)
    if values.size < 2 or not np.isfinite(values).all():
        raise Rejected(f"a raster needs two or more finite coordinates of {axis}")
    step = (values[-1] - values[0]) / (values.size - 1)
    if step <= 0 or np.abs(np.diff(values) - step).max() > 0.01 * step:
        raise Rejected(f"the coordinates of {axis} are not evenly spaced: resample the grid first")
    return float(values[0] - step / 2), float(values[-1] + step / 2)


def _times(dataset: xr.Dataset, variable: xr.DataArray) -> tuple[Times, Times]:
    if "time" not in variable.dims:
        return (), ()
    axis = variable["time"] if "time" in variable.coords else None
    if axis is None or not np.issubdtype(axis.dtype, np.datetime64) or axis.isnull().any():
        raise Rejected("the time axis cannot be read as dates: state units such as 'hours since …'")
    starts = _instants(axis.to_numpy())
    if len(set(starts)) != len(starts):
        raise Rejected("two layers of the stack have the same time")
    bounds = axis.encoding.get("bounds") or axis.attrs.get("bounds")
    if bounds is None or bounds not in dataset.variables:
        return starts, ()
    edges = dataset[bounds].to_numpy()
    if edges.shape != (len(starts), 2) or not np.issubdtype(edges.dtype, np.datetime64):
        raise Rejected(f"the time bounds '{bounds}' do not fit the time axis")
    edges = edges[np.argsort(edges[:, 0])]
    if not (edges[:, 0] < edges[:, 1]).all():
        raise Rejected(f"the time bounds '{bounds}' end before they start")
    return _instants(edges[:, 0]), _instants(edges[:, 1])


def _instants(values: npt.NDArray[Any]) -> Times:
    return tuple(at.to_pydatetime().replace(tzinfo=UTC) for at in pd.DatetimeIndex(values))
