"""A vector file becomes layers: read ahead, repaired, and copied in one transaction."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from pathlib import Path
from typing import Any

import pyarrow as pa

from datasets.formats.raw import TABLE
from datasets.keys import Key, key_of
from datasets.periods import Periods, periods
from datasets.rejects import Rejects
from datasets.reload import casted, dated, fitted, moment_of, row_numbers
from datasets.shifted import looks_shifted
from datasets.vector import Batch, SourceLayer, open_source
from spatial import bulk, catalogue
from spatial.asof import DEFAULT_ZONE
from spatial.database import Database, Transaction
from spatial.errors import Conflict
from spatial.evolve import Evolution
from spatial.grant import Access
from spatial.layer import Column, ColumnType, Layer, LayerSpec
from spatial.metadata import Metadata
from spatial.reload import Counts, reload

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

_POSTGIS = {TABLE: "Geometry"}  # a table's column is there, and empty


@dataclass(frozen=True)
class LoadReport:
    """What came of one layer: read = loaded + rejected, and `rejects` holds every rejected row.

    `moved` says that EPSG does not know the source's CRS and coordinates were projected to
    `srid`. `reloaded` says what a layer that was there made of it, and `columns` what became of
    its columns; `cursor` is the change that all this was, None where nothing changed.
    `notes` is what had to be assumed, and by what methods how many were changed.
    """

    layer: str
    read: int
    loaded: int
    repaired: int
    rejected: int
    rejects: Path | None
    srid: int
    moved: bool
    notes: tuple[str, ...] = ()
    cursor: int | None = field(default=None, compare=False)
    reloaded: Counts | None = None
    columns: Evolution | None = None


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
    access: str | None = None,
    zone: tzinfo = DEFAULT_ZONE,
    progress: Progress = lambda layer, done, expected: None,
) -> list[LoadReport]:
    """Load every layer of a file, or none of them.

    Rows with the same value of the field `key` are states of one feature. A layer that exists is
    reloaded where it is named by `layer`, or its features by `key`: from `valid_from` on, else
    from now on, it is what the file says; it keeps its class. A new one is `restricted` without
    `access`. Times without an offset, and the periods of `valid_from` and `valid_to`, are in
    `zone`. `progress` is told the layer, the rows read and the rows expected. Raises Rejected for
    the file as a whole, Conflict where a layer's name is taken, two states of a feature overlap,
    or a reload does not fit its layer.
    """
    sources = open_source(path, crs=crs, encoding=encoding, layer=layer, zone=zone)
    fillings = [_Filling(source, key, valid_from, valid_to) for source in sources]
    known = layer is not None or key is not None
    with ExitStack() as written, database.begin() as tx:
        reports = []
        for filling in fillings:
            source = filling.source
            place = rejects_dir / f"{source.name}.rejects.geojson"
            rejects = written.enter_context(Rejects(place, source.title, source.crs))
            old = catalogue.get(tx.pg, source.name) if known else None
            if old is None:
                report = filling.fill(tx, rejects, access or Access.RESTRICTED, author, progress)
            elif access in (None, old.access):
                report = filling.refill(tx, rejects, old, author, progress)
            else:
                raise Conflict(f"'{old.name}' is {old.access} and stays so when it is reloaded")
            if report.cursor is not None:
                catalogue.note_load(tx, source.name, _lineage(path, source, report))
            reports.append(report)
        return reports


class _Filling:
    """One layer on its way in."""

    def __init__(
        self, source: SourceLayer, key: str | None, valid_from: str | None, valid_to: str | None
    ) -> None:
        self.source = source
        self.key = None if key is None else key_of(source.fields, key, source.title)
        self.periods = periods(source.fields, valid_from, valid_to, source.zone)
        self._fids: dict[Any, int] = {}
        self._repaired = 0
        self._methods: Counter[str] = Counter()

    def fill(
        self, tx: Transaction, rejects: Rejects, access: str, author: str, progress: Progress
    ) -> LoadReport:
        """Make a new layer of it."""
        spec = _spec(self.source, access, "" if self.key is None else self.key.name)
        with bulk.load(tx, spec, author=author) as filling:
            for batch in self._batches(self.source, self.periods, rejects, progress):
                filling.write(self._identified(batch.table))
        layer = catalogue.find(tx.pg, self.source.name)
        report = self._report(self.source, rejects, filling.rows, cursor=layer.cursor)
        if self.source.crs.is_geographic and self.source.offset is None:
            warning = looks_shifted(tx.pg, layer)
            report = replace(report, notes=(*report.notes, *filter(None, [warning])))
        return report

    def refill(
        self, tx: Transaction, rejects: Rejects, layer: Layer, author: str, progress: Progress
    ) -> LoadReport:
        """Make it the next state of a layer that exists."""
        source, of_rows = fitted(self.source, layer), dated(self.periods, self.key)
        at = None if of_rows else moment_of(self.periods)
        key = None if self.key is None else replace(self.key, unique=not of_rows)
        column = None if key is None else key.name
        periods = self.periods if of_rows else None
        with reload(
            tx, layer, _columns(source), key=column, at=at, author=author,
            passing=row_numbers(source.fields) - {column}, dated=of_rows,
        ) as staging:  # fmt: skip
            for batch in self._batches(source, periods, rejects, progress, key):
                staging.write(casted(batch, source.fields, staging.evolution.columns))
                if key is not None:
                    staging.spare(key.of(batch.rejected))
        counts = staging.counts
        assert counts is not None
        return self._report(
            source, rejects, staging.rows,
            cursor=counts.cursor, reloaded=counts, columns=staging.evolution,
        )  # fmt: skip

    def _batches(
        self,
        source: SourceLayer,
        dating: Periods | None,
        rejects: Rejects,
        progress: Progress,
        key: Key | None = None,
    ) -> Iterator[Batch]:
        done = 0
        for batch in source.batches(dating, key or self.key):
            yield batch
            rejects.add(batch.rejected)
            self._repaired += batch.repaired
            self._methods += batch.methods
            done += batch.table.num_rows + len(batch.rejected)
            progress(source.name, done, source.count)

    def _report(
        self, source: SourceLayer, rejects: Rejects, loaded: int, **more: Any
    ) -> LoadReport:
        return LoadReport(
            layer=source.name,
            read=loaded + rejects.count,
            loaded=loaded,
            repaired=self._repaired,
            rejected=rejects.count,
            rejects=rejects.path if rejects.count else None,
            srid=source.storage.srid,
            moved=source.storage.moves,
            notes=(*source.notes, *(f"{how}: {n}" for how, n in self._methods.items())),
            **more,
        )

    def _identified(self, table: pa.Table) -> pa.Table:
        """The table with `fid`, one number for each value of the key."""
        if self.key is None:
            return table
        values = table.column(self.key.name).to_pylist()
        fids = [self._fids.setdefault(value, len(self._fids) + 1) for value in values]
        return table.append_column("fid", pa.array(fids, pa.int64()))


def _columns(source: SourceLayer) -> tuple[Column, ...]:
    return tuple(Column(one.name, _TYPES[one.type], one.title) for one in source.fields)


def _lineage(path: Path, source: SourceLayer, report: LoadReport) -> dict[str, Any]:
    """Of what file, in what CRS, a layer's latest state is, and what was done to it."""
    authority = source.crs.to_authority()
    counts = {name: getattr(report, name) for name in ("read", "repaired", "rejected")}
    return {
        "file": path.name,
        "crs": ":".join(authority) if authority else source.crs.name,
        "cursor": report.cursor, **counts, "notes": list(report.notes),
    }  # fmt: skip


def _spec(source: SourceLayer, access: str, key: str) -> LayerSpec:
    is_chinese = any("\u4e00" <= character <= "\u9fff" for character in source.title)
    return LayerSpec(
        name=source.name,
        geometry_type=_POSTGIS.get(source.geometry_type, source.geometry_type)
        + ("Z" if source.has_z else ""),
        srid=source.storage.srid,
        columns=_columns(source),
        title_zh=source.title if is_chinese else "",
        title_en="" if is_chinese else source.title,
        access=access,
        metadata=Metadata(key=key),
    )
