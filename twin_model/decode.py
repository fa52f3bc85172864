"""Readings from JSON, NDJSON, CSV, Arrow and Parquet."""

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from spatial.errors import Invalid, Unsupported
from twin_model.kinds import Kind, Quality
from twin_model.packed import Column
from twin_model.readings import Readings, Strings, check_values, empty, require_columns, strings
from twin_model.times import read_times

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
FORMS = (JSON, NDJSON, CSV, ARROW, PARQUET)
_NUMBERS = frozenset((int, float))


def decode(body: bytes, form: str, zone: tzinfo) -> Readings:
    """The readings of a body in one of FORMS.

    Rows that cannot be taken are marked as refused. Raises Invalid where the body as a whole
    cannot be read, and Unsupported for another form.
    """
    found = _parse(body, form)
    return from_table(found, zone) if isinstance(found, pa.Table) else from_rows(found, zone)


def decode_parts(
    body: bytes,
    form: str,
    zone: tzinfo,
    size: int,
    reshape: Callable[[pa.Table], pa.Table] | None = None,
) -> Iterator[Readings]:
    """The same, so many readings at a time; reshape makes a table of another make one of ours."""
    found = _parse(body, form)
    if reshape is not None:
        if not isinstance(found, pa.Table):
            raise Invalid("only tables have columns to name: CSV, Parquet, Arrow")
        found = reshape(found)
    for start in range(0, len(found), size):
        if isinstance(found, pa.Table):
            yield from_table(found.slice(start, size), zone)
        else:
            yield from_rows(found[start : start + size], zone)


def _parse(body: bytes, form: str) -> list[Any] | pa.Table:
    if form == JSON:
        return _json(body)
    if form == NDJSON:
        return [_line(line) for line in body.splitlines() if line.strip()]
    if form == CSV:
        return _csv(body)
    if form == ARROW:
        return _arrow(body)
    if form == PARQUET:
        return _parquet(body)
    raise Unsupported(f"readings are sent as {', '.join(FORMS)}, not as {form}")


def _json(body: bytes) -> list[Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"the body is not JSON: {error}") from None
    if isinstance(document, dict):
        document = [document]
    if not isinstance(document, list):
        raise Invalid("the body must be an array of readings")
    return document


