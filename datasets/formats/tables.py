"""CSV in any encoding and with any separator, and the sheets of XLSX workbooks."""

import csv
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl

from datasets.formats import sheet, text
from datasets.formats.archive import members_of
from datasets.formats.raw import RawLayer, told
from datasets.formats.sheet import Cells, Sheet
from spatial.errors import Rejected

_SEPARATORS = ",;\t|"
_LONGEST_CELL = 64 << 20  # a geometry as text may be long
_WIDEST = 1_500  # columns, of PostgreSQL's 1600


def read(path: Path, encoding: str | None = None) -> list[RawLayer]:
    """The one layer of a CSV or TSV file."""
    csv.field_size_limit(_LONGEST_CELL)
    plain, notes = text.utf8(path, encoding)
    with plain.open(encoding="utf-8", newline="") as file:
        head = file.readline(1 << 20)
    if not head.strip():
        raise Rejected(f"'{path.name}' cannot be read: its first line is empty")
    separator = max(_SEPARATORS, key=head.count)
    rows = partial(_lines, plain, separator)
    first, second = (list(row) for row in (next(rows(), []), next(_skipped(rows(), 1), [])))
    heading = first
    if is_bare(first, second):
        heading = [f"field_{at}" for at in range(1, len(first) + 1)]
        notes += ("there is no heading: columns are numbered",)
    else:
        rows = partial(_after_first, rows)
    return [sheet.read(Sheet(path.stem, _named(heading, path), rows, notes))]


def read_workbook(path: Path, encoding: str | None = None) -> list[RawLayer]:
    """The sheets of a workbook that have a heading and rows."""
    with zipfile.ZipFile(path) as archive:
        members_of(archive, path.name)
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        names = book.sheetnames
    finally:
        book.close()
    layers = []
    for name in names:
        rows = partial(_cells, path, name)
        heading = next(rows(), [])
        if heading and next(_skipped(rows(), 1), None) is not None:
            title = f"{path.stem}_{name}" if len(names) > 1 else path.stem
            named = _named(heading, path)
            layers.append(sheet.read(Sheet(title, named, partial(_after_first, rows))))
    if not layers:
        raise Rejected(f"'{path.name}' has no sheet with a heading and rows")
    return layers


def is_bare(first: Cells, second: Cells) -> bool:
    """Whether a table begins without a heading: with numbers like those below them."""
    return all(map(_is_number, first)) and (
        len(set(first)) < len(first)
        or any("." in cell for cell in first)
        or not any("." in cell for cell in second)
    )


def _lines(path: Path, separator: str) -> Iterator[Cells]:
    with told(path), path.open(encoding="utf-8", newline="") as file:
        try:
            for row in csv.reader(_without_nul(file), delimiter=separator, skipinitialspace=True):
                cells = [cell.strip() for cell in row]
                if any(cells):
                    yield cells
        except csv.Error as error:
            raise Rejected(f"'{path.name}' cannot be read: {error}") from None


def _without_nul(lines: Iterator[str]) -> Iterator[str]:
    return (line.replace("\0", "") for line in lines)


def _cells(path: Path, name: str) -> Iterator[Cells]:
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        with told(path):
            for row in book[name].iter_rows(values_only=True):
                cells = [_text(value) for value in row]
                if any(cells):
                    yield cells
    finally:
        book.close()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime) and value.time().isoformat() == "00:00:00":
        value = value.date()
    return value.isoformat() if isinstance(value, date) else str(value).strip()


def _named(heading: Cells, path: Path) -> Cells:
    """A heading whose names are all there and all different."""
    if len(heading) > _WIDEST:
        raise Rejected(f"'{path.name}' has {len(heading)} columns: at most {_WIDEST} are taken")
    named: Cells = []
    for at, name in enumerate(heading, 1):
        plain = name or f"field_{at}"
        named.append(f"{plain}_{at}" if plain in named else plain)
    return named


def _after_first(rows: Any) -> Iterator[Cells]:
    return _skipped(rows(), 1)


def _skipped(rows: Iterator[Cells], count: int) -> Iterator[Cells]:
    for _ in range(count):
        next(rows, None)
    return rows


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
