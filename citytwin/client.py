"""City: the notebook's client. It speaks HTTP only, to a service here or anywhere."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import httpx

from citytwin.answers import CityError, check, uri
from citytwin.duty import Duty
from citytwin.frames import flipped, frame_of_features, frame_of_table
from citytwin.raster_view import RasterView
from citytwin.twin_frames import dataset_of_series, frame_of_state, sent

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import pyarrow as pa
    import xarray as xr
    from shapely.geometry.base import BaseGeometry

DEFAULT_URL = "http://127.0.0.1:8000"
PAGE = 10_000
ROWS = 250_000


class City(Duty):
    """A city behind a URL.

    url: the service; without one CITYTWIN_URL, else the service on this machine.
    token: of `citytwin token create`; without one CITYTWIN_TOKEN, else anonymous.
    """

    def __init__(self, url: str | None = None, token: str | None = None) -> None:
        self.url = (url or os.environ.get("CITYTWIN_URL") or DEFAULT_URL).rstrip("/")
        token = token or os.environ.get("CITYTWIN_TOKEN")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=120)

    def layers(self) -> list[str]:
        """Names of the layers that you may see."""
        document = self._get("/collections", {"f": "json"})
        return [one["id"] for one in document["collections"] if one.get("itemType") == "feature"]

    def rasters(self) -> list[str]:
        """Names of the rasters that you may see."""
        document = self._get("/collections", {"f": "json"})
        return [
            one["id"]
            for one in document["collections"]
            if "parameter_names" in one and "itemType" not in one
        ]

    def raster(self, name: str) -> RasterView:
        """A raster, now, in main; narrow it with `at`, `known_at`, `scenario`."""
        return RasterView(self._http, name)

    def layer(self, name: str) -> "LayerView":
        """A layer, now, in main; narrow it with `at`, `known_at`, `scenario`, `where`."""
        return LayerView(self, name)

    def state(self, at: str | None = None, **narrowed: str | None) -> "gpd.GeoDataFrame":
        """Every asset with its newest values at a moment: a frame by asset, in degrees.

        narrowed: known_at, scenario, bbox ("west,south,east,north"), assets, properties ("a,b").
        """
        query = {"datetime": at} | narrowed
        told = self._get("/twin/state", {key: text for key, text in query.items() if text})
        return frame_of_state(told)

    def series(
        self,
        assets: str,
        properties: str | None = None,
        *,
        start: str | None = None,
        end: str | None = None,
        every: str | None = None,
        **asof: str | None,
    ) -> "xr.Dataset":
        """Readings over a span, over (asset, time), as they came or the mean of `every` (`1h`).

        assets, properties: names, several by commas; asof: known_at, scenario.
        """
        query = {
            "asset": assets, "property": properties, "from": start, "to": end, "every": every,
        } | asof  # fmt: skip
        told = self._get("/twin/series", {key: text for key, text in query.items() if text})
        return dataset_of_series(told)

    def record(self, readings: "pd.DataFrame", scenario: str | None = None) -> dict[str, int]:
        """Store readings: columns asset, property, at and value, perhaps unit, quality and id.

        Returns how many were accepted, were duplicates, went to quarantine; and the cursor.
        """
        return sent(self._http, readings, scenario)

    def scenarios(self) -> list[str]:
        """Names of the open scenarios."""
        return [found["name"] for found in self._get("/scenarios", {})["scenarios"]]

    def analyses(self) -> dict[str, str]:
        """The analyses that the service can run, and what they are for."""
        document = self._get("/processes", {"f": "json", "limit": "1000"})
        return {process["id"]: process["title"] for process in document["processes"]}

    def run(
        self,
        analysis: str,
        *,
        at: str | None = None,
        known_at: str | None = None,
        scenario: str | None = None,
        output: str | None = None,
        progress: Callable[[int, str], None] | None = None,
        **inputs: Any,
    ) -> "Result":
        """Run an analysis and wait for it; raises CityError with its reason if it fails."""
        extra = {"datetime": at, "known_at": known_at, "scenario": scenario, "output": output}
        body = {"inputs": inputs | {key: value for key, value in extra.items() if value}}
        answer = self._http.post(
            f"/processes/{analysis}/execution", json=body, headers={"Prefer": "respond-async"}
        )
        check(answer)
        job = answer.headers["location"].rstrip("/").rpartition("/")[2]
        status = self._wait(job, progress)
        if status["status"] != "successful":
            raise CityError(f"{analysis} {status['status']}: {status.get('message', '')}")
        document = self._get(f"/jobs/{job}/results", {"f": "json"})
        return Result(self, job, document["outputs"], document["summary"], document["certificate"])

    def _wait(self, job: str, progress: Callable[[int, str], None] | None) -> dict[str, Any]:
        pause = 0.1
        while True:
            status: dict[str, Any] = self._get(f"/jobs/{job}", {"f": "json"})
            if progress:
                progress(int(status.get("progress") or 0), str(status.get("message") or ""))
            if status["status"] in ("successful", "failed", "dismissed"):
                return status
            time.sleep(pause)
            pause = min(pause * 1.5, 2.0)

    def _get(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        answer = self._http.get(path, params=dict(params))
        check(answer)
        document: dict[str, Any] = answer.json()
        return document

    def close(self) -> None:
        """Let the connection go."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"City('{self.url}')"


