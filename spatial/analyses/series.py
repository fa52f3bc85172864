"""Which series of readings an analysis takes, said in the words of `/twin/series`.

`sensors?property=pm2_5`, `sensors?asset=SW0001,SW0002&datetime=2026-01/2026-06`, or an object of
the same words. What it names is found and read by whoever keeps the readings.
"""

from typing import TYPE_CHECKING, Annotated, Any, Protocol, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, model_validator

from spatial.analyses.inputs import InputKind, Names, Source, resolver
from spatial.analyses.selection import words_of
from spatial.asof import DEFAULT_ZONE, AsOf, Interval, format_when, parse_when
from spatial.database import Pg
from spatial.errors import Invalid
from spatial.grant import Grant

if TYPE_CHECKING:
    import pandas as pd

KIND = "series"


class SeriesSelection(BaseModel):
    """Series of the assets of a layer: all of them, or of some assets and properties.

    datetime: the span of the readings, `a/b` with `..` for an open side; without it all of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    layer: str
    property: Names | None = None
    asset: Names | None = None
    datetime: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any, info: ValidationInfo) -> Any:
        told = words_of(value) if isinstance(value, str) else value
        if not isinstance(told, dict) or not isinstance(told.get("datetime"), str):
            return told
        try:
            span = parse_when(told["datetime"], (info.context or {}).get("zone", DEFAULT_ZONE))
        except Invalid as error:
            raise ValueError(str(error)) from None
        if not isinstance(span, Interval):
            raise ValueError("readings have a span: write start/end, with .. for an open side")
        return told | {"datetime": format_when(span)}

    def within(self, span: Interval) -> Self:
        """The same, over that span where it says none of its own."""
        return self if self.datetime else self.model_copy(update={"datetime": format_when(span)})

    def span(self) -> Interval:
        """From when and until when; None is open."""
        found = parse_when(self.datetime) if self.datetime else Interval()
        assert isinstance(found, Interval)
        return found


class SeriesSource(Source, Protocol):
    """Series that were found, and may be read."""

    def read(self, pg: Pg, asof: AsOf) -> "pd.DataFrame":
        """Their readings as known then, by series and moment, of good and lesser quality.

        Columns: asset, property, unit, at (UTC), value, quality, fid (the asset's feature); the
        AsOf is explicit, and ends the span where the selection does not.
        """
        ...

    def track(self, pg: Pg, asof: AsOf) -> "pd.DataFrame":
        """Their positions, likewise: asset, at, longitude, latitude, fid."""
        ...


#: Series of a layer's assets: the layer's name for all, or a selection.
SeriesName = Annotated[
    SeriesSelection,
    BeforeValidator(lambda value: words_of(value) if isinstance(value, str) else value),
    InputKind(KIND),
]


def open_series(pg: Pg, chosen: SeriesSelection, grant: Grant) -> SeriesSource:
    """The series of an input; raises NotFound where the grant sees none."""
    return cast(SeriesSource, resolver(KIND)(pg, chosen, grant))
