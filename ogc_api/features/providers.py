"""The providers that pygeoapi builds for each request: thin, over items, records and the state."""

from typing import Any

from pygeoapi.provider.base import BaseProvider

from ogc_api import context
from ogc_api.features import items
from ogc_api.params import wanted_of
from ogc_api.records import catalogue
from ogc_api.twin import state


class LayerProvider(BaseProvider):  # type: ignore[misc]
    """A layer of the catalogue as an OGC API Features collection.

    pygeoapi has read the query by its own rules; ours are ogc_api.params, for every answer alike.
    """

    def __init__(self, definition: dict[str, Any]) -> None:
        super().__init__(definition)
        self._fields = definition["fields"]

    def get_fields(self) -> dict[str, Any]:
        """Attribute names and their JSON Schema types."""
        fields: dict[str, Any] = self._fields
        return fields

    def query(self, **_: Any) -> dict[str, Any]:
        """A FeatureCollection of the request's features."""
        page = items.page(
            context.database.get(),
            self.data,
            context.asof.get(),
            context.grant.get(),
            wanted_of(context.query.get()),
        )
        return page.collection()

    def get(self, identifier: str, **_: Any) -> dict[str, Any]:
        """One feature at the moment asked for."""
        return items.feature(
            context.database.get(),
            self.data,
            str(identifier),
            context.asof.get(),
            context.grant.get(),
            wanted_of(context.query.get()),
        ).feature


class CatalogueProvider(BaseProvider):  # type: ignore[misc]
    """The catalogue as a collection of records, for pygeoapi's pages."""

    def get_fields(self) -> dict[str, Any]:
        """What a record can be asked for, with JSON Schema types."""
        found: dict[str, Any] = catalogue.queryables()["properties"]
        return found

    def query(self, **_: Any) -> dict[str, Any]:
        """The records that the request looks for."""
        return catalogue.page(context.query.get())

    def get(self, identifier: str, **_: Any) -> dict[str, Any]:
        """One record."""
        return catalogue.record(identifier, context.query.get())


class StateProvider(BaseProvider):  # type: ignore[misc]
    """The state of the city as an OGC API Features collection."""

    def __init__(self, definition: dict[str, Any]) -> None:
        super().__init__(definition)
        self._fields = definition["fields"]

    def get_fields(self) -> dict[str, Any]:
        """What assets have, with JSON Schema types."""
        fields: dict[str, Any] = self._fields
        return fields

    def query(self, **asked: Any) -> dict[str, Any]:
        """The assets that the request looks for."""
        return state.page(
            tuple(asked["bbox"]) or None,
            asked["properties"],
            asked["select_properties"],
            asked["offset"],
            0 if asked["resulttype"] == "hits" else asked["limit"],
            geometry=not asked["skip_geometry"],
        )

    def get(self, identifier: str, **_: Any) -> dict[str, Any]:
        """One asset."""
        return state.one(identifier)
