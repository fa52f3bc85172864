"""Runoff by curve numbers (SCS-CN; USDA 1986, TR-55, and NEH 630 chapter 10). Depths are in mm."""

from dataclasses import dataclass
from importlib.resources import files
from io import StringIO
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.errors import Invalid
from spatial.hydrology.neighbours import Floats

type Moisture = Literal["dry", "average", "wet"]
type Condition = Literal["poor", "fair", "good"]

GROUPS = ("A", "B", "C", "D")
#: Share of the retention that is lost before any runoff: Ia = 0.2 S.
INITIAL = 0.2
PAVED = 98.0


def retention(number: npt.ArrayLike) -> Floats:
    """S = 25400 / CN - 254, in mm. Raises Invalid for numbers outside (0, 100]."""
    cn = np.asarray(number, float)
    if (cn <= 0).any() or (cn > 100).any():
        raise Invalid("curve numbers lie above 0 and up to 100")
    return 25400 / cn - 254


def runoff(rain: npt.ArrayLike, number: npt.ArrayLike) -> Floats:
    """Q = (P - 0.2 S)² / (P + 0.8 S) in mm where P exceeds 0.2 S, else 0; NaN stays NaN.

    Raises Invalid for negative rain.
    """
    depth, kept = np.asarray(rain, float), retention(number)
    if (depth < 0).any():
        raise Invalid("rain cannot be negative")
    over = np.maximum(depth - INITIAL * kept, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        flow = over**2 / (over + kept)
    return np.where(over == 0, over, flow)


def moistened(number: npt.ArrayLike, moisture: Moisture) -> Floats:
    """The number for the moisture before the storm: I dry, II average, III wet (Chow 1988, 5.5)."""
    cn = np.asarray(number, float)
    if moisture == "dry":
        cn = 4.2 * cn / (10 - 0.058 * cn)
    elif moisture == "wet":
        cn = 23 * cn / (10 + 0.13 * cn)
    return cn


@dataclass(frozen=True)
class CurveNumbers:
    """Covers by condition and soil group, and which cover a land-use class has.

    numbers: columns cover, condition (empty where there is one alone), A, B, C, D. covers: class to
    cover; a class has that of the longest code that it begins with.
    """

    numbers: pd.DataFrame
    covers: dict[str, str]

    @classmethod
    def built_in(cls) -> "CurveNumbers":
        """TR-55, tables 2-2, for the classes of China's land and sea use classification.

        Open water, which TR-55 does not list, keeps nothing back.
        """
        pairs = _csv("china")
        return cls(_csv("tr55"), dict(zip(pairs["class"], pairs["cover"], strict=True)))

    @classmethod
    def of(cls, table: pd.DataFrame) -> "CurveNumbers":
        """A table of classes: `class`, A, B, C, D and, if it tells them apart, `condition`.

        Raises Invalid for columns that are missing and numbers outside (0, 100].
        """
        missing = [name for name in ("class", *GROUPS) if name not in table]
        if missing:
            raise Invalid(f"the table of curve numbers has no column '{missing[0]}'")
        condition = table.get("condition", "")
        made = table.assign(cover=table["class"].astype(str), condition=condition)
        made = made.fillna({"condition": ""})
        retention(made[list(GROUPS)].to_numpy(float))
        return cls(made, {one: one for one in made["cover"]})

    def of_class(self, code: str, condition: Condition) -> Floats | None:
        """(4,) numbers of a class on soils A to D; None for a class that nothing tells of."""
        prefix = next((code[:k] for k in range(len(code), 0, -1) if code[:k] in self.covers), None)
        if prefix is None:
            return None
        rows = self.numbers[self.numbers["cover"] == self.covers[prefix]]
        ranks = {"": 1, "fair": 2, "good": 3, "poor": 4} | {condition: 0}
        best = rows.iloc[int(np.argmin([ranks.get(one, 9) for one in rows["condition"]]))]
        numbers: Floats = best[list(GROUPS)].to_numpy(float)
        return numbers


def _csv(name: str) -> pd.DataFrame:
    text = files("spatial.hydrology.curve_numbers").joinpath(f"{name}.csv").read_text("utf-8")
    table = pd.read_csv(StringIO(text), dtype={"class": str}, keep_default_na=False)
    return table.astype({group: float for group in GROUPS if group in table})
