"""Moments of readings, however they are written, and stretches of time."""

import re
from datetime import datetime, timedelta, tzinfo
from typing import Any

import numpy as np
import pyarrow as pa

from spatial.asof import is_bare, parse_instant
from spatial.errors import Invalid
from twin_model.packed import Column, micros

UNREADABLE = np.iinfo(np.int64).min
_US = pa.timestamp("us", "UTC")
_EVERY = re.compile(r"(\d{1,6})(s|min|m|h|d)")
_SECONDS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400}


def read_times(values: Any, zone: tzinfo) -> Column:
    """int64 microseconds since 1970 of a list or Arrow array; UNREADABLE for what is no moment.

    Texts are ISO 8601, in the city's zone where they name none; a bare date is no moment.
    """
    try:
        column = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
        if pa.types.is_timestamp(column.type) and column.type.tz is None:
            column = column.cast(pa.timestamp("us")).cast(pa.string())
        column = column.cast(_US, safe=False)
        return column.cast(pa.int64()).fill_null(UNREADABLE).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, UnicodeError):
        texts = values.to_pylist() if isinstance(values, pa.Array) else values
        return np.array([_read(text, zone) for text in texts], np.int64)


def _read(text: Any, zone: tzinfo) -> int:
    if isinstance(text, datetime):  # a table's, of no time zone
        return micros(text if text.tzinfo else text.replace(tzinfo=zone))
    if not isinstance(text, str) or is_bare(text):
        return UNREADABLE
    try:
        return micros(parse_instant(text, zone))
    except Invalid:
        return UNREADABLE


def parse_every(text: str) -> timedelta:
    """A stretch of time: 10s, 5min, 1h, 1d; raises Invalid for another text."""
    match = _EVERY.fullmatch(text)
    if not match or not int(match[1]):
        raise Invalid(f"a stretch of time is written 10s, 5min, 1h or 1d, not '{text}'")
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])
