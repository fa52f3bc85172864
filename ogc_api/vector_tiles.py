"""The tile provider that pygeoapi builds for each request: thin, over tiles.vector."""

from typing import Any

from pygeoapi.models.provider.base import LinkType, TileMatrixSetEnum, TileSetMetadata
from pygeoapi.provider.base_mvt import BaseMVTProvider
from pygeoapi.provider.tile import ProviderTilesetIdNotFoundError

from ogc_api import context
from spatial import catalogue
from spatial.errors import NotFound
from spatial.query import seen, snapshot
from tiles.server import Wanted
from tiles.tilejson import tilejson
from tiles.vector import MIMETYPE, options_of

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

    def get_tiles(
        self,
        layer: str | None = None,
        tileset: str | None = None,
        z: Any = None,
        y: Any = None,
        x: Any = None,
        format_: str | None = None,
    ) -> bytes:
        """The bytes of one tile; empty where nothing is."""
        if tileset != SCHEME.tileMatrixSet:
            raise ProviderTilesetIdNotFoundError(f"tiles come in {SCHEME.tileMatrixSet}")
        try:
            zxy = int(z), int(x), int(y)
        except ValueError:
            raise NotFound("a tile is named by three numbers: matrix, row and column") from None
        options = options_of(context.query.get())
        wanted = Wanted(self.data, zxy, context.asof.get(), context.grant.get(), options)
        return context.tiles.get().tile_now(wanted).data or b""

    def get_default_metadata(
        self,
        dataset: str,
        server_url: str,
        layer: str,
        tileset: str,
        title: str,
        description: str,
        keywords: list[str],
        **_: Any,
    ) -> dict[str, Any]:
        """OGC tileset metadata."""
        if tileset != SCHEME.tileMatrixSet:
            raise ProviderTilesetIdNotFoundError(f"tiles come in {SCHEME.tileMatrixSet}")
        metadata = TileSetMetadata(
            title=title,
            description=description,
            keywords=keywords,
            crs=SCHEME.crs,
            tileMatrixSetURI=SCHEME.tileMatrixSetURI,
        )
        place = f"{server_url}/collections/{dataset}/tiles/{tileset}"
        metadata.links = [
            LinkType(
                href=f"{server_url}/TileMatrixSets/{tileset}",
                rel="http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme",
                type="application/json",
                title=tileset,
            ),
            LinkType(
                href=f"{place}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}?f=mvt",
                rel="item",
                type=MIMETYPE,
                title=title,
            ),
        ]
        dumped: dict[str, Any] = metadata.model_dump(exclude_none=True, by_alias=True)
        return dumped

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

    def get_vendor_metadata(self, *_: Any, **__: Any) -> dict[str, Any]:
        """TileJSON, for `f=tilejson`."""
        grant = context.grant.get()
        with snapshot(context.database.get()) as pg:
            layer = seen(pg, catalogue.find_visible(pg, self.data, grant), grant)
        return tilejson([layer], context.base_url.get(), context.asof.get())
