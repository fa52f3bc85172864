"""A raster in a notebook: cells as xarray, values at points and through time, over HTTP."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from citytwin.answers import check, uri

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@dataclass(frozen=True, slots=True)
class RasterView:
    """A raster at an AsOf. It holds no data until asked."""

    http: httpx.Client
    name: str
    asof: tuple[tuple[str, str], ...] = ()

    def at(self, valid_at: str) -> "RasterView":
        """As it is true at a time: a year, a date, an instant, or an interval a/b."""
        return self._with("datetime", valid_at)

    def known_at(self, known_at: str) -> "RasterView":
        """As the records said at a time."""
        return self._with("known_at", known_at)

    def scenario(self, name: str) -> "RasterView":
        """As a plan has it."""
        return self._with("scenario", name)

    def bands(self) -> dict[str, str | None]:
        """Names of the bands and their units."""
        said = self._get("", {"f": "json"}).json()["parameter_names"]
        return {
            name: one.get("unit", {}).get("symbol", {}).get("value") for name, one in said.items()
        }

    def to_xarray(
        self,
        bbox: tuple[float, float, float, float] | None = None,
        crs: int | None = None,
        bands: Sequence[str] | None = None,
        scale: float | None = None,
    ) -> "xr.Dataset":
        """The cells as a Dataset with y, x and, of a stack or an interval, time.

        bbox: west, south, east, north in degrees; crs: EPSG code of the result (its own without
        one); scale: how many times fewer cells along each side.
        """
        import xarray as xr

        query = {"f": "netcdf"}
        if bbox is not None:
            query["bbox"] = ",".join(map(str, bbox))
        if crs is not None:
            query["crs"] = uri(crs)
        if bands is not None:
            query["properties"] = ",".join(bands)
        if scale is not None:
            query["scale-factor"] = str(scale)
        content = self._get("/coverage", query).content
        with xr.open_dataset(io.BytesIO(content), engine="scipy") as dataset:
            return dataset.load().set_coords("crs")

    def sample(self, points: Sequence[tuple[float, float]]) -> "pd.DataFrame":
        """Values at points (longitude, latitude): a row for each point and moment.

        Columns: point (its place in the list), time (NaT where it has none), and the bands.
        """
        import pandas as pd

        text = ",".join(f"({x} {y})" for x, y in points)
        document = self._get("/position", {"coords": f"MULTIPOINT({text})"}).json()
        rows = []
        for point, one in enumerate(document.get("coverages", [document])):
            times = one["domain"]["axes"].get("t", {"values": [None]})["values"]
            for at, time in enumerate(times):
                values = {name: array["values"][at] for name, array in one["ranges"].items()}
                rows.append({"point": point, "time": pd.to_datetime(time), **values})
        return pd.DataFrame(rows)

    def _with(self, key: str, value: str) -> "RasterView":
        return replace(self, asof=(*(pair for pair in self.asof if pair[0] != key), (key, value)))

    def _get(self, part: str, query: Mapping[str, Any]) -> httpx.Response:
        params = dict(self.asof) | dict(query)
        answer = self.http.get(f"/collections/{quote(self.name)}{part}", params=params)
        check(answer)
        return answer
