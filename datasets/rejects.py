"""The rejects file: every row that was not loaded, with its reason, ready to be mended.

It is GeoJSON in the source's own coordinates, which QGIS opens and `load` takes again. A
geometry that GeoJSON cannot express stands in `_wkb` as hexadecimal well-known binary.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyproj
import shapely

from datasets.columns import Field

MARKS = ("_reason", "_row", "_wkb")
"""What we add to a rejected row; a loader that reads the file back leaves these out."""


@dataclass(frozen=True)
class Rejection:
    """One row that cannot be taken. `row` counts from 1 in the source's order."""

    row: int
    reason: str
    attributes: Mapping[str, Any]
    wkb: bytes | None


def rejections(
    first: int, rows: pa.RecordBatch, fields: Iterable[Field], reasons: npt.NDArray[np.object_]
) -> list[Rejection]:
    """The rows that have a reason, with the source's own names and values.

    rows: a source's columns, the last its WKB; `first` is the number of their first.
    """
    places = np.flatnonzero(reasons != None)  # noqa: E711 (row by row)
    if not len(places):
        return []
    refused = rows.take(pa.array(places, pa.int64()))
    columns = {field.title: _values(refused.columns[field.place]) for field in fields}
    return [
        Rejection(
            row=first + int(place),
            reason=str(reasons[place]),
            attributes={title: values[at] for title, values in columns.items()},
            wkb=refused.columns[-1][at].as_py(),
        )
        for at, place in enumerate(places)
    ]


def _values(column: Any) -> list[Any]:
    """Python values; text as bytes, since what is refused need not be UTF-8."""
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    values: list[Any] = (column.cast(pa.large_binary()) if is_text else column).to_pylist()
    return values


class Rejects:
    """A writer of rejected rows; without any there is no file.

    The file appears when the writer is closed after success, and not at all after an error.
    """

    def __init__(self, path: Path, layer: str, crs: pyproj.CRS) -> None:
        self.path = path
        self.count = 0
        self._head = {"type": "FeatureCollection", "name": layer, "crs": _crs_member(crs)}
        self._partial = path.with_name(path.name + ".partial")
        self._file: TextIO | None = None

    def add(self, rejections: Iterable[Rejection]) -> None:
        """Write rejected rows."""
        for rejection in rejections:
            if self._file is None:
                self._partial.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._partial.open("w", encoding="utf-8")
                head = json.dumps(self._head, ensure_ascii=False)
                self._file.write(head[:-1] + ', "features": [\n')
            else:
                self._file.write(",\n")
            json.dump(_feature(rejection), self._file, ensure_ascii=False, allow_nan=False)
            self.count += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if self._file is None:
            return
        with self._file:
            self._file.write("\n]}\n")
        if kind is None:
            self._partial.replace(self.path)
        else:
            self._partial.unlink()


def _feature(rejection: Rejection) -> dict[str, Any]:
    properties = {name: _value(value) for name, value in rejection.attributes.items()}
    properties |= {"_reason": rejection.reason, "_row": rejection.row}
    geometry = None
    if rejection.wkb is not None:
        geometry = _expressed(rejection.wkb)
        if geometry is None:
            properties["_wkb"] = rejection.wkb.hex()
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _expressed(wkb: bytes) -> dict[str, Any] | None:
    try:
        geom = shapely.from_wkb(wkb)
    except (shapely.GEOSException, NotImplementedError):
        return None
    if not np.isfinite(shapely.get_coordinates(geom)).all():
        return None
    expressed: dict[str, Any] = json.loads(shapely.to_geojson(geom))
    return expressed


def _value(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return None
        case None | str() | bool() | int() | float():
            return value
        case bytes():
            return value.decode(errors="backslashreplace")
        case _:
            return str(value)


def _crs_member(crs: pyproj.CRS) -> dict[str, Any]:
    authority = crs.to_authority(min_confidence=70)
    name = f"urn:ogc:def:crs:{authority[0]}::{authority[1]}" if authority else crs.to_wkt()
    return {"type": "name", "properties": {"name": name}}
