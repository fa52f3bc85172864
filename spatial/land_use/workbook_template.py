"""Workbooks that people bring as templates: placeholders such as {{area_hm2}} become values.

A workbook is data from elsewhere: nothing in it is run. Its formulas stay as they are, for whoever
opens it; macros are refused; a text that is put in is a text, whatever it begins with.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from io import BytesIO
from typing import Any, NoReturn
from zipfile import BadZipFile, ZipFile

import pandas as pd
from openpyxl import load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.worksheet.worksheet import Worksheet

from spatial.errors import Invalid

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Bytes that a template may unpack to, and cells that its sheets may span.
UNPACKED, CELLS = 32_000_000, 500_000
_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")

type Word = str | float | int | None
type Row = Mapping[str, Word]


class Values:
    """What placeholders stand for: single values, rows of a table, and what `figure` finds."""

    def __init__(self, single: Mapping[str, Word], rows: Sequence[Row]) -> None:
        self.single, self.rows = single, rows

    def figure(self, words: list[str]) -> Word:
        """The value of a placeholder of several words; raises Invalid where there is none."""
        self.refuse(" ".join(words), self.single)

    def dress(self, cell: Any, row: Row, name: str) -> None:
        """Dress a cell that was filled with a row's value."""

    def refuse(self, word: str, known: Iterable[str]) -> NoReturn:
        """Raise Invalid for a word that stands for nothing here."""
        few = sorted(filter(None, known))
        told = ", ".join(few[:20]) + (", …" if len(few) > 20 else "")
        raise Invalid(f"there is no '{word}': there is {told or 'none'}")


def fill(template: bytes, values: Values) -> bytes:
    """The workbook with every placeholder filled.

    {{name}} is a single value; {{column class zone}} what `values.figure` says; the one row of a
    sheet that holds {{column}} is repeated for each row of the table. A cell that is a placeholder
    alone takes the value's kind, number or text. Raises Invalid, naming the cell, for what is no
    workbook of this kind, unknown placeholders, and a repeated row on a sheet with formulas.
    """
    book = _opened(template)
    found = 0
    for page in book.worksheets:
        if page.max_row * page.max_column > CELLS:
            raise Invalid(f"the template's sheet '{page.title}' is too large")
        repeated = _repeated(page, values)
        if repeated:
            found += 1
            _repeat(page, repeated, values)
        skip = range(repeated, repeated + len(values.rows)) if repeated else range(0)
        for line in page.iter_rows():
            for cell in line:
                if cell.row not in skip and _is_text(cell) and _PLACEHOLDER.search(cell.value):
                    found += 1
                    _put(cell, lambda words: _single(values, words))
    if not found:
        raise Invalid(
            "the template has no placeholder, such as {{area_hm2}}: see the documentation"
        )
    book.calculation.fullCalcOnLoad = True
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def _opened(template: bytes) -> Any:
    try:
        with ZipFile(BytesIO(template)) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > UNPACKED:
                raise Invalid("the template unpacks to more than 32 MB")
            if any("vbaProject" in part.filename for part in parts):
                raise Invalid("the template holds macros: save it as .xlsx without them")
        return load_workbook(BytesIO(template), keep_links=False)
    except Invalid:
        raise
    except (BadZipFile, KeyError, ValueError, TypeError, OSError, AttributeError, SyntaxError):
        raise Invalid("the template cannot be read as an .xlsx workbook") from None


def _is_text(cell: Any) -> bool:
    return isinstance(cell.value, str) and cell.data_type == "s"


def _repeated(page: Worksheet, values: Values) -> int:
    """The number of the row that is repeated for each row of the table; 0 where there is none."""
    columns = values.rows[0].keys() if values.rows else ()
    rows: set[int] = {
        cell.row
        for line in page.iter_rows()
        for cell in line
        if _is_text(cell)
        for word in _PLACEHOLDER.findall(cell.value)
        if word in columns and word not in values.single
    }
    if len(rows) > 1:
        raise Invalid(f"the template's sheet '{page.title}' has two rows to repeat, {min(rows)} "
                      f"and {max(rows)}: leave one")  # fmt: skip
    if not rows:
        return 0
    for line in page.iter_rows():
        for cell in line:
            if cell.data_type == "f":
                raise Invalid(f"the template's sheet '{page.title}' has a row to repeat and a "
                              f"formula in {cell.coordinate}, which would count other cells: "
                              "move it to another sheet")  # fmt: skip
    return rows.pop()


def _repeat(page: Worksheet, at: int, values: Values) -> None:
    """Fill a row once for each row of the table; what lies below moves down."""
    extra = len(values.rows) - 1
    merged = [area.bounds for area in page.merged_cells.ranges if area.max_row >= at]
    for west, north, east, south in merged:
        if north <= at < south or north < at <= south:
            raise Invalid(f"the template's row {at}, to be repeated, is merged with another")
        page.unmerge_cells(start_row=north, start_column=west, end_row=south, end_column=east)
    heights = {row: page.row_dimensions[row].height for row in range(at, page.max_row + 1)}
    page.insert_rows(at + 1, extra)
    for line, height in heights.items():
        if line > at:
            page.row_dimensions[line + extra].height = height
    for west, north, east, south in merged:
        for top in range(north, north + extra + 1) if north == at else [north + extra]:
            page.merge_cells(start_row=top, start_column=west, end_row=top + south - north,
                             end_column=east)  # fmt: skip
    pattern = [(cell, cell.value) for cell in page[at]]
    for number, row in enumerate(values.rows):
        page.row_dimensions[at + number].height = heights[at]
        for model, text in pattern:
            cell = page.cell(at + number, model.column)
            if number and model.has_style:
                cell._style = copy(model._style)
            if not isinstance(text, str):
                if number and text is not None:
                    cell.value = text
                continue
            cell.value = text
            named = _put(cell, lambda words, row=row: _of_row(values, row, words))
            for name in named:
                values.dress(cell, row, name)


def _of_row(values: Values, row: Row, words: list[str]) -> Word:
    if len(words) == 1 and words[0] in row:
        return row[words[0]]
    return _single(values, words)


def _single(values: Values, words: list[str]) -> Word:
    if len(words) > 1:
        return values.figure(words)
    if words[0] not in values.single:
        values.refuse(words[0], values.single)
    return values.single[words[0]]


def _put(cell: Any, value_of: Any) -> list[str]:
    """Fill a cell's placeholders; their first words. Raises Invalid naming the cell."""
    text = cell.value
    asked = _PLACEHOLDER.findall(text)
    try:
        values = {word: _plain(value_of(word.split())) for word in asked}
    except Invalid as error:
        raise Invalid(f"the template's cell {cell.coordinate}: {error}") from None
    if len(asked) == 1 and _PLACEHOLDER.fullmatch(text.strip()):
        cell.value = values[asked[0]]
    else:
        cell.value = _PLACEHOLDER.sub(lambda found: _shown(values[found.group(1)]), text)
    if isinstance(cell.value, str):
        cell.data_type = "s"  # a name is no formula, whatever it begins with
    return [word.split()[0] for word in asked]


def _plain(value: Word) -> Word:
    if isinstance(value, str):
        return ILLEGAL_CHARACTERS_RE.sub("", value) or None
    return None if pd.isna(value) else value


def _shown(value: Word) -> str:
    return "" if value is None else str(value)
