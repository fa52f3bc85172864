"""Files of readings: which they are, and how they are stored."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from spatial.asof import MAIN
from spatial.errors import NotFound, Unsupported

if TYPE_CHECKING:
    import pyarrow as pa

    from spatial.database import Database

PART = 250_000
HEAD = 1 << 16
SUFFIXES = (".csv", ".json", ".ndjson", ".jsonl", ".parquet", ".arrow", ".arrows")
NAMES = frozenset(("asset", "property", "at"))


def form_of(file: Path) -> str:
    """The form of a file of readings; raises NotFound, and Unsupported for another kind."""
    from twin_model.decode import ARROW, CSV, JSON, NDJSON, PARQUET

    forms = dict(zip(SUFFIXES, (CSV, JSON, NDJSON, NDJSON, PARQUET, ARROW, ARROW), strict=True))
    if file.suffix.lower() not in forms:
        raise Unsupported(f"readings are read from {', '.join(forms)}, not from {file.suffix}")
    if not file.is_file():
        raise NotFound(f"there is no file {file}")
    return forms[file.suffix.lower()]


def holds_readings(file: Path) -> bool:
    """Whether a file is a table of readings: asset, property, at, and value (or lon and lat)."""
    names = _names(file)
    return names >= NAMES and ("value" in names or names >= {"lon", "lat"})


def _names(file: Path) -> frozenset[str]:
    """The columns of a table, or the names in its first row; none where it is no such table."""
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES or not file.is_file():
        return frozenset()
    try:
        if suffix == ".parquet":
            import pyarrow.parquet as pq

            return frozenset(pq.read_schema(file).names)
        if suffix.startswith(".arrow"):
            import pyarrow as pa

            with file.open("rb") as stream:
                return frozenset(pa.ipc.open_stream(stream).schema.names)
        with file.open(encoding="utf-8-sig") as text:
            head = text.read(HEAD).lstrip(" \n\r\t[" if suffix != ".csv" else "")
        if suffix == ".csv":
            return frozenset(name.strip().strip('"') for name in head.partition("\n")[0].split(","))
        return frozenset(json.JSONDecoder().raw_decode(head)[0])
    except (OSError, ValueError, TypeError):
        return frozenset()


def stored(
    database: "Database",
    file: Path,
    zone: ZoneInfo,
    *,
    scenario: str = MAIN,
    reshape: "Callable[[pa.Table], pa.Table] | None" = None,
    manner: str = "",
) -> dict[str, Any]:
    """Store the readings of a file, and none twice; how many were accepted, were there before,
    and went to quarantine. manner: says how `reshape` reads it, for it is another batch then.
    """
    from spatial.digest import digest
    from spatial.grant import OWNER
    from twin_model.decode import decode_parts
    from twin_model.store import store

    form, body = form_of(file), file.read_bytes()
    name = digest(body + manner.encode())
    told = {"accepted": 0, "duplicates": 0, "quarantined": 0, "cursor": 0}
    for number, part in enumerate(decode_parts(body, form, zone, PART, reshape)):
        receipt = store(database, part, OWNER, scenario=scenario, key=f"{name}#{number}")
        for word, count in receipt.document().items():
            told[word] = count if word == "cursor" else told[word] + count
    return told


def in_words(told: dict[str, Any]) -> str:
    """What became of a file of readings, for people."""
    return (
        f"{told['accepted']} stored, {told['duplicates']} were there,"
        f" {told['quarantined']} in quarantine."
    )
