"""One feature at a moment, with the links to its other moments."""

from collections.abc import Mapping

from ogc_api import context, etag
from ogc_api.connection import said
from ogc_api.errors import Elsewhen
from ogc_api.features import items, jsonfg
from ogc_api.features.geojson import Answer, answer
from ogc_api.history import mementos
from ogc_api.links import link, place_of
from ogc_api.params import wanted_of

_READ = frozenset(("crs", "f", "profile"))


def feature(layer: str, fid: str, query: Mapping[str, str]) -> Answer:
    """One feature at the moment asked for.

    Raises NotFound where it never was, and Elsewhen, with links, where it is not there then.
    """
    wanted = wanted_of({key: value for key, value in query.items() if key in _READ})
    try:
        one = items.feature(
            context.database.get(), layer, fid, context.asof.get(), context.grant.get(), wanted
        )
    except items.Ended as gone:
        links = mementos.of_absence(layer, fid.partition(".")[0], gone.life)
        raise Elsewhen(str(gone), mementos.header(links)) from None
    kind = jsonfg.mimetype(wanted)
    here = link("self", kind, place_of(layer, "items", fid), query)
    states = mementos.of_state(layer, fid.partition(".")[0], one.life, one.version)
    links = [here, link("collection", "application/json", place_of(layer), said())]
    document = {
        **one.feature,
        **jsonfg.head(one.layer, wanted),
        "links": [*links, *(state | {"type": kind} for state in states)],
    }
    further = {
        "Content-Type": kind,
        "ETag": etag.of_version(one.version, wanted.crs, fg=wanted.fg),
        "Link": mementos.header([{"href": here["href"], "rel": "self"}, *states]),
        **mementos.memento_datetime(one.life, one.version),
    }
    return answer(document, wanted.crs, one.asof, further)
