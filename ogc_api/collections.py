"""What a collection's document tells of a moment: how many items it has then."""

from typing import Any

from ogc_api import context
from ogc_api.features import items
from ogc_api.rasters.document import completed
from ogc_api.records import said
from spatial.catalogue import find_visible
from spatial.count import count
from spatial.layer import STATE
from spatial.moment import resolve
from spatial.query import Reading, seen_layers, snapshot, step_down

#: Valid time is what versions are told apart by, and whoever writes may say it (OGC's draft).
VERSIONING = {"timeAxis": "validity-time", "mutationTime": "client"}


def counted(document: dict[str, Any]) -> dict[str, Any]:
    """A layer's document with its `itemCount` at the AsOf asked for; a raster's completed."""
    if document.get("itemType") != "feature" or document["id"] == STATE:
        return completed([document])[0]
    (document,) = completed([document])
    grant = context.grant.get()
    with snapshot(context.database.get()) as pg:
        layer = find_visible(pg, document["id"], grant)
        view = Reading(layer, resolve(pg, context.asof.get()), grant)
        step_down(pg, grant)
        matched = count(pg, view, patience_s=items.PAGE_S)
        told = said.of_collection(layer)
        return document | told | {"itemCount": matched.number, "versioning": VERSIONING}


def all_counted(document: dict[str, Any]) -> dict[str, Any]:
    """The list of collections, with `itemCount` where the books know it without counting."""
    grant = context.grant.get()
    with snapshot(context.database.get()) as pg:
        moment = resolve(pg, context.asof.get())
        known = {
            layer.name: said.of_collection(layer)
            | {"versioning": VERSIONING}
            | ({"itemCount": layer.current} if Reading(layer, moment, grant).counted else {})
            for layer in seen_layers(pg, grant)
        }
    listed = [one | known.get(one["id"], {}) for one in document["collections"]]
    return document | {"collections": completed(listed)}
