"""Several layers in one snapshot."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from spatial import catalogue
from spatial.asof import AsOf
from spatial.database import Database, Pg
from spatial.grant import Grant
from spatial.moment import resolve
from spatial.query import Reading, snapshot, step_down


@contextmanager
def readings(
    database: Database, layers: Sequence[str], asof: AsOf, grant: Grant
) -> Iterator[tuple[Pg, list[Reading]]]:
    """A snapshot to read some layers in, as `spatial.query.reading` gives it for one."""
    with snapshot(database) as pg:
        found = [catalogue.find_visible(pg, name, grant) for name in layers]
        moment = resolve(pg, asof)
        step_down(pg, grant)
        yield pg, [Reading(layer, moment, grant) for layer in found]