@dataclass(frozen=True, slots=True)
class LayerView:
    """A layer at an AsOf. It holds no data until asked."""

    city: City
    name: str
    asof: tuple[tuple[str, str], ...] = ()
    filters: tuple[str, ...] = ()

    def at(self, valid_at: str) -> "LayerView":
        """As it is true at a time: a year, a date, an instant, or an interval a/b."""
        return self._with("datetime", valid_at)

    def known_at(self, known_at: str) -> "LayerView":
        """As the records said at a time."""
        return self._with("known_at", known_at)

    def scenario(self, name: str) -> "LayerView":
        """As a plan has it."""
        return self._with("scenario", name)

    def where(self, cql2: str) -> "LayerView":
        """Only features of which a CQL2 text holds, as of all before it: `height > 30`."""
        return replace(self, filters=(*self.filters, cql2))

    def count(self, **equal: Any) -> int:
        """How many features match."""
        query = self._query(None, None, equal) | {"limit": "1", "resulttype": "hits"}
        return int(self.city._get(f"/collections/{self.name}/items", query)["numberMatched"])

    def columns(self) -> list[str]:
        """Names of the attributes."""
        document = self.city._get(f"/collections/{self.name}/schema", {"f": "json"})
        return [name for name, told in document["properties"].items() if "x-ogc-role" not in told]

    def to_geopandas(
        self,
        bbox: tuple[float, float, float, float] | None = None,
        crs: int | None = None,
        **equal: Any,
    ) -> "gpd.GeoDataFrame":
        """The features as a GeoDataFrame indexed by fid; over an interval, by fid.version.

        bbox: west, south, east, north in degrees; crs: EPSG code of the result (4326 without one);
        equal: attribute values that must match.
        """
        import pyarrow as pa

        return frame_of_table(pa.concat_tables(self._tables(self._query(bbox, crs, equal))), crs)

    def history(self, fid: int) -> "gpd.GeoDataFrame":
        """Every version of a feature, superseded ones too, in the order of the books.

        Beside the attributes: valid_from, valid_to, recorded_from, recorded_to (text; `..` where
        open), scenario, removed, changed_by.
        """
        features = list(self._features(f"items/{fid}/versions", self._query(None, None, {})))
        rows = [
            f["properties"]
            | dict(zip(("valid_from", "valid_to"), f["time"]["interval"], strict=True))
            | dict(zip(("recorded_from", "recorded_to"), f["recorded"]["interval"], strict=True))
            | {"scenario": f["scenario"], "removed": f["removed"], "changed_by": f["author"]}
            for f in features
        ]
        return frame_of_features(features, rows, self.columns, None)

    def diff(self, other: "LayerView") -> "gpd.GeoDataFrame":
        """What is otherwise in another view of this layer: its features as they are there.

        Beside the attributes: change (added, removed, changed), and old, a dict of the values
        that were others. Removed features are as they are here.
        """
        query = self._query(None, None, {}) | {f"to-{key}": value for key, value in other.asof}
        features = list(self._features("diff", query))
        rows = [
            f["properties"] | {"change": f["change"], "old": f.get("old", {}).get("properties", {})}
            for f in features
        ]
        return frame_of_features(features, rows, lambda: [*self.columns(), "change", "old"], None)

    def insert(
        self, properties: Mapping[str, Any], geometry: "BaseGeometry", crs: int | None = None
    ) -> int:
        """A new feature, from now on or within the view's time; returns its fid.

        geometry: x first, in degrees or in the CRS of an EPSG code. Needs a token to write.
        """
        answer = self._write("POST", "items", properties, geometry, crs)
        return int(answer.headers["location"].rpartition("/")[2])

    def update(
        self,
        fid: int,
        properties: Mapping[str, Any] | None = None,
        geometry: "BaseGeometry | None" = None,
        crs: int | None = None,
    ) -> None:
        """Other values, from now on; a view at an interval corrects that period alone."""
        self._write("PATCH", f"items/{fid}", properties or {}, geometry, crs)

    def remove(self, fid: int) -> None:
        """The feature ends now, or at the view's instant; its past stays."""
        path, params = f"/collections/{self.name}/items/{fid}", dict(self.asof)
        check(self.city._http.request("DELETE", path, params=params))

    def _write(
        self,
        method: str,
        part: str,
        properties: Mapping[str, Any],
        geometry: "BaseGeometry | None",
        crs: int | None,
    ) -> httpx.Response:
        body: dict[str, Any] = {"type": "Feature", "properties": dict(properties)}
        if geometry is not None:
            body["geometry"] = flipped(geometry, crs).__geo_interface__
        answer = self.city._http.request(
            method,
            f"/collections/{self.name}/{part}",
            params=dict(self.asof),
            json=body,
            headers={"Content-Crs": f"<{uri(crs)}>"} if crs is not None else {},
        )
        check(answer)
        return answer

    def _with(self, key: str, value: str) -> "LayerView":
        return replace(self, asof=(*(pair for pair in self.asof if pair[0] != key), (key, value)))

    def _query(
        self, bbox: tuple[float, ...] | None, crs: int | None, equal: Mapping[str, Any]
    ) -> dict[str, str]:
        query = dict(self.asof) | {key: str(value) for key, value in equal.items()}
        if self.filters:
            query["filter"] = " AND ".join(f"({text})" for text in self.filters)
        if bbox is not None:
            query["bbox"] = ",".join(map(str, bbox))
        if crs is not None:
            query["crs"] = uri(crs)
        return query

    def _tables(self, query: dict[str, str]) -> "Iterator[pa.Table]":
        """The features as Arrow by way of GeoParquet, which is much faster than GeoJSON."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path, params = f"/collections/{self.name}/items", query | {"limit": str(ROWS)}
        while True:
            answer = self.city._http.get(path, params=params | {"f": "parquet"})
            check(answer)
            yield pq.read_table(pa.BufferReader(answer.content))
            if "next" not in answer.links:
                return
            params = dict(httpx.URL(answer.links["next"]["url"]).params)

    def _features(self, part: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        path, params = f"/collections/{self.name}/{part}", query | {"limit": str(PAGE)}
        while True:
            page = self.city._get(path, params)
            yield from page["features"]
            onward = [link["href"] for link in page["links"] if link["rel"] == "next"]
            if not onward:
                return
            params = dict(httpx.URL(onward[0]).params)


@dataclass(frozen=True, slots=True)
class Result:
    """What an analysis made: layers, a summary, and the certificate that it balances."""

    city: City
    job: str
    outputs: dict[str, str]
    summary: dict[str, Any]
    certificate: dict[str, Any]

    @property
    def layer(self) -> LayerView:
        """The layer that it wrote."""
        return self.city.layer(self.outputs["layer"])
