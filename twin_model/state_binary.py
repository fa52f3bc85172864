"""A state as one compact body, which live, replay and compare share. Layout: docs/twin.md.

Little-endian: `CTS1`, uint32 n (values), uint32 p (positions), uint32 h, h bytes of JSON and zeros
up to a multiple of 8; then int64 at[n] (microseconds since 1970), float64 x[n], float64 y[p],
uint32 series[n], uint8 quality[n]. The positions come last, so that y[i] is of value n - p + i.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from spatial.asof import format_when
from twin_model.state import State
from twin_model.values import Values

MAGIC = b"CTS1"
MIMETYPE = "application/vnd.citytwin.state"


@dataclass(frozen=True, slots=True)
class Body:
    """A body, read."""

    head: dict[str, Any]
    values: Values


def as_binary(of: State) -> bytes:
    """The body of a state. What its series are, `/twin/assets` tells."""
    head = {
        "at": format_when(of.moment.valid_at),
        "known_at": format_when(of.moment.known_at),
        "scenario": of.moment.scenario,
        "cursor": of.cursor,
        "words": {str(id): word for id, word in of.words.items()},
    }
    return encode(head, of.values)


def encode(head: dict[str, Any], values: Values) -> bytes:
    """A body from its head and values."""
    order = np.argsort(~np.isnan(values.y), kind="stable")
    values = values.rows(order)
    y = values.y[~np.isnan(values.y)]
    text = orjson.dumps(head)
    text += bytes(-len(text) % 8)
    return b"".join(
        (
            MAGIC,
            np.array([len(values), len(y), len(text)], "<u4").tobytes(),
            text,
            values.at.astype("<i8").tobytes(),
            values.x.astype("<f8").tobytes(),
            y.astype("<f8").tobytes(),
            values.series.astype("<u4").tobytes(),
            values.quality.astype("u1").tobytes(),
        )
    )


def decode(body: bytes) -> Body:
    """Read a body; its values come in the order of the body."""
    n, p, h = np.frombuffer(body, "<u4", 3, 4).tolist()
    place = 16 + h
    columns = []
    for code, count in (("<i8", n), ("<f8", n), ("<f8", p), ("<u4", n), ("u1", n)):
        columns.append(np.frombuffer(body, code, count, place))
        place += columns[-1].nbytes
    at, x, y, series, quality = columns
    full = np.concatenate([np.full(n - p, np.nan), y])
    return Body(
        orjson.loads(body[16 : 16 + h].rstrip(b"\0")),
        Values(series.astype(np.int64), at, x, full, quality.astype(np.int16)),
    )
