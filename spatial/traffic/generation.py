"""Trips that zones produce and attract in a day, from their people and the use of their land."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.errors import Invalid
from spatial.traffic import tables
from spatial.traffic.graph import Floats

PEOPLE = "people"


@dataclass(frozen=True)
class Rates:
    """Trips a day for each person, and for each hectare under a land-use code, by purpose.

    source: (r,) `people`, or a code, which holds for all codes that begin with it and have no
    longer one. purpose: (r,). production, attraction: (r,) trips a day.
    """

    source: npt.NDArray[np.object_]
    purpose: npt.NDArray[np.object_]
    production: Floats
    attraction: Floats

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "Rates":
        """From source, purpose, production and attraction; raises Invalid for what is none."""
        for name in ("source", "purpose"):
            if name not in rows or rows[name].isna().any():
                raise Invalid(f"the table of rates needs a column {name}, filled in every row")
        source, purpose = (
            np.asarray(rows[name].astype(str).str.strip(), object) for name in ("source", "purpose")
        )
        production, attraction = (
            tables.numbers(rows, (name,)) for name in ("production", "attraction")
        )
        made = cls(source, purpose, production, attraction)
        for values in (made.production, made.attraction):
            if not (np.isfinite(values) & (values >= 0)).all():
                raise Invalid("rates must be numbers and not negative")
        if len(set(zip(source, purpose, strict=True))) < len(rows):
            raise Invalid("the table of rates tells a source and purpose twice")
        return made

    @property
    def purposes(self) -> list[str]:
        """The purposes in the order that they are first told."""
        return list(dict.fromkeys(self.purpose))

    def of_code(self, code: str) -> npt.NDArray[np.bool_]:
        """(r,) the rates that hold for a land-use code: those of its longest beginning told."""
        known = {one for one in self.source if one != PEOPLE and code.startswith(one)}
        return np.asarray(self.source == max(known, key=len), bool) if known else self.source == ""


def generated(
    people: Floats, area: Floats, codes: Sequence[str], rates: Rates
) -> tuple[Floats, Floats]:
    """(z, p) productions and attractions a day of each zone by purpose, not yet balanced.

    people: (z,); area: (z, c) hectares of each zone under each code. Cross-classification by
    rate: P = sum of rate * quantity (Ortuzar and Willumsen, Modelling Transport, chapter 4).
    """
    purposes = rates.purposes
    made = np.zeros((2, len(people), len(purposes)))
    quantities = [(rates.source == PEOPLE, people)]
    quantities += [(rates.of_code(code), area[:, k]) for k, code in enumerate(codes)]
    for holds, quantity in quantities:
        for row in np.flatnonzero(holds):
            column = purposes.index(rates.purpose[row])
            made[0, :, column] += rates.production[row] * quantity
            made[1, :, column] += rates.attraction[row] * quantity
    return made[0], made[1]


def balanced(production: Floats, attraction: Floats) -> tuple[Floats, Floats]:
    """(z, p) attractions that come to the productions of each purpose, and (p,) by what factor.

    Productions are the surer: people know where they live. Raises Invalid where trips are
    produced that nothing attracts.
    """
    made, drawn = production.sum(axis=0), attraction.sum(axis=0)
    if ((made > 0) & (drawn <= 0)).any():
        raise Invalid("trips are produced for a purpose that no zone attracts: see the rates")
    factor = np.divide(made, drawn, out=np.zeros(len(made)), where=drawn > 0)
    return attraction * factor, factor
