"""When a place of a layer last changed: the highest cursor among the changed cells that meet it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from spatial.cells import cell_parts
from spatial.database import Pg
from spatial.layer import Box

_ERA = 1 << 14
_SINCE = (
    "SELECT cursor, scenario, action = 'erase', at, cells FROM city.change"
    " WHERE layer_id = %s AND cursor > %s ORDER BY cursor"
)
WHOLE = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Editions:
    """The recent changes of one layer, as boxes of the unit square of web mercator, y down.

    What is older than some ten thousand changes counts as one change of the whole layer, at a
    cursor that every worker works out alike. facts: cursor, scenario, whether an erasure, when.
    """

    layer_id: int
    cursor: int = 0
    floor: int = 0
    boxes: npt.NDArray[Any] = field(default_factory=lambda: np.empty((0, 4)))
    facts: npt.NDArray[Any] = field(default_factory=lambda: np.empty((0, 4), np.int64))

    def followed(self, pg: Pg, cursor: int) -> "Editions":
        """These and what the change log says since, up to the layer's cursor."""
        if cursor == self.cursor:
            return self
        if cursor < self.cursor:  # an older city was restored
            return Editions(self.layer_id).followed(pg, cursor)
        floor = max((cursor // _ERA - 1) * _ERA, 0)
        rows = pg.execute(_SINCE, [self.layer_id, max(self.cursor, floor)]).fetchall()
        boxes, facts = _marks(rows)
        recent = self.facts[:, 0] > floor
        boxes = np.concatenate([self.boxes[recent], boxes])
        facts = np.concatenate([self.facts[recent], facts])
        return Editions(self.layer_id, cursor, floor, boxes, facts)

    def of(self, box: Box, scenario: int, *, settled: bool) -> tuple[int, int]:
        """The cursor at which a box last changed in main or in a scenario, and when that was.

        settled: the moment asked for lies in the past for good; only erasure changes that.
        """
        _, scenarios, erased, _ = self.facts.T
        if settled:
            return self._last(erased == 1, 0)
        west, north, east, south = self.boxes.T
        meets = (west < box[2]) & (east > box[0]) & (north < box[3]) & (south > box[1])
        meets &= (scenarios == 0) | (scenarios == scenario)
        return self._last(meets, self.floor)

    def _last(self, among: npt.NDArray[np.bool_], floor: int) -> tuple[int, int]:
        facts = self.facts[among]
        return (int(facts[-1, 0]), int(facts[-1, 3])) if len(facts) else (floor, 0)


def unit_box(z: int, x: int, y: int, margin: float = 0.0) -> Box:
    """A web mercator tile in the unit square, widened by a share of its side."""
    side = math.ldexp(1.0, -z)
    return (
        (x - margin) * side,
        (y - margin) * side,
        (x + 1 + margin) * side,
        (y + 1 + margin) * side,
    )


def _marks(
    rows: Iterable[tuple[int, int, bool, datetime, list[int]]],
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    boxes: list[Box] = []
    facts: list[tuple[int, int, int, int]] = []
    for cursor, scenario, erased, at, cells in rows:
        places = [WHOLE] if erased else [unit_box(*cell_parts(cell)) for cell in cells]
        boxes += places
        facts += [(cursor, scenario, int(erased), int(at.timestamp() * 1e6))] * len(places)
    return np.array(boxes).reshape(-1, 4), np.array(facts, np.int64).reshape(-1, 4)
