"""Rules as data: what of which series is wrong, from when on, and who is told."""

from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal, Self

import numpy as np
import shapely
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spatial.errors import Invalid


class Level(IntEnum):
    """The four warning levels, and none."""

    none = 0
    blue = 1
    yellow = 2
    orange = 3
    red = 4


LEVEL_ZH = ("无", "蓝", "黄", "橙", "红")
LEVELS = tuple(level.name for level in Level)[1:]
TIERS = ("city", "district", "subdistrict", "community")
TIER_ZH = {"city": "市", "district": "区", "subdistrict": "街道", "community": "社区"}
type LevelName = Literal["blue", "yellow", "orange", "red"]
type Tier = Literal["city", "district", "subdistrict", "community"]
type Seconds = Annotated[float, Field(ge=0, le=400 * 86_400)]


class Kind(StrEnum):
    """What a rule looks at."""

    threshold = "threshold"  # the value
    rate = "rate"  # its change in an hour
    total = "total"  # the sum of its readings over `over_s`, such as the rain of three hours
    silence = "silence"  # the seconds since the last reading
    deviation = "deviation"  # robust standard scores against the usual hour of the week
    fence = "fence"  # whether a moving asset is where it should not be
    all = "all"  # the least level of other rules
    any = "any"  # the greatest level of other rules


COMBINED = (Kind.all, Kind.any)


class Step(BaseModel):
    """Who is told of an alert that nobody has acknowledged for some minutes."""

    model_config = ConfigDict(extra="forbid")
    after_min: Annotated[float, Field(ge=0)]
    to: Tier
    least: LevelName = "blue"


class Rule(BaseModel):
    """What is looked at, at which limits it becomes which level, and how it calms down.

    limits: in the unit of the series; for `rate` that unit an hour, for `silence` seconds, for
    `deviation` robust standard deviations, either way. for_s: how long a limit is passed before
    the level rises; hold_s: how long it is no longer passed before the level falls; hysteresis:
    by how much less than a limit counts as no longer passed; gap_s: after a longer time without a
    reading, what went before no longer counts as lasting. category: of the case that an alert
    opens once it is at `case_at`.
    """

    model_config = ConfigDict(extra="forbid")
    title_zh: str = ""
    title_en: str = ""
    kind: Kind
    layer: str | None = None
    assets: tuple[str, ...] | None = None
    observed: Annotated[str | None, Field(alias="property")] = None
    side: Literal["above", "below", "inside", "outside"] = "above"
    limits: dict[LevelName, float] = {}
    hysteresis: Annotated[float, Field(ge=0)] = 0.0
    for_s: Seconds = 0.0
    hold_s: Seconds = 0.0
    gap_s: Annotated[float, Field(gt=0)] = 3600.0
    over_s: Annotated[float, Field(ge=1, le=86_400)] = 600.0
    weeks: Annotated[int, Field(ge=1, le=52)] = 4
    least_spread: Annotated[float, Field(gt=0)] = 1e-6
    area: dict[str, Any] | None = None
    level: LevelName = "yellow"
    of: tuple[str, ...] = ()
    escalate: tuple[Step, ...] = ()
    category: str | None = None
    case_at: LevelName = "orange"

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.kind in COMBINED:
            if len(self.of) < 2:
                raise ValueError("a combination names two rules or more in `of`")
            return self
        if self.observed is None:
            raise ValueError("a rule names the property that it looks at")
        if self.kind is Kind.fence:
            self._check_area()
            return self
        if not self.limits:
            raise ValueError("a rule has a limit for one level or more")
        if self.side not in ("above", "below"):
            raise ValueError("limits are passed above or below")
        ascending = [self.sign * self.limits[name] for name in LEVELS if name in self.limits]
        if not np.isfinite(ascending).all():
            raise ValueError("limits are finite numbers")
        if sorted(set(ascending)) != ascending:
            raise ValueError("limits go further from blue to red")
        return self

    def _check_area(self) -> None:
        if self.side not in ("inside", "outside"):
            raise ValueError("a fence is of assets inside or outside")
        try:
            shape = self.shape()
        except Exception:
            raise ValueError("the area of a fence is a GeoJSON polygon in degrees") from None
        if shape.geom_type not in ("Polygon", "MultiPolygon") or not shape.is_valid:
            raise ValueError("the area of a fence is a valid GeoJSON polygon in degrees")

    @property
    def sign(self) -> float:
        """1 where more is worse, -1 where less is."""
        return -1.0 if self.side == "below" else 1.0

    def shape(self) -> Any:
        """The area of a fence."""
        return shapely.geometry.shape(self.area or {})

    def bounds(self) -> list[float]:
        """The limits of blue to red in ascending signal, infinite where there is no such level."""
        if self.kind is Kind.fence:
            return [0.5 if name == self.level else np.inf for name in LEVELS]
        return [self.sign * self.limits[name] if name in self.limits else np.inf for name in LEVELS]


def parse(document: Any) -> Rule:
    """A rule of a document; raises Invalid with the first thing that is wrong with it."""
    try:
        return Rule.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        reason = first["msg"].removeprefix("Value error, ")
        raise Invalid(f"a rule{f', {where}' if where else ''}: {reason}") from None
