"""The states of a feature as mementos (RFC 7089), and the links between them (RFC 5829)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from ogc_api import context
from ogc_api.links import address, place_of
from spatial.asof import format_instant
from spatial.history import State

LINK_FORMAT = "application/link-format"

type Link = dict[str, str]


def of_state(layer: str, fid: str, life: Sequence[State], version: int) -> list[Link]:
    """The links of one state of a feature: to itself, its neighbours and the whole."""
    place = [state.version for state in life].index(version)
    found = [_link("canonical", _at(layer, fid, life[place])), *_whole(layer, fid, life)]
    if place > 0:
        found.append(_link("predecessor-version", _at(layer, fid, life[place - 1])))
    if place + 1 < len(life):
        found.append(_link("successor-version", _at(layer, fid, life[place + 1])))
    return found


def of_absence(layer: str, fid: str, life: Sequence[State]) -> list[Link]:
    """Where to find a feature that is not there at the moment asked for."""
    return _whole(layer, fid, life)


def time_map(layer: str, fid: str, life: Sequence[State]) -> list[Link]:
    """Every state of a feature in the order of time: what RFC 7089 calls a time map."""
    if not life:
        return []
    found = [
        _link("first", _at(layer, fid, life[0])),
        _link("last", _at(layer, fid, life[-1])),
        _link("latest-version", _at(layer, fid, life[-1])),
    ]
    for state in life:
        memento = _link("memento", _at(layer, fid, state))
        if state.start is not None:
            memento["datetime"] = http_date(state.start)
        found.append(memento)
    return found


def header(links: Iterable[Mapping[str, str]]) -> str:
    """Links as a Link header, or as a document in the link format (RFC 6690)."""
    return ", ".join(
        "; ".join(
            [
                f"<{one['href']}>",
                *(f'{name}="{text}"' for name, text in one.items() if name != "href"),
            ]
        )
        for one in links
    )


def memento_datetime(life: Sequence[State], version: int) -> dict[str, str]:
    """The header that says since when a state holds; none where it always did."""
    start = next(state.start for state in life if state.version == version)
    return {} if start is None else {"Memento-Datetime": http_date(start)}


def http_date(moment: datetime) -> str:
    """A moment as HTTP writes it, to the second."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _whole(layer: str, fid: str, life: Sequence[State]) -> list[Link]:
    listed = address(place_of(layer, "items", fid, "versions"), _books())
    return [
        _link("original", address(place_of(layer, "items", fid), _books())),
        _link("version-history", listed),
        _link("timemap", listed),
        _link("latest-version", _at(layer, fid, life[-1])),
    ]


def _at(layer: str, fid: str, state: State) -> str:
    """An address that reads the state; one that was always so is there at its last moment."""
    when = state.start or (state.end and state.end - timedelta(microseconds=1))
    moment = {"datetime": format_instant(when)} if when else {}
    return address(place_of(layer, "items", fid), moment | _books())


def _books() -> dict[str, str]:
    return {key: text for key, text in context.asof.get().params().items() if key != "datetime"}


def _link(rel: str, href: str) -> Link:
    return {"href": href, "rel": rel}
