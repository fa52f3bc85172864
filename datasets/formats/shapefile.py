"""Shapefiles as they arrive: without an index, without or with a false encoding."""

import codecs
import shutil
import struct
from pathlib import Path

from datasets.formats import text
from datasets.formats.folder import Folder
from spatial.errors import Rejected

SIDECARS = (".shx", ".dbf", ".prj", ".cpg", ".qix", ".sbn", ".sbx", ".qmd", ".xsd", ".gfs")
_LDID = {0x4D: "gb18030", 0x78: "big5", 0x57: "cp1252", 0x03: "cp1252", 0x7A: "gb18030"}
_SAMPLE = 4 << 20
_HEAD = 100


def prepared(path: Path, encoding: str | None) -> tuple[Path, str | None, tuple[str, ...]]:
    """The file to open, its text's encoding, and what was found out or mended."""
    notes: tuple[str, ...] = ()
    dbf = _beside(path, ".dbf")
    if dbf is not None and encoding is None:
        encoding, notes = _encoding(dbf, _beside(path, ".cpg"))
    if dbf is None:
        notes = ("there is no .dbf beside it: shapes without attributes",)
    if _beside(path, ".shx") is None:
        path = _indexed(path)
        notes += ("the index .shx was missing and was made anew",)
    return path, encoding, notes


def _beside(path: Path, suffix: str) -> Path | None:
    for other in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
        if other.is_file():
            return other
    return None


def _encoding(dbf: Path, cpg: Path | None) -> tuple[str, tuple[str, ...]]:
    """What the .cpg says, or the file's own mark, where the text bears it out; else by trial."""
    mark, values = _texts(dbf)
    claimed = cpg.read_text("ascii", "replace").strip()[:40] if cpg else None
    claims = [name for name in (_python_name(claimed), _LDID.get(mark)) if name]
    for name in [*claims, "utf-8"]:
        if _decodes(values, name):
            lie = f"; its .cpg says {claimed}" if claims[:1] != [name] and claimed else ""
            told = name not in claims[:1] and any(not value.isascii() for value in values)
            return name, (f"text read as {name.upper()}{lie}",) if told else ()
    name = text.guess(b"\n".join(values))
    lie = f"; its .cpg says {claimed}" if claimed else ""
    return name, (f"text read as {name.upper()}{lie}",)


def _python_name(claimed: str | None) -> str | None:
    """An encoding as Python calls it; ESRI's code pages are mere numbers."""
    if not claimed:
        return None
    name = claimed.lower().removeprefix("ansi ").removeprefix("oem ")
    try:
        found = codecs.lookup(f"cp{name}" if name.isdecimal() else name).name
    except LookupError:
        return None
    return "gb18030" if found in ("gbk", "gb2312", "cp936") else found


def _decodes(values: list[bytes], encoding: str) -> bool:
    """Whether all values are of this encoding; a last character may be cut by the column."""
    try:
        for value in values:
            codecs.getincrementaldecoder(encoding)().decode(value)
    except UnicodeDecodeError:
        return False
    return True


def _texts(dbf: Path) -> tuple[int, list[bytes]]:
    """The language mark of a dBase file, and its names and texts that are not ASCII."""
    with dbf.open("rb") as file:
        head = file.read(32)
        if len(head) < 32:
            raise Rejected(f"'{dbf.name}' cannot be read: it is cut off")
        start, length = struct.unpack_from("<HH", head, 8)
        names = file.read(max(start - 32, 0))
        data = file.read(_SAMPLE)
    columns, offset = [], 1
    values = [names[at : at + 11].partition(b"\0")[0] for at in range(0, len(names) - 31, 32)]
    for at in range(0, len(names) - 31, 32):
        width = names[at + 16]
        if names[at + 11 : at + 12] == b"C":
            columns.append((offset, offset + width))
        offset += width
    for row in range(0, len(data) - length + 1, length) if length else ():
        values += [data[row + begin : row + end].rstrip(b" \0") for begin, end in columns]
    return head[29], [value for value in values if not value.isascii()]


def _indexed(path: Path) -> Path:
    """A copy of the shapefile with a new index, which holds where each record begins."""
    copy = Folder().file("shapes.shp").with_name(path.name)
    for suffix in ("", *SIDECARS[1:4]):
        part = _beside(path, suffix) if suffix else path
        if part is not None:
            shutil.copyfile(part, copy.with_suffix(suffix or path.suffix))
    data = path.read_bytes()
    records, at = [], _HEAD
    while at + 8 <= len(data):
        words = struct.unpack_from(">i", data, at + 4)[0]
        if words < 0 or at + 8 + 2 * words > len(data):
            break
        records.append(struct.pack(">ii", at // 2, words))
        at += 8 + 2 * words
    head = bytearray(data[:_HEAD])
    struct.pack_into(">i", head, 24, (_HEAD + 8 * len(records)) // 2)
    copy.with_suffix(".shx").write_bytes(bytes(head) + b"".join(records))
    return copy
