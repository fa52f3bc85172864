"""The areas that indicators are told by: a layer of polygons with codes, or the whole city."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from spatial import catalogue
from spatial.crs import WGS84, transformer
from spatial.database import Database, Pg
from spatial.errors import Invalid
from spatial.frame import fetch
from spatial.geocode.gazetteer import CODE, named_by
from spatial.grant import Grant
from spatial.moment import Moment
from spatial.query import Reading, stepped_down
from twin_model.packed import Column


@dataclass(frozen=True)
class Areas:
    """n areas, by code; shapes in degrees. Of the whole city: one, without code or shape."""

    codes: list[str | None]
    titles: list[tuple[str, str]]
    shapes: Any

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def length(self) -> int | None:
        """How many letters the codes have."""
        return None if self.codes[0] is None else len(self.codes[0])

    def of_points(self, lonlat: Column) -> Column:
        """The area of each point (n, 2) in degrees; -1 in none."""
        if self.length is None:
            return np.zeros(len(lonlat), np.int64)
        found = np.full(len(lonlat), -1)
        points = shapely.points(lonlat)
        point, area = shapely.STRtree(self.shapes).query(points, predicate="intersects")
        found[point[::-1]] = area[::-1]  # the first of several
        return found


CITY = Areas([None], [("全市", "The whole city")], np.array([None], object))


def areas(database: Database, pg: Pg, name: str | None, moment: Moment, grant: Grant) -> Areas:
    """The features of a layer as areas, by codes of one length; raises Invalid."""
    if name is None:
        return CITY
    layer = catalogue.find_visible(pg, name, grant)
    columns = {one.name.lower(): one.name for one in layer.columns}
    code = next((columns[word] for word in CODE if word in columns), None)
    if layer.shape != "Polygon" or code is None:
        raise Invalid(f"'{name}' has no areas with a code to tell indicators by")
    titles = [column for column in named_by(layer) if column]
    with stepped_down(pg, grant):
        frame = fetch(database, pg, Reading(layer, moment, grant), list({code, *titles}))
    frame = frame.dropna(subset=[code]).sort_values(code)
    codes = frame[code].astype(str).tolist()
    if not codes or len(set(codes)) < len(codes) or len({len(one) for one in codes}) > 1:
        raise Invalid(f"the codes of '{name}' are not of one length, each once")
    zh, en = (frame[titles[k] if k < len(titles) else code].astype(str) for k in (0, 1))
    move = transformer(layer.srid, WGS84)
    shapes = shapely.transform(
        np.asarray(frame.geometry, object), lambda xy: np.column_stack(move.transform(*xy.T))
    )
    return Areas(list(codes), list(zip(zh, en, strict=True)), shapes)
