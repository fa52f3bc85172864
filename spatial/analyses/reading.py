"""Several layers in one snapshot."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from spatial import catalogue
from spatial.analyses.selection import Selection, selection
from spatial.asof import AsOf
from spatial.database import Database, Pg
from spatial.errors import Invalid
from spatial.grant import Grant
from spatial.layer import Layer
from spatial.moment import resolve
from spatial.query import Reading, snapshot, step_down


def require_shape(layer: Layer, shape: str) -> None:
    """Raise Invalid where a layer holds geometries of another shape, such as `Polygon`."""
    if layer.shape != shape:
        raise Invalid(f"'{layer.name}' holds {layer.geometry_type}, not {shape}s")


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
