"""Several layers in one snapshot."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from spatial import catalogue
from spatial.analyses.selection import Selection, selection
from spatial.asof import AsOf
from spatial.database import Database, Pg
from spatial.grant import Grant
from spatial.moment import resolve
from spatial.query import Reading, snapshot, step_down


@contextmanager
def readings(
    database: Database, layers: Sequence[str | Selection], asof: AsOf, grant: Grant
) -> Iterator[tuple[Pg, list[Reading]]]:
    """A snapshot to read some layers in, as `spatial.query.reading` gives it for one.

    Each is a name, or a selection that may have an AsOf of its own.
    """
    chosen = [selection(one) for one in layers]
    with snapshot(database) as pg:
        found = [catalogue.find_visible(pg, one.layer, grant) for one in chosen]
        moments = [resolve(pg, one.at(asof)) for one in chosen]
        step_down(pg, grant)
        whole = map(Reading, found, moments, [grant] * len(found))
        yield pg, [one.narrowed(view) for one, view in zip(chosen, whole, strict=True)]
