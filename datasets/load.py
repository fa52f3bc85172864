"""A vector file becomes layers: read ahead, repaired, and copied in one transaction."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

import pyarrow as pa

from datasets.periods import periods
from datasets.rejects import Rejects
from datasets.vector import SourceLayer, open_source
from spatial import bulk
from spatial.asof import DEFAULT_ZONE
from spatial.database import Database, Transaction
from spatial.errors import Rejected
from spatial.layer import Column, ColumnType, LayerSpec

type Progress = Callable[[str, int, int | None], None]

_TYPES: dict[pa.DataType, ColumnType] = {
    pa.string(): "text",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.timestamp("us", "UTC"): "timestamptz",
}


@dataclass(frozen=True)
class LoadReport:
    """What came of one layer: read = loaded + rejected, and `rejects` holds every rejected row.

    `moved` says that EPSG does not know the source's CRS and coordinates were projected to
    `srid`.
    """

    layer: str
    read: int
    loaded: int
    repaired: int
    rejected: int
    rejects: Path | None
    srid: int
    moved: bool


def load(
    database: Database,
    path: Path,
    *,
    author: str,
    rejects_dir: Path,
    layer: str | None = None,
    crs: str | None = None,
    encoding: str | None = None,
    key: str | None = None,
    valid_from: str | None = None,
    valid_to: str | None = None,
    access: str = "restricted",
    zone: tzinfo = DEFAULT_ZONE,
    progress: Progress = lambda layer, done, expected: None,
) -> list[LoadReport]:
    """Load every layer of a file, or none of them.

    Rows with the same value of the field `key` are states of one feature. Times without an
    offset, and the periods of `valid_from` and `valid_to`, are in `zone`. `progress` is told the
    layer, the rows read and the rows expected. Raises Rejected for the file as a whole,
    Conflict where a layer's name is taken or two states of a feature overlap.
    """
    sources = open_source(path, crs=crs, encoding=encoding, layer=layer, zone=zone)
    fillings = [_Filling(source, key, valid_from, valid_to) for source in sources]
    with ExitStack() as written, database.begin() as tx:
        reports = []
        for filling in fillings:
            source = filling.source
            place = rejects_dir / f"{source.name}.rejects.geojson"
            rejects = written.enter_context(Rejects(place, source.title, source.crs))
            reports.append(filling.run(tx, rejects, access, author, progress))
        return reports


class _Filling:
    """One layer on its way in."""

    def __init__(
        self, source: SourceLayer, key: str | None, valid_from: str | None, valid_to: str | None
    ) -> None:
        self.source = source
        self.key = None if key is None else self._field(key)
        self.periods = periods(source.fields, valid_from, valid_to, source.zone)
        self._fids: dict[Any, int] = {}

    def run(
        self, tx: Transaction, rejects: Rejects, access: str, author: str, progress: Progress
    ) -> LoadReport:
        source, repaired = self.source, 0
        with bulk.load(tx, _spec(source, access), author=author) as filling:
            for batch in source.batches(self.periods, required=self.key):
                filling.write(self._identified(batch.table))
                rejects.add(batch.rejected)
                repaired += batch.repaired
                progress(source.name, filling.rows + rejects.count, source.count)
            loaded = filling.rows
        return LoadReport(
            layer=source.name,
            read=loaded + rejects.count,
            loaded=loaded,
            repaired=repaired,
            rejected=rejects.count,
            rejects=rejects.path if rejects.count else None,
            srid=source.storage.srid,
            moved=source.storage.moves,
        )

    def _identified(self, table: pa.Table) -> pa.Table:
        """The table with `fid`, one number for each value of the key."""
        if self.key is None:
            return table
        values = table.column(self.key).to_pylist()
        fids = [self._fids.setdefault(value, len(self._fids) + 1) for value in values]
        return table.append_column("fid", pa.array(fids, pa.int64()))

    def _field(self, text: str) -> str:
        for field in self.source.fields:
            if text in (field.title, field.name):
                return field.name
        known = ", ".join(field.title for field in self.source.fields) or "none"
        raise Rejected(f"'{self.source.title}' has no field '{text}' to be its key: it has {known}")


def _spec(source: SourceLayer, access: str) -> LayerSpec:
    is_chinese = any("\u4e00" <= character <= "\u9fff" for character in source.title)
    return LayerSpec(
        name=source.name,
        geometry_type=source.geometry_type + ("Z" if source.has_z else ""),
        srid=source.storage.srid,
        columns=tuple(
            Column(field.name, _TYPES[field.type], field.title) for field in source.fields
        ),
        title_zh=source.title if is_chinese else "",
        title_en="" if is_chinese else source.title,
        access=access,
    )
