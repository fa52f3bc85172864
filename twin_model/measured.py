"""What the assets of each layer measure: properties with numbers, and their units."""

from threading import Lock

from spatial.database import Pg
from twin_model.roll import edition

_SELECT = """
SELECT a.layer_id, s.property, max(s.unit) FROM city.series s JOIN city.asset a ON a.id = s.asset_id
WHERE s.kind = 'number' GROUP BY 1, 2 ORDER BY 1, 2
"""
type Measured = dict[int, dict[str, str]]

_known: dict[str, tuple[int, Measured]] = {}
_lock = Lock()


def measured(pg: Pg) -> Measured:
    """Of each layer id with such assets, units by property; read anew when the roll grows."""
    dsn, now = pg.info.dsn, edition(pg)
    with _lock:
        kept = _known.get(dsn)
    if kept is not None and kept[0] == now:
        return kept[1]
    found: Measured = {}
    for layer, name, unit in pg.execute(_SELECT).fetchall():
        found.setdefault(layer, {})[name] = unit
    with _lock:
        _known[dsn] = now, found
    return found
