"""Classes of users: cars, lorries, buses, who weigh tolls and distance differently."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial.errors import Invalid
from spatial.traffic import tables
from spatial.traffic.graph import Flags

#: The column of links that names the classes to which they are closed.
CLOSED = "closed_to"


@dataclass(frozen=True, slots=True)
class UserClass:
    """What a unit of toll and of length counts as in time, and the passenger cars that one is."""

    name: str = "all"
    toll_weight: float = 0.0
    distance_weight: float = 0.0
    pcu: float = 1.0


def user_classes(rows: pd.DataFrame) -> list[UserClass]:
    """From a table of class, and where wanted toll_weight, distance_weight (0) and pcu (1).

    Raises Invalid for what is missing, negative or no number, and for a class told twice.
    """
    if "class" not in rows or rows.empty or rows["class"].isna().any():
        raise Invalid("the table of classes needs a column class, filled in every row")
    found = []
    weights = {"toll_weight": 0.0, "distance_weight": 0.0, "pcu": 1.0}
    told = {
        name: tables.numbers(rows, (name,)) if name in rows else np.full(len(rows), value)
        for name, value in weights.items()
    }
    for row, name in enumerate(rows["class"].astype(str).str.strip()):
        values = {key: float(column[row]) for key, column in told.items()}
        if not all(np.isfinite(one) and one >= 0 for one in values.values()) or not values["pcu"]:
            raise Invalid(f"the class '{name}' has a weight or pcu that is negative or no number")
        found.append(UserClass(name, **values))
    if len({one.name for one in found}) < len(found):
        raise Invalid("the table of classes tells one twice")
    return found


def closed(rows: pd.DataFrame, classes: Sequence[UserClass]) -> Flags:
    """(k, m) which links are closed to each class, by names with commas or spaces between."""
    if CLOSED not in rows:
        return np.zeros((len(classes), len(rows)), bool)
    named = [set(one.replace(",", " ").split()) for one in rows[CLOSED].fillna("").astype(str)]
    return np.array([[one.name in names for names in named] for one in classes], bool)
