"""A layer as its format describes it, and what went wrong in reading it, told to people."""

import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
import pyproj
from lxml import etree

from spatial.errors import Rejected

BATCH = 16_384
"""Rows at a time: small enough to bound memory and to let stages overlap."""

TABLE = "None"
"""The geometry type of rows that have no place."""

WHY = "why refused"
"""The column, after the geometry, where a reader says why it cannot take a row."""

type Attribute = pa.Field[Any]
type Rows = Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class RawLayer:
    """A layer as its format describes it.

    `rows` reads it from the start at every call: the columns of `schema`, then the geometry as
    WKB, then (from some readers) `WHY`. `notes` is what the reader had to assume or to mend,
    `crs_note` what it had to assume of the CRS, which counts where nobody names another.
    """

    title: str
    geometry_type: str | None
    crs: pyproj.CRS | None
    schema: tuple[Attribute, ...]
    count: int | None
    rows: Callable[[], Rows]
    notes: tuple[str, ...] = ()
    crs_note: str = ""


def made(
    title: str,
    columns: Mapping[str, Sequence[Any]],
    wkb: Sequence[bytes | None] | None = None,
    geometry_type: str | None = None,
    crs: pyproj.CRS | None = None,
    *,
    why: Sequence[str | None] | None = None,
    notes: Sequence[str] = (),
) -> RawLayer:
    """A layer from columns in memory; without `wkb` a table."""
    arrays: dict[str, Any] = {name: typed(values) for name, values in columns.items()}
    schema = tuple(pa.field(name, array.type) for name, array in arrays.items())
    count = len(next(iter(columns.values()), wkb or ()))
    arrays |= ending(wkb if wkb is not None else [None] * count, why)
    table = pa.table(list(arrays.values()), names=[*columns, *list(arrays)[len(columns) :]])
    kind = TABLE if wkb is None else geometry_type
    return RawLayer(
        title, kind, crs, schema, count, lambda: iter(table.to_batches(BATCH)), tuple(notes)
    )


def ending(wkb: Sequence[bytes | None], why: Sequence[str | None] | None) -> dict[str, Any]:
    """The columns after the attributes: geometry, and reasons where there may be some."""
    columns: dict[str, Any] = {"\0geometry": pa.array(wkb, pa.binary())}
    if why is not None:
        columns[WHY] = pa.array(why, pa.string())
    return columns


def typed(values: Sequence[Any]) -> Any:
    """An Arrow array of Python values; text where they are of several kinds."""
    try:
        array: Any = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        array = pa.array([None if value is None else str(value) for value in values], pa.string())
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array


def batched[T](items: Iterator[T], size: int = BATCH) -> Iterator[list[T]]:
    """Lists of at most `size` items."""
    while batch := list(islice(items, size)):
        yield batch


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What readers raise, told to people without the directories of the machine."""
    try:
        yield
    except UnicodeDecodeError:
        raise Rejected(
            f"the text in '{path.name}' is not UTF-8: name its encoding, as --encoding GBK"
        ) from None
    except RecursionError:
        raise Rejected(f"'{path.name}' cannot be read: it is nested too deep") from None
    except MemoryError:
        raise Rejected(f"'{path.name}' cannot be read: it needs too much memory") from None
    except Rejected:
        raise
    except NameError:  # pyogrio stumbles so over a reference system that is no text
        raise Rejected(f"'{path.name}' cannot be read: its structure is broken") from None
    except _FOREIGN as error:
        what = str(error).replace(f"{path.parent}/", "").split("; It might help")[0]
        what = what.partition("\n")[0][:200] or "its structure is broken"
        raise Rejected(f"'{path.name}' cannot be read: {what}") from None


# all that libraries and parsers raise at bytes that are not what they should be
_FOREIGN = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    json.JSONDecodeError,
    etree.LxmlError,
    pa.ArrowException,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
