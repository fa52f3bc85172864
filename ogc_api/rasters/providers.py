"""What pygeoapi builds to describe rasters: thin; the data are answered ahead of it."""

from typing import Any

from pygeoapi.provider.base import BaseProvider
from pygeoapi.provider.base_edr import BaseEDRProvider

from ogc_api.rasters import covjson


class CoverageProvider(BaseProvider):  # type: ignore[misc]
    """A raster as an OGC API Coverages collection."""

    def __init__(self, definition: dict[str, Any]) -> None:
        super().__init__(definition)
        self._fields = definition["fields"]
        self.axes = ["x", "y", "Lon", "Lat", "time"]
        (rows, columns), (minx, miny, maxx, maxy) = definition["shape"], definition["bounds"]
        self._coverage_properties = {
            "width": columns,
            "height": rows,
            "resx": (maxx - minx) / columns,
            "resy": (maxy - miny) / rows,
        }

    def get_fields(self) -> dict[str, Any]:
        """Bands and their JSON Schema types."""
        fields: dict[str, Any] = self._fields
        return fields


class SeriesEdrProvider(BaseEDRProvider):  # type: ignore[misc]
    """Assets with readings; their queries are answered by ogc_api.edr."""

    def __init__(self, definition: dict[str, Any]) -> None:
        super().__init__(definition)
        self._fields = definition["fields"]

    def get_fields(self) -> dict[str, Any]:
        """Parameters and their JSON Schema types."""
        fields: dict[str, Any] = self._fields
        return fields

    def get_parameters(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Parameters as CoverageJSON has them."""
        return covjson.parameters(
            (name, said["title"], said["x-ogc-unit"]) for name, said in self._fields.items()
        )

    def _answer(self, **_: Any) -> Any: ...

    position = radius = area = cube = locations = _answer


class GridEdrProvider(SeriesEdrProvider):
    """A raster; its queries are answered by ogc_api.edr."""

    _answer = SeriesEdrProvider._answer
    position = radius = area = cube = trajectory = locations = _answer
