"""A code list from a table: the code in the first column, its title in the second."""

import csv
from pathlib import Path

from spatial.errors import NotFound, Rejected


def read_codes(path: Path) -> dict[str, str]:
    """Titles by code, of a CSV with a head line, in UTF-8 or GB18030.

    Raises NotFound and Rejected, with what is wrong.
    """
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", errors="replace")
    rows = [row for row in csv.reader(text.splitlines()) if row and row[0].strip()][1:]
    codes = {row[0].strip(): row[1].strip() if len(row) > 1 else "" for row in rows}
    if not codes:
        raise Rejected(f"'{path.name}' holds no codes: one a line under a head line, code,title")
    if len(codes) < len(rows):
        raise Rejected(f"'{path.name}' names {len(rows) - len(codes)} codes twice")
    return codes
