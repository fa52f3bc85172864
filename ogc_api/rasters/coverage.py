"""OGC API Coverages: a part of a raster, as GeoTIFF, NetCDF or CoverageJSON."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from datasets.cells import Cells, read
from ogc_api import etag
from ogc_api.features.geojson import Answer
from ogc_api.params import only
from ogc_api.rasters import covjson, files
from ogc_api.rasters.grids import Seen, seen
from ogc_api.rasters.subset import PARAMETERS, Subset, frame_of, limited, when_of
from spatial import crs
from spatial.errors import Invalid
from tiles.cache import Cache
from tiles.colours import bands_of

MAX_VALUES, MAX_JSON = 16_000_000, 1_000_000
KEPT_BYTES, AT_ONCE = 64 << 20, 2
_made: Cache[bytes] = Cache(KEPT_BYTES, AT_ONCE)


@dataclass(frozen=True)
class Format:
    """A form that coverages come in; write makes it of values (step, band, row, column)."""

    name: str
    mimetype: str
    suffix: str
    write: Callable[[Seen, Subset, Cells], bytes]
    most: int = MAX_VALUES


FORMATS = (
    Format("geotiff", "image/tiff; application=geotiff", "tif", files.geotiff),
    Format("netcdf", "application/x-netcdf", "nc", files.netcdf),
    Format("json", covjson.MIMETYPE, "covjson", covjson.grid_bytes, MAX_JSON),
)


def format_of(chosen: str | None, accepted: str) -> Format:
    """By `f`, else by the Accept header, else CoverageJSON; raises Invalid."""
    for form in FORMATS:
        if chosen == form.name or (chosen is None and form.mimetype.partition(";")[0] in accepted):
            return form
    if chosen in (None, "covjson"):
        return FORMATS[-1]
    raise Invalid(f"there is no format '{chosen}': {', '.join(f.name for f in FORMATS)} are")


def coverage(name: str, query: Mapping[str, str], form: Format) -> Answer:
    """A part of a raster.

    Raises NotFound for what is not there, Invalid for what cannot be read, TooLarge with how to
    ask for less.
    """
    only(query, PARAMETERS)
    view = seen(name)
    subset = limited(subset_of(view, query), form.most)
    code = subset.frame.srid
    # by the file, whose name is its own in every city: what is kept outlives a restore
    tag = etag.of_parts([(s.edition.file, s.index) for s in subset.steps], query, form.name)
    headers = {
        **view.headers(),
        "Content-Type": form.mimetype,
        "Content-Crs": f"<{crs.uri(code)}>",
        "Content-Disposition": f'attachment; filename="coverage.{form.suffix}"',
        "ETag": tag,
    }
    # who reads a file in parts asks for it again and again
    made = _made.make(tag, lambda: (tag, form.write(view, subset, values(view, subset))))
    return Answer(made.result()[1], headers)


def subset_of(view: Seen, query: Mapping[str, str]) -> Subset:
    """What a query asks of a raster."""
    steps = view.meant(when_of(query))
    last = steps[-1].edition
    return Subset(steps, frame_of(last, query), bands_of(last, query.get("properties")))


def values(view: Seen, subset: Subset) -> Cells:
    """Values (step, band, row, column), masked where there is none."""
    shape = (len(subset.steps), len(subset.bands), *subset.frame.shape)
    dtypes = {step.edition.profile["dtype"] for step in subset.steps}
    made: Cells = np.ma.masked_all(shape, np.result_type(*dtypes))
    for at, step in enumerate(subset.steps):
        cells: Any = read(view.store, step, subset.frame, subset.bands)
        if cells is not None:
            made[at] = cells
    return made
