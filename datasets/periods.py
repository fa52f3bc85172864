"""Valid times of rows, from a field of the source or from one time given for all.

A year, a month or a date stands for the whole of it in the city's zone: `valid_from` is its
start and `valid_to` its end, so that from 2019 to 2021 means three years.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datasets.columns import Field
from datasets.wkb import Column
from spatial.asof import format_instant, parse_instant, parse_period
from spatial.errors import Invalid, Rejected

_MOMENT: Any = pa.timestamp("us", "UTC")
_FOREVER = "9999"
"""The year that many registers write where there is no end."""


@dataclass(frozen=True)
class Periods:
    """Where valid times come from: the name of a field, one moment for all rows, or nothing."""

    valid_from: str | datetime | None
    valid_to: str | datetime | None
    zone: tzinfo

    def of(self, columns: Mapping[str, Column], count: int) -> tuple[dict[str, Column], Any]:
        """Columns valid_from and valid_to (null where open), and why rows are refused.

        The reasons are (count,), None where a row has a period.
        """
        reasons = np.full(count, None, dtype=object)
        if self.valid_from is None and self.valid_to is None:
            return {}, reasons
        start = self._side(self.valid_from, columns, reasons, end=False)
        end = self._side(self.valid_to, columns, reasons, end=True)
        backward = pc.fill_null(pc.greater_equal(start, end), False).to_numpy(zero_copy_only=False)
        for row in np.flatnonzero(backward & (reasons == None)):  # noqa: E711 (row by row)
            first, last = (format_instant(side[int(row)].as_py()) for side in (start, end))
            reasons[row] = f"it would be valid from {first} to {last}, which is no time at all"
        return {"valid_from": start, "valid_to": end}, reasons

    def _side(
        self,
        source: str | datetime | None,
        columns: Mapping[str, Column],
        reasons: Any,
        *,
        end: bool,
    ) -> Any:
        if not isinstance(source, str):
            return pa.array([source] * len(reasons), _MOMENT)
        column: Any = columns[source]
        if pa.types.is_timestamp(column.type):
            return column.cast(_MOMENT)
        if pa.types.is_string(column.type):
            column = column.cast(pa.binary())  # it need not be UTF-8
        coded = column.dictionary_encode()
        moments: list[datetime | None] = []
        wrong: dict[int, str] = {}
        for code, value in enumerate(coded.dictionary.to_pylist()):
            try:
                moments.append(moment(value, self.zone, end=end))
            except Invalid as error:
                moments.append(None)
                wrong[code] = f"{source}: {error}"
        if wrong:
            for row, code in enumerate(coded.indices.to_pylist()):
                reasons[row] = reasons[row] or wrong.get(code)
        return pa.array(moments, _MOMENT).take(coded.indices)


def periods(
    fields: Sequence[Field], valid_from: str | None, valid_to: str | None, zone: tzinfo
) -> Periods:
    """What two texts mean: each the name of a field, or a time such as 2019 or 2019-05-01.

    Raises Rejected for a text that is neither.
    """
    return Periods(
        _source(fields, valid_from, zone, end=False),
        _source(fields, valid_to, zone, end=True),
        zone,
    )


def moment(value: Any, zone: tzinfo, *, end: bool) -> datetime | None:
    """The instant that a value begins at, or with `end` the first one after it; None if open.

    Understood are date-times, dates, numbers such as 2019, 201905 and 20190501, and texts of
    these or as RFC 3339 writes them. Raises Invalid for others.
    """
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, date):
        value = value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "" if value is None else str(value).strip()
    if not text or (end and text.startswith(_FOREVER)):
        return None
    if text.isdecimal() and len(text) in (6, 8):
        text = "-".join(filter(None, (text[:4], text[4:6], text[6:])))
    try:
        first, after = parse_period(text, zone)
    except Invalid:
        return parse_instant(text, zone)
    return after if end else first


def _source(
    fields: Sequence[Field], text: str | None, zone: tzinfo, *, end: bool
) -> str | datetime | None:
    if text is None:
        return None
    for field in fields:
        if text in (field.title, field.name):
            return field.name
    try:
        return moment(text, zone, end=end)
    except Invalid:
        known = ", ".join(field.title for field in fields) or "none"
        raise Rejected(
            f"'{text}' is neither a time, such as 2019-05-01, nor one of the fields: {known}"
        ) from None
