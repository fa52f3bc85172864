"""A table as an Excel workbook, row by row: text stays text, whatever it begins with."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from spatial.errors import Invalid

ROWS = 1_048_576
CELL = 32_767
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def write_workbook(path: Path, title: str, batches: Iterator[pa.RecordBatch]) -> int:
    """Write one sheet; returns its rows without the header.

    Raises Invalid where there are more rows, or longer text, than a workbook can hold.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", "_", title)[:31])
    count = 0
    for batch in batches:
        if not batch.num_rows:
            sheet.append([_cell(sheet, name, "") for name in batch.schema.names])
            continue
        count += batch.num_rows
        if count >= ROWS:
            raise Invalid(f"a workbook ends at {ROWS:,} rows: export as .csv or .gpkg")
        names = batch.schema.names
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            sheet.append(
                [_cell(sheet, value, name) for name, value in zip(names, row, strict=True)]
            )
    book.save(path)
    return count


def _cell(sheet: Any, value: Any, name: str) -> Any:
    if isinstance(value, datetime):
        value = value.isoformat()
    if not isinstance(value, str):
        return value
    if len(value) > CELL:
        raise Invalid(
            f"'{name}' holds a text of {len(value):,} letters, and a cell ends at {CELL:,}"
        )
    cell = WriteOnlyCell(sheet, _UNFIT.sub("", value))
    cell.data_type = "s"  # never a formula
    return cell
