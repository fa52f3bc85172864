"""Level of service of urban streets by the speed on them (HCM 2000, exhibit 15-2), as data."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.traffic.example import example
from spatial.traffic.graph import Floats

LETTERS = np.array(list("ABCDEF"), object)
KMH = 1.609344


def levels(kind: "pd.Series[str]", kmh: Floats) -> npt.NDArray[Any]:
    """(m,) A to F, by each link's class of road and its speed in km/h; None where it has none.

    The bounds are of HCM 2000's street classes I to IV, in mph; which class of road is which is
    in a table beside, all others IV.
    """
    bounds = example("level_of_service").set_index("class")
    street = example("street_class").set_index("class")["street"]
    of = kind.fillna("").astype(str).str.removesuffix("_link").map(street).fillna("IV")
    least = KMH * bounds.loc[of].to_numpy(float)
    letter = (kmh[:, None] <= least).sum(axis=1)
    found: npt.NDArray[Any] = LETTERS[letter]
    found[~np.isfinite(kmh)] = None
    return found
