"""Series as inputs of analyses: what a selection names, found and read for a grant."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from spatial import catalogue
from spatial.analyses.inputs import register_kind
from spatial.analyses.series import KIND, SeriesSelection
from spatial.asof import AsOf, Interval
from spatial.database import Pg
from spatial.errors import Invalid, NotFound
from spatial.grant import Grant
from spatial.layer import Layer
from spatial.moment import Moment, resolve
from twin_model import series
from twin_model.kinds import Kind, Quality
from twin_model.packed import Column
from twin_model.roll import Series, roll
from twin_model.window import EARLIEST

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class LayerSeries:
    """Series of a layer's assets, as a grant sees them; they are of the layer's class and area."""

    layer: Layer
    chosen: SeriesSelection
    grant: Grant

    @property
    def name(self) -> str:
        return self.layer.name

    @property
    def access(self) -> str:
        return self.layer.access

    @property
    def area(self) -> str | None:
        return self.layer.area

    def title(self, language: str) -> str:
        properties = ", ".join(self.chosen.property or ())
        return self.layer.title(language) + (f" ({properties})" if properties else "")

    def span(self, asof: AsOf) -> Interval:
        """From when and until when, both said; raises Invalid where it ends before it starts."""
        said = self.chosen.span()
        start, end = said.start or EARLIEST, said.end or asof.valid_at
        if not isinstance(end, datetime):
            raise Invalid("the readings end at a moment: give one, not an interval")
        if start > end:
            raise Invalid("the span of the readings must not end before it starts")
        return Interval(start, end)

    def find(self, pg: Pg, asof: AsOf) -> list[Series]:
        """The series, ascending by id; in a scenario its own, main's where it has none."""
        now = resolve(pg, asof)
        at = Moment(self.span(asof), now.known_at, now.scenario, now.scenario_id, now.base_known_at)
        found = series.find(pg, self.grant, at, self.chosen.asset, self.chosen.property)
        known = roll(pg)
        mine = [one for one in found if known.layer_id[one.asset] == self.layer.id]
        own = {(one.asset, one.property) for one in mine if one.scenario}
        return [one for one in mine if one.scenario or (one.asset, one.property) not in own]

    def read(self, pg: Pg, asof: AsOf) -> "pd.DataFrame":
        """The readings that `spatial.analyses.series.SeriesSource` promises."""
        import pandas as pd

        found, of, place = self._readings(pg, asof)
        words = series.words(pg, found, of.series, of.x)
        known = roll(pg)
        frame = pd.DataFrame(
            {
                "asset": np.array([known.names[one.asset] for one in found], object)[place],
                "property": np.array([one.property for one in found], object)[place],
                "unit": np.array([one.unit for one in found], object)[place],
                "at": pd.to_datetime(of.at, unit="us", utc=True),
                "value": of.x.astype(object) if words else of.x,
                "quality": of.quality,
                "fid": self._fids(pg, found)[place],
            }
        )
        category = np.array([one.kind is Kind.category for one in found], bool)[place]
        if words:
            frame.loc[category, "value"] = [words[int(id)] for id in of.x[category]]
        position = np.array([one.kind is Kind.position for one in found], bool)[place]
        if position.any():
            raise Invalid("positions are no values: choose other properties")
        return frame[frame["quality"] < Quality.bad].reset_index(drop=True)

    def track(self, pg: Pg, asof: AsOf) -> "pd.DataFrame":
        """The positions that `spatial.analyses.series.SeriesSource` promises."""
        import pandas as pd

        found, of, place = self._readings(pg, asof)
        moving = np.array([one.kind is Kind.position for one in found], bool)
        if not moving.any():
            raise Invalid(f"no asset of '{self.name}' tells positions")
        names = np.array([roll(pg).names[one.asset] for one in found], object)
        frame = pd.DataFrame(
            {
                "asset": names[place],
                "at": pd.to_datetime(of.at, unit="us", utc=True),
                "longitude": of.x,
                "latitude": of.y,
                "fid": self._fids(pg, found)[place],
            }
        )
        good = moving[place] & (of.quality < Quality.bad)
        return frame[good].sort_values(["asset", "at"], ignore_index=True)

    def _readings(self, pg: Pg, asof: AsOf) -> tuple[list[Series], series.Readings, Column]:
        """The series, their readings, and of each reading the place of its series."""
        found = self.find(pg, asof)
        known_at = resolve(pg, asof).known_at
        of = series.read(pg, [one.id for one in found], self.span(asof), known_at)
        return found, of, np.searchsorted([one.id for one in found], of.series)

    @staticmethod
    def _fids(pg: Pg, found: list[Series]) -> Column:
        """(s,) the feature of each series' asset."""
        return roll(pg).fid[[one.asset for one in found]]


def find_series(pg: Pg, chosen: SeriesSelection, grant: Grant) -> LayerSeries:
    """The series that a selection names; raises NotFound where the grant sees no such layer,
    or the layer's assets have no such series.
    """
    layer = catalogue.find_visible(pg, chosen.layer, grant)
    known = roll(pg)
    properties, assets = chosen.property, chosen.asset
    for one in known.by_id:
        if (
            known.layer_id[one.asset] == layer.id
            and (properties is None or one.property in properties)
            and (assets is None or known.names[one.asset] in assets)
        ):
            return LayerSeries(layer, chosen, grant)
    raise NotFound(f"'{chosen.layer}' has no such series")


register_kind(KIND, find_series)