def _line(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return line.decode(errors="replace")


def from_rows(rows: Sequence[Any], zone: tzinfo) -> Readings:
    """Readings from objects as JSON has them."""
    given = rows
    broken = [n for n, row in enumerate(rows) if type(row) is not dict]
    if broken:
        rows = [row if type(row) is dict else {} for row in rows]
    kind, x, y = empty(len(rows))
    values = [row.get("value") for row in rows]
    words = _sort_values(values, kind, x, y)
    ids = [row.get("id") for row in rows]
    units = [row.get("unit") for row in rows]
    readings = Readings(
        asset=strings([row.get("asset") for row in rows]),
        property=strings([row.get("property") for row in rows]),
        at=read_times([row.get("at") for row in rows], zone),
        kind=kind,
        x=x,
        y=y,
        quality=np.zeros(len(rows), np.int8),
        words=words,
        unit=strings(units) if any(unit is not None for unit in units) else None,
        id=strings(ids) if any(one is not None for one in ids) else None,
        raw=lambda n: given[n],
    )
    readings.refuse(np.array(broken, np.int64), "a reading is an object")
    _rate(readings, [row.get("quality") for row in rows])
    check_values(readings)
    return readings


def _sort_values(values: list[Any], kind: Column, x: Column, y: Column) -> Strings | None:
    """Fill kind, x and y from values as JSON has them; the words among them."""
    if set(map(type, values)) <= _NUMBERS:
        try:
            x[:] = values
        except OverflowError:
            x[:] = [_float(value) for value in values]
        kind[:] = Kind.number
        return None
    words: list[str | None] = [None] * len(values)
    for n, value in enumerate(values):
        if isinstance(value, bool):
            kind[n], words[n] = Kind.category, str(value).lower()
        elif isinstance(value, int | float):
            kind[n], x[n] = Kind.number, _float(value)
        elif isinstance(value, str):
            kind[n], words[n] = Kind.category, value
        elif isinstance(value, list) and len(value) in (2, 3) and set(map(type, value)) <= _NUMBERS:
            kind[n], x[n], y[n] = Kind.position, _float(value[0]), _float(value[1])
    return strings(words)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _rate(readings: Readings, marks: Sequence[Any]) -> None:
    """Fill quality from its names; nothing said is good."""
    if not any(mark is not None for mark in marks):
        return
    for n, mark in enumerate(marks):
        if isinstance(mark, str) and mark in Quality.__members__:
            readings.quality[n] = Quality[mark]
        elif mark is not None:
            readings.refused.setdefault(n, f"quality is one of {', '.join(Quality.__members__)}")


def _csv(body: bytes) -> pa.Table:
    texts = dict.fromkeys(("asset", "property", "at", "id", "unit", "quality"), pa.string())
    options = pcsv.ConvertOptions(column_types=texts, strings_can_be_null=True)
    try:
        table = pcsv.read_csv(io.BytesIO(body), convert_options=options)
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise Invalid(f"the body is not CSV with a line of names: {error}") from None
    if "value" in table.column_names and pa.types.is_string(table["value"].type):
        # words and numbers in one column: only words are words
        import pandas as pd  # takes a second that a command need not pay

        numbers = pd.to_numeric(table["value"].to_pandas(), errors="coerce")
        mixed = [
            text if number != number else number
            for text, number in zip(table["value"].to_pylist(), numbers, strict=True)
        ]
        place = table.column_names.index("value")
        table = table.set_column(place, "value", pa.array(list(map(orjson.dumps, mixed))))
    return table


def _arrow(body: bytes) -> pa.Table:
    try:
        with pa.ipc.open_stream(pa.BufferReader(body)) as stream:
            table = stream.read_all()
        table.validate(full=True)
        return table
    except (pa.ArrowInvalid, OSError) as error:
        raise Invalid(f"the body is not an Arrow stream: {error}") from None


def _parquet(body: bytes) -> pa.Table:
    try:
        return pq.read_table(pa.BufferReader(body))
    except (pa.ArrowInvalid, OSError) as error:
        raise Invalid(f"the body is not Parquet: {error}") from None


def from_table(table: pa.Table, zone: tzinfo) -> Readings:
    """Readings from a table with the columns asset, property, at, value (or lon and lat)."""
    require_columns(table.column_names)
    table = table.combine_chunks()
    columns = {name: _whole(table.column(name)) for name in table.column_names}
    count = table.num_rows
    kind, x, y = empty(count)
    words = None
    if "value" in columns:
        words = _sort_column(columns["value"], kind, x, y)
    else:
        x[:], y[:] = _floats(columns["lon"]), _floats(columns["lat"])
        kind[:] = Kind.position
    readings = Readings(
        asset=_strings(columns["asset"]),
        property=_strings(columns["property"]),
        at=read_times(columns["at"], zone),
        kind=kind,
        x=x,
        y=y,
        quality=np.zeros(count, np.int8),
        words=words,
        unit=_strings(columns["unit"]) if "unit" in columns else None,
        id=_strings(columns["id"]) if "id" in columns else None,
        raw=lambda n: table.slice(n, 1).to_pylist()[0],
    )
    if "quality" in columns:
        _rate(readings, columns["quality"].to_pylist())
    check_values(readings)
    return readings


def _whole(column: Any) -> Strings:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _strings(column: Strings) -> Strings:
    plain = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_string(plain):
        return column
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise Invalid("asset, property, id and unit are texts") from None


def _floats(column: Strings) -> Column:
    try:
        numbers: Column = column.cast(pa.float64()).fill_null(np.nan).to_numpy(False)
        return numbers
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise Invalid("lon and lat are numbers") from None


def _sort_column(column: Strings, kind: Column, x: Column, y: Column) -> Strings | None:
    """Fill kind, x and y from a column of values; the words, where it holds words."""
    plain = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_integer(plain) or pa.types.is_floating(plain):
        x[:] = _floats(column)
        kind[:] = Kind.number
        return None
    if pa.types.is_boolean(plain) or pa.types.is_string(plain) or pa.types.is_large_string(plain):
        words = column.cast(pa.string())
        kind[~pc.is_null(words).to_numpy(zero_copy_only=False)] = Kind.category
        return words
    if pa.types.is_null(plain):
        return None
    values = column.to_pylist()
    if pa.types.is_binary(plain):
        values = list(map(orjson.loads, values))
    return _sort_values(values, kind, x, y)
