"""The tile provider from which pygeoapi makes its pages; the tiles go ahead of it."""

from typing import Any

from pygeoapi.models.provider.base import TileMatrixSetEnum
from pygeoapi.provider.base_mvt import BaseMVTProvider

from tiles.vector import MIMETYPE

SCHEME = TileMatrixSetEnum.WEBMERCATORQUAD.value


class LayerTileProvider(BaseMVTProvider):  # type: ignore[misc]
    """A layer of the catalogue as OGC API vector tiles."""

    def get_layer(self) -> str:
        return str(self.data)

    def get_fields(self) -> dict[str, Any]:
        return {}

    def get_tiling_schemes(self) -> list[Any]:
        return [SCHEME]

    def get_tiles_service(
        self,
        baseurl: str | None = None,
        servicepath: str | None = None,
        dirpath: str | None = None,
        tile_type: str | None = None,
    ) -> dict[str, Any]:
        """The link that a tileset's description gives its tiles."""
        return {
            "links": [
                {
                    "rel": "item",
                    "type": MIMETYPE,
                    "title": "Vector tiles",
                    "href": servicepath or "",
                    "templated": True,
                }
            ]
        }

    def get_html_metadata(
        self, dataset: str, server_url: str, *_: Any, **__: Any
    ) -> dict[str, Any]:
        place = f"{server_url}/collections/{dataset}/tiles/{SCHEME.tileMatrixSet}"
        return {
            "id": dataset,
            "title": dataset,
            "tileset": SCHEME.tileMatrixSet,
            "collections_path": f"{place}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}?f=mvt",
            "json_url": f"{place}?f=json",
        }
