"""A raster as one request sees it: its grant, its AsOf, the moments that are meant."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from ogc_api import context
from spatial.asof import Interval, format_when
from spatial.errors import Invalid, NotFound
from spatial.moment import Moment, resolve
from spatial.query import snapshot
from spatial.raster import Edition, Raster, Step, step_at, steps
from spatial.rasters import editions, find_visible


@dataclass(frozen=True)
class Seen:
    """A raster, the moment that the request resolved to, and all states that it may tell of."""

    raster: Raster
    moment: Moment
    editions: list[Edition]
    store: Path

    def now(self) -> Step:
        """The one moment meant; raises Invalid for an interval, NotFound where nothing holds."""
        if isinstance(self.moment.valid_at, Interval):
            raise Invalid("a map shows one instant: give datetime an instant, not an interval")
        return step_at(self.raster, self.editions, self.moment.valid_at)

    def meant(self, wanted: Interval | None = None) -> list[Step]:
        """Every moment meant: of a stack all of them, where no time was given.

        wanted: a time that goes before the request's own. Raises NotFound where there is none.
        """
        when = wanted or self.moment.valid_at
        if self.raster.is_stack and wanted is None and context.asof.get().valid_at is None:
            when = Interval()
        found = steps(self.editions, when)
        if not found:
            raise NotFound(f"'{self.raster.name}' has nothing at {format_when(when)}")
        # states with other bands cannot stand in one answer: the latest says which
        bands = [band.name for band in found[-1].edition.bands]
        return [step for step in found if [b.name for b in step.edition.bands] == bands]

    def headers(self) -> dict[str, str]:
        """The AsOf that the request resolved to, for the answer to cite."""
        return {"CityTwin-AsOf": urlencode(self.moment.cite().params())}


def seen(name: str) -> Seen:
    """The raster of the request's grant and AsOf; raises NotFound."""
    with snapshot(context.database.get()) as pg:
        raster = find_visible(pg, name, context.grant.get())
        moment = resolve(pg, context.asof.get())
        return Seen(raster, moment, editions(pg, raster, moment), context.store.get())
