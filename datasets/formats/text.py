"""Text files of unknown encoding: found out by trial, read as UTF-8."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from datasets.formats.folder import Folder
from spatial.errors import Rejected

_BLOCK = 1 << 20
_SAMPLE = 64 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(path: Path) -> str:
    """The encoding of a text file: by its mark, else UTF-8, else by `guess`."""
    with path.open("rb") as file:
        head = file.read(4)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if _decodes(path, "utf-8"):
        return "utf-8"
    with path.open("rb") as file:
        return guess(file.read(_SAMPLE))


def guess(data: bytes) -> str:
    """GB18030 or Latin-1, for bytes that are not UTF-8.

    Chinese characters are pairs of high bytes, so that runs of them are of even length; accents
    stand alone among letters.
    """
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", data)]
    even = sum(length for length in runs if length % 2 == 0)
    try:
        codecs.getincrementaldecoder("gb18030")().decode(data)
    except UnicodeDecodeError:
        return "latin-1"
    return "gb18030" if 2 * even >= sum(runs) else "latin-1"


def utf8(path: Path, encoding: str | None) -> tuple[Path, tuple[str, ...]]:
    """The file itself if it is UTF-8, else a copy that is; and a note of what it was.

    The copy lives as long as its path. Raises Rejected for text that is not in `encoding`.
    """
    found = _known(encoding) or encoding_of(path)
    if found == "utf-8":
        return path, ()
    copy = Folder().file(path.name)
    with copy.open("w", encoding="utf-8", newline="", errors="surrogatepass") as out:
        try:
            for text in blocks(path, found):
                out.write(text)
        except UnicodeError:
            raise Rejected(
                f"the text in '{path.name}' is not {found}: name its encoding, as --encoding GBK"
            ) from None
    if found == "utf-8-sig":
        return copy, ()
    return copy, (f"text read as {found.upper()}",)


def lines(path: Path, encoding: str | None) -> tuple[list[str], tuple[str, ...]]:
    """The lines of a text file, and a note of its encoding if it is not UTF-8."""
    plain, notes = utf8(path, encoding)
    return plain.read_text(encoding="utf-8").splitlines(), notes


def blocks(path: Path, encoding: str) -> Iterator[str]:
    """The text of a file, a block at a time."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while data := file.read(_BLOCK):
            yield decoder.decode(data)
    yield decoder.decode(b"", final=True)


def _decodes(path: Path, encoding: str) -> bool:
    try:
        for _ in blocks(path, encoding):
            pass
    except UnicodeError:
        return False
    return True


def _known(encoding: str | None) -> str | None:
    if encoding is None:
        return None
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise Rejected(f"'{encoding}' is not an encoding: try GBK or UTF-8") from None
    return "gb18030" if name in ("gbk", "gb2312") else name
