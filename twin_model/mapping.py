"""Tables that were not made for us: which of their columns say what."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from spatial.errors import Invalid

NAMES = ("asset", "property", "at", "value", "lon", "lat", "unit", "id", "quality")
SPREAD = ("asset", "property")


def parse(given: Sequence[str]) -> dict[str, str]:
    """`at=time` and the like, as a mapping; raises Invalid for another text."""
    found = dict(one.partition("=")[::2] for one in given)
    if not all(found.values()) or set(found) - set(NAMES):
        raise Invalid(f"write NAME=COLUMN, with a name of {', '.join(NAMES)}")
    return found


def mapped(
    table: pa.Table, columns: Mapping[str, str], fixed: Mapping[str, str], spread: str | None = None
) -> pa.Table:
    """The table of readings in a table of another make.

    columns: our name to theirs; fixed: our name to one value for all; spread: asset or property,
    where each column that is left is one, as in tables with a column for each station.
    Raises Invalid for a column that is not there.
    """
    for theirs in columns.values():
        if theirs not in table.column_names:
            raise Invalid(f"there is no column '{theirs}': {', '.join(table.column_names[:20])}")
    ours: dict[str, Any] = {name: table[theirs] for name, theirs in columns.items()}
    ours |= {name: table[name] for name in NAMES if name in table.column_names and name not in ours}
    ours |= {name: pa.array([value] * len(table)) for name, value in fixed.items()}
    if spread is None:
        return pa.table(ours)
    taken = {*columns.values(), *NAMES}
    parts = []
    for name in table.column_names:
        if name in taken:
            continue
        part = ours | {spread: pa.array([name] * len(table)), "value": table[name]}
        # a table has a place for every station and moment; what was not measured is empty
        parts.append(pa.table(part).filter(table[name].is_valid()))
    if not parts:
        raise Invalid(f"no column is left to be a {spread}")
    return pa.concat_tables(parts, promote_options="permissive")
