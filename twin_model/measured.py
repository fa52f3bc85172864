"""What the assets of each layer measure: properties, their kinds and units."""

from collections.abc import Mapping
from threading import Lock
from typing import NamedTuple

from spatial.database import Pg
from twin_model.kinds import Kind
from twin_model.roll import edition

_SELECT = """
SELECT a.layer_id, s.property, s.kind, max(s.unit)
FROM city.series s JOIN city.asset a ON a.id = s.asset_id GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


class Property(NamedTuple):
    """What a property's values are, and their UCUM unit."""

    kind: Kind
    unit: str


type Properties = dict[int, dict[str, Property]]
type Units = dict[int, dict[str, str]]

_known: dict[str, tuple[int, Properties]] = {}
_lock = Lock()


def properties(pg: Pg) -> Properties:
    """Of each layer id with such assets, what is measured; read anew when the roll grows."""
    dsn, now = pg.info.dsn, edition(pg)
    with _lock:
        kept = _known.get(dsn)
    if kept is not None and kept[0] == now:
        return kept[1]
    found: Properties = {}
    for layer, name, kind, unit in pg.execute(_SELECT).fetchall():
        found.setdefault(layer, {}).setdefault(name, Property(Kind[kind], unit))
    with _lock:
        _known[dsn] = now, found
    return found


def measured(pg: Pg) -> Units:
    """Of each layer id, the properties with numbers and their units."""
    return {layer: told for layer, known in properties(pg).items() if (told := units_of(known))}


def units_of(known: Mapping[str, Property]) -> dict[str, str]:
    """The units of the properties that are numbers."""
    return {name: one.unit for name, one in known.items() if one.kind is Kind.number}
