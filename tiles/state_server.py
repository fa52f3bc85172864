"""Tiles of the state, made once for all who ask until something happens."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from spatial import changes
from spatial.asof import AsOf
from spatial.database import Database, Pg
from spatial.digest import digest
from spatial.grant import Grant
from spatial.moment import Moment, resolve
from spatial.query import snapshot
from tiles.cache import Cache
from tiles.matrix_set import Zxy
from tiles.server import Tile
from tiles.state import state_tile
from twin_model.roll import edition
from twin_model.window import AHEAD

CACHE_BYTES = 16 << 20
THREADS = 2
# layers whose class or columns are others now have the same cursor, but other rows here
_CATALOGUE = "SELECT md5(string_agg(id || ' ' || xmin, ',' ORDER BY id)) FROM city.layer"
_AHEAD = "SELECT max(last_at) FROM city.batch WHERE recorded > %s"


@dataclass(frozen=True, slots=True)
class _Made:
    """A tile's bytes, and the moment that they are of."""

    data: bytes
    moment: Moment

    def __len__(self) -> int:
        return len(self.data)


class StateTiles:
    """The state tiles of one process. Their ETag is of their content: a reading elsewhere moves
    the cursor, but not the tile.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: Cache[_Made] = Cache(CACHE_BYTES, THREADS)

    def tile(self, asof: AsOf, grant: Grant, zxy: Zxy) -> Tile:
        """The tile of an AsOf as the grant sees it; raises Invalid for an interval."""

        def make() -> tuple[str, _Made]:
            with snapshot(self._database) as pg:
                moment = resolve(pg, asof)
                key = _key(pg, asof, moment, grant, zxy)
                return key, _Made(state_tile(pg, asof, grant, zxy), moment)

        with snapshot(self._database) as pg:
            key = _key(pg, asof, resolve(pg, asof), grant, zxy)
        _, made = self._kept.make(key, make).result()
        return Tile(made.data, f'"{digest(made.data)[7:31]}"', made.moment.cite())


def _key(pg: Pg, asof: AsOf, moment: Moment, grant: Grant, zxy: Zxy) -> str:
    """Equal as long as the tile is."""
    (catalogue,) = pg.execute(_CATALOGUE).fetchone() or (None,)
    parts = (
        changes.latest(pg), edition(pg), catalogue, _second(pg, asof, moment),
        asof.params(), moment.base_known_at, grant.key, zxy,
    )  # fmt: skip
    return repr(parts)


def _second(pg: Pg, asof: AsOf, moment: Moment) -> int | None:
    """Where time alone brings readings, since some are ahead of the clock: the second of now."""
    now = moment.valid_at
    if asof.valid_at is not None or not isinstance(now, datetime):
        return None
    row = pg.execute(_AHEAD, [now - AHEAD - timedelta(minutes=1)]).fetchone()
    newest = row and row[0]
    return int(now.timestamp()) if newest is not None and newest > now else None
